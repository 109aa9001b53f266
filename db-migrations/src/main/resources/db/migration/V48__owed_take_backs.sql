-- A server that had left its host for a cold migration, and that the host was to take back when it
-- was stated to be down: the epoch in which the server had left. Null where there is only something
-- to remove.
alter table evacuation_leftovers add column take_back bigint;
