-- A drain moves a server cold that does not move otherwise: its migration is one of cold_migrations then.
alter table drain_servers add column cold boolean not null default false;
alter table drain_servers alter column cold drop default;

-- Since when nobody runs the guest, what was sent of its disks, and how fast they may be sent; absent is as fast as all.
alter table cold_migrations
    add column left_at          timestamptz,
    add column bytes            bigint not null default 0,
    add column bytes_per_second bigint check (bytes_per_second > 0);
alter table cold_migrations alter column bytes drop default;
-- Those that move are counted before another begins.
create index cold_migrations_moving on cold_migrations (source) where ended_at is null and finished_at is null;
