-- Servers that go to another host without their guest running: cold migrations and resizes. A row is open until it is confirmed or reverted.
create table cold_migrations (
    -- Nova lists all migrations together, under numbers of one kind.
    number            bigint primary key default nextval(pg_get_serial_sequence('migrations', 'number')),
    uuid              uuid   not null unique,
    server_id         uuid   not null references servers (id),
    status            text   not null
        check (status in ('accepted', 'pre-migrating', 'migrating', 'post-migrating', 'finished', 'confirming', 'confirmed',
                          'reverting', 'reverted', 'error')),
    -- The saga under way, or the last.
    saga_id           uuid   not null references sagas (id),
    source            text   collate "C" not null references hosts (name),
    source_claim      uuid,
    requested_host    text   collate "C",
    destination       text   collate "C" references hosts (name),
    destination_claim uuid,
    -- Whether the guest ran when it was asked for, and so is to run afterwards.
    ran               boolean not null,
    -- What the server was and is to be; of a migration both are absent.
    old_flavor        text,
    new_flavor        text,
    -- Of the request: under it the source let go.
    epoch             bigint not null,
    request           text   not null,
    user_id           text   not null,
    project_id        text   not null,
    -- Since when the server is its destination's.
    owner_changed_at  timestamptz,
    finished_at       timestamptz,
    failure_code      text,
    failure_message   text,
    created_at        timestamptz not null,
    updated_at        timestamptz not null,
    ended_at          timestamptz,
    check ((destination is null) = (destination_claim is null)),
    check ((old_flavor is null) = (new_flavor is null)),
    check ((failure_code is null) = (failure_message is null)),
    check (status not in ('finished', 'confirming') or owner_changed_at is not null),
    check ((ended_at is not null) = (status in ('confirmed', 'reverted', 'error')))
);
create unique index cold_migrations_open on cold_migrations (server_id) where ended_at is null;
create index cold_migrations_of_server on cold_migrations (server_id);
create index cold_migrations_of_saga on cold_migrations (saga_id);
create index cold_migrations_from on cold_migrations (source);
create index cold_migrations_to on cold_migrations (destination);
create index cold_migrations_changed on cold_migrations (updated_at);
create index cold_migrations_waiting on cold_migrations (finished_at) where status = 'finished';

-- What is left on a host that did not answer may be of a cold migration too.
alter table evacuation_leftovers drop constraint evacuation_leftovers_evacuation_fkey;

-- The words a server's states and a saga may have; each release writes the whole list anew.
alter table servers drop constraint servers_vm_state_check;
alter table servers add constraint servers_vm_state_check check (vm_state in
    ('building', 'active', 'paused', 'stopped', 'resized', 'error', 'deleted'));
alter table servers drop constraint servers_task_state_check;
alter table servers add constraint servers_task_state_check check (task_state in
    ('scheduling', 'spawning', 'powering-on', 'powering-off', 'rebooting', 'rebooting_hard', 'pausing', 'unpausing',
     'migrating', 'deleting', 'copying-disk', 'snapshotting-disk', 'attaching-volume', 'detaching-volume',
     'image_snapshot', 'image_pending_upload', 'image_uploading', 'rebuilding', 'rebuild_block_device_mapping',
     'rebuild_spawning', 'resize_prep', 'resize_migrating', 'resize_migrated', 'resize_finish', 'resize_confirming',
     'resize_reverting'));
alter table sagas drop constraint sagas_kind_check;
alter table sagas add constraint sagas_kind_check check (kind in
    ('BOOT', 'START', 'STOP', 'REBOOT', 'HARD_REBOOT', 'PAUSE', 'UNPAUSE', 'DELETE', 'LIVE_MIGRATION', 'DISK_COPY',
     'DISK_SNAPSHOT', 'CREATE_IMAGE', 'VOLUME_ATTACH', 'VOLUME_DETACH', 'EVACUATE', 'COLD_MIGRATION', 'CONFIRM_RESIZE',
     'REVERT_RESIZE'));
