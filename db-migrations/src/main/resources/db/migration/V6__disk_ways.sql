-- How each disk of a live migration was wished to move, and what was planned for all of them before anything moved. JSON is kept as
-- text that must be an object; without a wish the usual ways hold.

alter table migrations
    add column disks     text check (jsonb_typeof(disks::jsonb) = 'object'),
    add column disk_plan text check (jsonb_typeof(disk_plan::jsonb) = 'object');
