-- Copies of disks on their host, snapshots, and images made of them.

create table disk_copies (
    id               uuid primary key,
    saga_id          uuid not null references sagas (id),
    server_id        uuid not null references servers (id),
    purpose          text not null check (purpose in ('COPY', 'SNAPSHOT', 'IMAGE')),
    image_id         uuid,
    disk             text not null,
    ordered          text not null check (jsonb_typeof(ordered::jsonb) = 'object'),
    wish             text check (wish in ('PIVOT', 'FINISH', 'CANCEL')),
    status           text not null check (status in
        ('ACCEPTED', 'COPYING', 'READY', 'ENDING', 'PIVOTED', 'FINISHED', 'CANCELLED', 'FAILED')),
    bytes_per_second bigint not null check (bytes_per_second >= 0),
    total_bytes      bigint not null check (total_bytes >= 0),
    copied_bytes     bigint not null check (copied_bytes >= 0),
    rate             bigint not null check (rate >= 0),
    file             text,
    layer            text check (layer ~ '^[0-9a-f]{64}$'),
    failure_code     text,
    failure_message  text,
    created_at       timestamptz not null,
    updated_at       timestamptz not null,
    ended_at         timestamptz,
    check ((ended_at is not null) = (status in ('PIVOTED', 'FINISHED', 'CANCELLED', 'FAILED'))),
    check ((failure_code is null) = (failure_message is null)),
    check ((image_id is not null) = (purpose = 'IMAGE'))
);
create unique index disk_copies_of_saga on disk_copies (saga_id);
create index disk_copies_of_disk on disk_copies (server_id, disk, created_at);
-- A server's disks are copied one at a time, whatever else goes wrong.
create unique index disk_copies_unfinished on disk_copies (server_id) where ended_at is null;

-- The words a server's task and a saga may have; each release writes the whole list anew.
alter table servers drop constraint servers_task_state_check;
alter table servers add constraint servers_task_state_check check (task_state in
    ('scheduling', 'spawning', 'powering-on', 'powering-off', 'migrating', 'deleting',
     'copying-disk', 'snapshotting-disk', 'image_snapshot', 'image_pending_upload', 'image_uploading'));
alter table sagas drop constraint sagas_kind_check;
alter table sagas add constraint sagas_kind_check check (kind in
    ('BOOT', 'START', 'STOP', 'DELETE', 'LIVE_MIGRATION', 'DISK_COPY', 'DISK_SNAPSHOT', 'CREATE_IMAGE'));
