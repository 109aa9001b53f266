-- Servers of a host that was fenced, made anew on another.
create table evacuations (
    -- Nova lists evacuations and live migrations together, under numbers of one kind.
    number            bigint primary key default nextval(pg_get_serial_sequence('migrations', 'number')),
    uuid              uuid   not null unique,
    server_id         uuid   not null references servers (id),
    saga_id           uuid   not null unique references sagas (id),
    status            text   not null
        check (status in ('accepted', 'pre-migrating', 'done', 'completed', 'failed', 'error')),
    source            text   collate "C" not null references hosts (name),
    requested_host    text   collate "C",
    destination       text   collate "C" references hosts (name),
    destination_claim uuid,
    leave_stopped     boolean not null,
    remove_old_disks  boolean not null,
    epoch             bigint not null,
    request           text   not null,
    user_id           text   not null,
    project_id        text   not null,
    -- Since when the server is its new host's: from then on the statement that the old one is down is relied on.
    owner_changed_at  timestamptz,
    settled_at        timestamptz,
    outcome           text check (outcome in ('REMOVED', 'LEFT', 'OVERTAKEN')),
    said              text,
    failure_code      text,
    failure_message   text,
    created_at        timestamptz not null,
    updated_at        timestamptz not null,
    ended_at          timestamptz,
    check ((destination is null) = (destination_claim is null)),
    check (destination is distinct from source),
    check ((settled_at is null) = (outcome is null)),
    check (settled_at is null or owner_changed_at is not null),
    check ((failure_code is null) = (failure_message is null)),
    check ((ended_at is not null) = (status in ('done', 'completed', 'failed', 'error')))
);
create index evacuations_of_server on evacuations (server_id);
create index evacuations_from on evacuations (source);
create index evacuations_to on evacuations (destination);
create index evacuations_owing on evacuations (number) where owner_changed_at is not null and settled_at is null;
create index evacuations_changed on evacuations (updated_at);

-- Destinations that fell silent with a half-made server on them: it is removed when they are back.
create table evacuation_leftovers (
    number     bigint generated always as identity primary key,
    evacuation uuid   not null references evacuations (uuid),
    server_id  uuid   not null references servers (id),
    host       text   collate "C" not null references hosts (name),
    epoch      bigint not null,
    request    text   not null,
    left_at    timestamptz not null,
    settled_at timestamptz,
    unique (evacuation, host)
);
create index evacuation_leftovers_of_server on evacuation_leftovers (server_id);
create index evacuation_leftovers_on on evacuation_leftovers (host);
create index evacuation_leftovers_owing on evacuation_leftovers (number) where settled_at is null;

-- The words a server's task and a saga may have; each release writes the whole list anew.
alter table servers drop constraint servers_task_state_check;
alter table servers add constraint servers_task_state_check check (task_state in
    ('scheduling', 'spawning', 'powering-on', 'powering-off', 'rebooting', 'rebooting_hard', 'pausing', 'unpausing',
     'migrating', 'deleting', 'copying-disk', 'snapshotting-disk', 'attaching-volume', 'detaching-volume',
     'image_snapshot', 'image_pending_upload', 'image_uploading', 'rebuilding', 'rebuild_block_device_mapping',
     'rebuild_spawning'));
alter table sagas drop constraint sagas_kind_check;
alter table sagas add constraint sagas_kind_check check (kind in
    ('BOOT', 'START', 'STOP', 'REBOOT', 'HARD_REBOOT', 'PAUSE', 'UNPAUSE', 'DELETE', 'LIVE_MIGRATION', 'DISK_COPY',
     'DISK_SNAPSHOT', 'CREATE_IMAGE', 'VOLUME_ATTACH', 'VOLUME_DETACH', 'EVACUATE'));
