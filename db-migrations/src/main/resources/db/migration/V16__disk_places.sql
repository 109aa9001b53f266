-- Where disks of a live migration are to be put on its destination, by disk. JSON is kept as text that must be an object; without a wish
-- they are put where it is usual.

alter table migrations
    add column disk_places text check (jsonb_typeof(disk_places::jsonb) = 'object');
