-- The empty local disks a server has beside its first, in GiB, in the order its guest has them. Null is what the flavor says: one disk or
-- none, as servers have from before, and those that an API of the former release still makes.

alter table servers add column ephemeral_gib integer[];
alter table servers add constraint servers_ephemeral_disks_have_a_size
    check (0 < all (ephemeral_gib) and array_position(ephemeral_gib, null) is null);
