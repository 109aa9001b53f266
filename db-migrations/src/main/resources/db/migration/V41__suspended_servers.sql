-- A server's guest may be a file of its host: suspended, until it is resumed.

-- The words a server's states and a saga may have; each release writes the whole list anew.
alter table servers drop constraint servers_vm_state_check;
alter table servers add constraint servers_vm_state_check check (vm_state in
    ('building', 'active', 'paused', 'suspended', 'stopped', 'resized', 'error', 'deleted'));
alter table servers drop constraint servers_task_state_check;
alter table servers add constraint servers_task_state_check check (task_state in
    ('scheduling', 'spawning', 'powering-on', 'powering-off', 'rebooting', 'rebooting_hard', 'pausing', 'unpausing',
     'suspending', 'resuming', 'migrating', 'deleting', 'copying-disk', 'snapshotting-disk', 'attaching-volume',
     'detaching-volume', 'image_snapshot', 'image_pending_upload', 'image_uploading', 'rebuilding',
     'rebuild_block_device_mapping', 'rebuild_spawning', 'resize_prep', 'resize_migrating', 'resize_migrated',
     'resize_finish', 'resize_confirming', 'resize_reverting'));
alter table sagas drop constraint sagas_kind_check;
alter table sagas add constraint sagas_kind_check check (kind in
    ('BOOT', 'START', 'STOP', 'REBOOT', 'HARD_REBOOT', 'PAUSE', 'UNPAUSE', 'SUSPEND', 'RESUME', 'DELETE',
     'LIVE_MIGRATION', 'DISK_COPY', 'DISK_SNAPSHOT', 'CREATE_IMAGE', 'VOLUME_ATTACH', 'VOLUME_DETACH', 'EVACUATE',
     'COLD_MIGRATION', 'CONFIRM_RESIZE', 'REVERT_RESIZE'));
