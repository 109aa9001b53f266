-- A migration that has passed its checks moves when it is its turn. Until then nobody runs it, and waits_for says why.
alter table migrations
    add column turn_at   timestamptz,
    add column waits_for text;
update migrations set turn_at = updated_at where ended_at is null and status in ('preparing', 'running');
create index migrations_waiting on migrations (number) where waits_for is not null and ended_at is null;
