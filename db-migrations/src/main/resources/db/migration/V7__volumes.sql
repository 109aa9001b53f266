-- Volumes that other machines serve over NBD, and which server has them.

create table volumes (
    id               uuid primary key,
    saga_id          uuid not null references sagas (id),
    server_id        uuid not null references servers (id),
    host             text not null check (host <> ''),
    port             integer not null check (port between 1 and 65535),
    export           text not null,
    status           text not null check (status in
        ('ATTACHING', 'ATTACHED', 'DETACHING', 'DETACHED', 'FAILED')),
    bytes            bigint check (bytes > 0),
    failure_code     text,
    failure_message  text,
    created_at       timestamptz not null,
    updated_at       timestamptz not null,
    ended_at         timestamptz,
    check ((ended_at is not null) = (status in ('DETACHED', 'FAILED'))),
    check ((failure_code is null) = (failure_message is null))
);
create index volumes_of_saga on volumes (saga_id);
create index volumes_of_server on volumes (server_id, created_at) where ended_at is null;
-- Two guests that write to one volume destroy what it holds.
create unique index volumes_once on volumes (host, port, export) where ended_at is null;

-- The words a server's task and a saga may have; each release writes the whole list anew.
alter table servers drop constraint servers_task_state_check;
alter table servers add constraint servers_task_state_check check (task_state in
    ('scheduling', 'spawning', 'powering-on', 'powering-off', 'migrating', 'deleting',
     'copying-disk', 'snapshotting-disk', 'attaching-volume', 'detaching-volume',
     'image_snapshot', 'image_pending_upload', 'image_uploading'));
alter table sagas drop constraint sagas_kind_check;
alter table sagas add constraint sagas_kind_check check (kind in
    ('BOOT', 'START', 'STOP', 'DELETE', 'LIVE_MIGRATION', 'DISK_COPY', 'DISK_SNAPSHOT', 'CREATE_IMAGE',
     'VOLUME_ATTACH', 'VOLUME_DETACH'));
