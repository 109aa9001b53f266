-- Emptying hosts: each drain is one job, and what became of each server in it.

create table drains (
    id               uuid primary key,
    number           bigint generated always as identity unique,
    host             text collate "C" not null references hosts (name),
    state            text not null
        check (state in ('PLANNING', 'PLANNED', 'DRAINING', 'DRAINED', 'INCOMPLETE', 'CANCELLED', 'RETURNING', 'RETURNED')),
    paused           boolean not null,
    abort_moving     boolean not null,
    wishes           text    not null check (jsonb_typeof(wishes::jsonb) = 'object'),
    plan             text check (jsonb_typeof(plan::jsonb) = 'object'),
    waiting          text,
    disabled_service boolean not null,
    revision         bigint  not null,
    request          text    not null,
    user_id          text    not null,
    project_id       text    not null,
    created_at       timestamptz not null,
    updated_at       timestamptz not null,
    ended_at         timestamptz,
    check ((ended_at is not null) = (state in ('PLANNED', 'DRAINED', 'INCOMPLETE', 'CANCELLED', 'RETURNED')))
);
-- A host is emptied, or has its servers come home, by one job at a time.
create unique index drains_unfinished on drains (host) where state in ('DRAINING', 'RETURNING');
create index drains_open on drains (number) where ended_at is null;
create index drains_of_host on drains (host, number);

create table drain_servers (
    number       bigint generated always as identity primary key,
    drain_id     uuid    not null references drains (id),
    server_id    uuid    not null references servers (id),
    leg          text    not null check (leg in ('OUT', 'HOME')),
    place        integer not null,
    state        text    not null
        check (state in ('WAITING', 'MOVING', 'MOVED', 'LEFT', 'ASKING', 'STOPPING', 'STOPPED', 'GONE')),
    target       text,
    migration_id uuid,
    tries        integer not null check (tries >= 0),
    not_before   timestamptz,
    reason       text    not null,
    refused      text    not null check (jsonb_typeof(refused::jsonb) = 'object'),
    from_host    text,
    to_host      text,
    took_millis  bigint,
    bytes        bigint  not null,
    pause_nanos  bigint,
    unique (drain_id, server_id, leg),
    check (state <> 'MOVING' or migration_id is not null)
);
create index drain_servers_moving on drain_servers (drain_id) where state = 'MOVING';
create index drain_servers_of_server on drain_servers (server_id);

-- While a drain has a host, its share grows no more: who claims meets the drain at this row.
alter table host_shares add column drain uuid;
