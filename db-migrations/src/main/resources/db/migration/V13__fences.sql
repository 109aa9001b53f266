-- What operators stated of hosts that do not answer, so that migrations could end without them.

create table fences (
    number       bigint generated always as identity primary key,
    migration_id uuid   not null unique references migrations (uuid),
    server_id    uuid   not null references servers (id),
    host         text collate "C" not null references hosts (name),
    epoch        bigint not null,
    request      text   not null,
    user_id      text   not null,
    project_id   text   not null,
    stated_at    timestamptz not null,
    relied_on_at timestamptz,
    settled_at   timestamptz,
    outcome      text check (outcome in ('REMOVED', 'LEFT', 'OVERTAKEN')),
    said         text,
    check ((settled_at is null) = (outcome is null)),
    check (settled_at is null or relied_on_at is not null)
);
create index fences_of_server on fences (server_id);
create index fences_of_host on fences (host);
create index fences_owing on fences (number) where relied_on_at is not null and settled_at is null;

alter table migrations add column in_doubt_since timestamptz;
update migrations set in_doubt_since = updated_at where in_doubt;
