-- Two copies to one export outside of Tern would destroy each other, whichever servers' disks they are of. The digest of its
-- address: that may be longer than an index takes. Copies that run while this is brought in have none.

alter table disk_copies add column target text check (target ~ '^[0-9a-f]{64}$');
create unique index disk_copies_of_target on disk_copies (target) where ended_at is null;
