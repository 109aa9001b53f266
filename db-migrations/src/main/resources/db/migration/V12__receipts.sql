-- What each host said it made for a migration, and what became of it; there after the host is gone.

create table receipts (
    number       bigint generated always as identity primary key,
    migration_id uuid    not null references migrations (uuid),
    host         text collate "C" not null,
    revision     bigint  not null check (revision >= 0),
    settled      boolean not null,
    content      text    not null,
    told_at      timestamptz not null,
    unique (migration_id, host)
);
create index receipts_open on receipts (migration_id) where not settled;
