-- Which servers shall be together or apart, and which hosts belong together.

create table server_groups (
    number       bigint generated always as identity primary key,
    id           uuid   not null unique,
    project_id   text   collate "C" not null,
    user_id      text   not null,
    name         text   not null,
    policy       text   not null check (policy in ('affinity', 'anti-affinity', 'soft-affinity', 'soft-anti-affinity')),
    max_per_host integer check (max_per_host > 0),
    created_at   timestamptz not null,
    check (max_per_host is null or policy = 'anti-affinity')
);
create index server_groups_of_project on server_groups (project_id, number);

alter table servers
    add column server_group uuid references server_groups (id) on delete set null,
    add column apart_from uuid[],
    add column next_to uuid[];
create index servers_of_group on servers (server_group, id) where server_group is not null;

-- A host is in one zone at most: all aggregates it is in that have a zone have the same one.
create table aggregates (
    number     integer generated always as identity primary key,
    uuid       uuid not null unique,
    name       text not null unique,
    metadata   text not null check (jsonb_typeof(metadata::jsonb) = 'object'),
    created_at timestamptz not null,
    updated_at timestamptz
);

create table aggregate_hosts (
    number    bigint  generated always as identity primary key,
    aggregate integer not null references aggregates (number),
    host      text    collate "C" not null references hosts (name),
    unique (aggregate, host)
);
create index aggregate_hosts_of_host on aggregate_hosts (host);
