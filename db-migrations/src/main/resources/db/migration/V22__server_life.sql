-- Reboot, pause and locks; what an owner writes on a server; servers that were made by one request.

alter table servers
    add column locked_by      text check (locked_by in ('OWNER', 'ADMIN')),
    add column locked_reason  text check (locked_reason is null or locked_by is not null),
    add column access_ip_v4   text    not null default '',
    add column access_ip_v6   text    not null default '',
    add column disk_config    text    not null default 'AUTO' check (disk_config in ('AUTO', 'MANUAL')),
    add column tags           text[]  not null default '{}',
    -- Null in rows of a former release, whose servers were each made alone.
    add column reservation_id text,
    add column launch_index   integer not null default 0 check (launch_index >= 0);
create index servers_by_lock on servers ((locked_by is not null), id);
create index servers_launched on servers (coalesce(launched_at, to_timestamp(0)), id);
create index servers_tagged on servers using gin (tags) where vm_state <> 'deleted';

-- The words a server's task and a saga may have; each release writes the whole list anew.
alter table servers drop constraint servers_task_state_check;
alter table servers add constraint servers_task_state_check check (task_state in
    ('scheduling', 'spawning', 'powering-on', 'powering-off', 'rebooting', 'rebooting_hard', 'pausing', 'unpausing',
     'migrating', 'deleting', 'copying-disk', 'snapshotting-disk', 'attaching-volume', 'detaching-volume',
     'image_snapshot', 'image_pending_upload', 'image_uploading'));
alter table sagas drop constraint sagas_kind_check;
alter table sagas add constraint sagas_kind_check check (kind in
    ('BOOT', 'START', 'STOP', 'REBOOT', 'HARD_REBOOT', 'PAUSE', 'UNPAUSE', 'DELETE', 'LIVE_MIGRATION', 'DISK_COPY',
     'DISK_SNAPSHOT', 'CREATE_IMAGE', 'VOLUME_ATTACH', 'VOLUME_DETACH'));
