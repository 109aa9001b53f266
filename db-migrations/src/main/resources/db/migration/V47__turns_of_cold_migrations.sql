-- Cold migrations wait for their turns as live ones do; see V36.
alter table cold_migrations
    add column turn_at   timestamptz,
    add column waits_for text,
    -- How often it was tried until its disks were there, and what they were compared by: sha256 by disk.
    add column tries     integer,
    add column digests   text;
update cold_migrations set turn_at = updated_at where status in ('pre-migrating', 'migrating');
