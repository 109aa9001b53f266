-- What Tern knows. Times are the database's own: now() is the transaction's start, so no two machines' clocks are ever
-- compared. States are stored in the words that clients see. JSON is kept as text that must be an object.

create table flavors (
    id            text collate "C" primary key,
    name          text    not null unique,
    vcpus         integer not null check (vcpus > 0),
    memory_mib    bigint  not null check (memory_mib > 0),
    disk_gib      integer not null check (disk_gib >= 0),
    ephemeral_gib integer not null check (ephemeral_gib >= 0),
    swap_mib      integer not null check (swap_mib >= 0),
    is_public     boolean not null,
    extra_specs   text    not null check (jsonb_typeof(extra_specs::jsonb) = 'object'),
    description   text,
    created_at    timestamptz not null default now()
);
create index flavors_by_size on flavors (memory_mib, id);

insert into flavors (id, name, vcpus, memory_mib, disk_gib, ephemeral_gib, swap_mib, is_public, extra_specs) values
    ('t', 'tern.tiny', 1,   128,   1, 0, 0, true, '{}'),
    ('1', 'm1.tiny',   1,   512,   1, 0, 0, true, '{}'),
    ('2', 'm1.small',  1,  2048,  20, 0, 0, true, '{}'),
    ('3', 'm1.medium', 2,  4096,  40, 0, 0, true, '{}'),
    ('4', 'm1.large',  4,  8192,  80, 0, 0, true, '{}'),
    ('5', 'm1.xlarge', 8, 16384, 160, 0, 0, true, '{}');

create table images (
    id               uuid primary key,
    name             text    not null,
    owner            text    not null,
    disk_format      text    not null,
    container_format text    not null,
    visibility       text    not null,
    status           text    not null check (status in ('QUEUED', 'SAVING', 'ACTIVE')),
    min_disk_gib     integer not null check (min_disk_gib >= 0),
    min_ram_mib      integer not null check (min_ram_mib >= 0),
    is_protected     boolean not null,
    properties       text    not null check (jsonb_typeof(properties::jsonb) = 'object'),
    size_bytes       bigint check (size_bytes >= 0),
    virtual_bytes    bigint check (virtual_bytes >= 0),
    sha256           text check (sha256 ~ '^[0-9a-f]{64}$'),
    md5              text check (md5 ~ '^[0-9a-f]{32}$'),
    created_at       timestamptz not null,
    updated_at       timestamptz not null,
    check (status <> 'ACTIVE'
        or (size_bytes is not null and virtual_bytes is not null and sha256 is not null and md5 is not null))
);
create index images_newest on images (created_at, id);

create table hosts (
    number                  integer generated always as identity primary key,
    name                    text collate "C" not null unique,
    uuid                    uuid    not null unique default gen_random_uuid(),
    service_uuid            uuid    not null unique default gen_random_uuid(),
    agent_started_at_millis bigint  not null,
    sequence                bigint  not null,
    report                  text    not null check (jsonb_typeof(report::jsonb) = 'object'),
    last_seen               timestamptz not null,
    disabled                boolean not null default false,
    disabled_reason         text,
    forced_down             boolean not null default false
);

-- What is claimed on a host in all: the sum of its claims, kept in step by the transactions that claim and release. A row
-- of its own, because reports rewrite the wide row beside it at every beat.
create table host_shares (
    host       text collate "C" primary key references hosts (name),
    vcpus      bigint not null default 0 check (vcpus >= 0),
    memory_mib bigint not null default 0 check (memory_mib >= 0),
    disk_bytes bigint not null default 0 check (disk_bytes >= 0)
);

create table service_beats (
    number    integer generated always as identity primary key,
    uuid      uuid not null unique default gen_random_uuid(),
    service   text not null,
    instance  text not null,
    last_seen timestamptz not null,
    unique (service, instance)
);

create table servers (
    id                uuid primary key,
    name              text collate "C" not null,
    hostname          text    not null,
    user_id           text    not null,
    project_id        text    not null,
    flavor_id         text    not null,
    flavor            text    not null check (jsonb_typeof(flavor::jsonb) = 'object'),
    vcpus             integer not null check (vcpus > 0),
    memory_mib        bigint  not null check (memory_mib > 0),
    image_id          uuid    not null,
    metadata          text    not null check (jsonb_typeof(metadata::jsonb) = 'object'),
    description       text,
    availability_zone text,
    requested_host    text,
    network           boolean not null,
    vm_state          text collate "C" not null
        check (vm_state in ('building', 'active', 'paused', 'stopped', 'error', 'deleted')),
    task_state        text collate "C"
        check (task_state in ('scheduling', 'spawning', 'powering-on', 'powering-off', 'migrating', 'deleting')),
    power_state       integer not null check (power_state in (0, 1, 3, 4, 6)),
    epoch             bigint  not null check (epoch >= 0),
    host              text collate "C" references hosts (name),
    claim_id          uuid,
    progress          integer not null check (progress between 0 and 100),
    fault_code        text,
    fault_message     text,
    fault_at          timestamptz,
    created_at        timestamptz not null,
    updated_at        timestamptz not null,
    launched_at       timestamptz,
    terminated_at     timestamptz,
    check ((fault_code is null) = (fault_message is null) and (fault_code is null) = (fault_at is null)),
    check (claim_id is null or host is not null),
    check (vm_state <> 'deleted' or (task_state is null and claim_id is null and terminated_at is not null))
);
-- Each order a list can be asked for, for one project and for all; the living ones where that is what is nearly always asked.
create index servers_created on servers (created_at, id);
create index servers_updated on servers (updated_at, id);
create index servers_named on servers (name, id);
create index servers_in_state on servers (vm_state, id);
create index servers_in_task on servers (coalesce(task_state, '~'), id);
create index servers_by_host on servers (coalesce(host, '~'), id);
create index servers_on_host on servers (host, id) where vm_state <> 'deleted';
create index servers_of_image on servers (image_id, id) where vm_state <> 'deleted';
create index servers_of_flavor on servers (flavor_id, id) where vm_state <> 'deleted';
create index servers_of_project on servers (project_id, id);
create index servers_of_project_created on servers (project_id, created_at, id);
create index servers_of_project_updated on servers (project_id, updated_at, id);
create index servers_of_project_named on servers (project_id, name, id);

-- A released claim stays for a day, so that a late repeat of the question that made it cannot take it again.
create table claims (
    id          uuid primary key,
    server_id   uuid references servers (id),
    host        text collate "C" references host_shares (host),
    vcpus       integer not null check (vcpus >= 0),
    memory_mib  bigint  not null check (memory_mib >= 0),
    disk_bytes  bigint  not null check (disk_bytes >= 0),
    claimed_at  timestamptz not null,
    released_at timestamptz,
    check (released_at is not null or (server_id is not null and host is not null))
);
create index claims_of_server on claims (server_id) where released_at is null;
create index claims_released on claims (released_at) where released_at is not null;

create table migrations (
    number            bigint generated always as identity primary key,
    uuid              uuid    not null unique,
    server_id         uuid    not null references servers (id),
    saga_id           uuid    not null,
    status            text    not null
        check (status in ('accepted', 'queued', 'preparing', 'running', 'completed', 'failed', 'cancelled', 'error')),
    phase             text    not null check (phase in ('BEGIN', 'PREPARE', 'PERFORM', 'FINISH', 'CONFIRM')),
    checked           boolean not null,
    abort_requested   boolean not null,
    in_doubt          boolean not null,
    in_doubt_why      text,
    source            text collate "C" not null references hosts (name),
    source_claim      uuid,
    requested_host    text,
    destination       text collate "C" references hosts (name),
    destination_claim uuid,
    owner_changed     boolean not null,
    block_migration   text    not null check (block_migration in ('YES', 'NO', 'AUTO')),
    disk_over_commit  boolean,
    epoch             bigint  not null,
    user_id           text    not null,
    project_id        text    not null,
    memory_total      bigint  not null check (memory_total >= 0),
    memory_processed  bigint  not null check (memory_processed >= 0),
    memory_remaining  bigint  not null check (memory_remaining >= 0),
    disk_total        bigint  not null check (disk_total >= 0),
    disk_processed    bigint  not null check (disk_processed >= 0),
    disk_remaining    bigint  not null check (disk_remaining >= 0),
    pause_nanos       bigint check (pause_nanos >= 0),
    failure_code      text,
    failure_message   text,
    created_at        timestamptz not null,
    updated_at        timestamptz not null,
    ended_at          timestamptz,
    check ((ended_at is not null) = (status in ('completed', 'failed', 'cancelled', 'error'))),
    check ((failure_code is null) = (failure_message is null)),
    check ((destination is null) = (destination_claim is null)),
    check (destination is distinct from source)
);
-- A server is in one migration at a time, whatever else goes wrong.
create unique index migrations_unfinished on migrations (server_id) where ended_at is null;
create index migrations_of_server on migrations (server_id, number);
create index migrations_from on migrations (source, number);
create index migrations_to on migrations (destination, number);
create index migrations_from_now on migrations (source) where ended_at is null;
create index migrations_to_now on migrations (destination) where ended_at is null;
create index migrations_in_status on migrations (status, number);
create index migrations_of_user on migrations (user_id, number);
create index migrations_of_project on migrations (project_id, number);
create index migrations_updated on migrations (updated_at, number);

create table sagas (
    id           uuid primary key,
    number       bigint generated always as identity unique,
    kind         text   not null check (kind in ('BOOT', 'START', 'STOP', 'DELETE', 'LIVE_MIGRATION')),
    server_id    uuid   not null references servers (id),
    migration_id uuid references migrations (uuid),
    request      text   not null,
    token        bigint not null check (token >= 0),
    holder       text,
    leased_until timestamptz,
    direction    text check (direction in ('FORWARD', 'BACK')),
    step         text,
    facts        text   not null check (jsonb_typeof(facts::jsonb) = 'object'),
    created_at   timestamptz not null,
    ended_at     timestamptz,
    check ((direction is null) = (step is null)),
    check ((kind = 'LIVE_MIGRATION') = (migration_id is not null))
);
create index sagas_unfinished on sagas (number) where ended_at is null;
create index sagas_unfinished_of_server on sagas (server_id, number) where ended_at is null;
-- A saga and its migration name each other; they are written in one transaction.
alter table migrations add foreign key (saga_id) references sagas (id) deferrable initially deferred;

create table saga_log (
    number  bigint generated always as identity primary key,
    saga_id uuid not null references sagas (id),
    step    text not null,
    what    text not null,
    detail  text not null,
    at      timestamptz not null
);
create index saga_log_of_saga on saga_log (saga_id, number);

create table instance_actions (
    number     bigint generated always as identity primary key,
    server_id  uuid not null references servers (id),
    request    text not null,
    action     text not null,
    user_id    text not null,
    project_id text not null,
    started_at timestamptz not null,
    updated_at timestamptz not null,
    message    text check (message = 'Error'),
    unique (server_id, request)
);
create index instance_actions_of_server on instance_actions (server_id, number);

create table instance_action_events (
    number      bigint generated always as identity primary key,
    action      bigint not null references instance_actions (number),
    event       text   not null,
    host        text,
    started_at  timestamptz not null,
    finished_at timestamptz,
    result      text check (result in ('Success', 'Error')),
    details     text,
    check ((finished_at is null) = (result is null))
);
-- One event for each name and host, however often it is opened.
create unique index instance_action_events_once on instance_action_events (action, event, coalesce(host, ''));

create table outbox (
    number      bigint generated always as identity primary key,
    exchange    text not null,
    routing_key text not null,
    type        text not null,
    body        text not null,
    created_at  timestamptz not null,
    taken_until timestamptz
);
