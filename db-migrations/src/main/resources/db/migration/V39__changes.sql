-- Which rows that are watched have changed: what they are now is read when somebody watches. Triggers write it, so that
-- nothing that changes a server can forget to.
--
-- xact is the transaction's number, because identity numbers are given out before the commit: all that transactions below
-- the oldest running one have written is there for good, so a reader that stops at that one misses nothing.
--
-- Not logged: it costs no write-ahead log. After a crash of the database it is empty, and its readers read all anew.
create unlogged table changes (
    number     bigint generated always as identity primary key,
    xact       bigint not null default (pg_current_xact_id()::text::bigint),
    kind       text not null check (kind in ('SERVER', 'MIGRATION', 'DRAIN', 'HOST')),
    key        text not null,
    changed_at timestamptz not null default now()
);
create index changes_of_xact on changes (xact, number);
create index changes_age on changes (changed_at);

create function tern_server_changed() returns trigger language plpgsql as
    $$ begin insert into changes (kind, key) values ('SERVER', new.id::text); return null; end $$;
create function tern_migration_changed() returns trigger language plpgsql as
    $$ begin insert into changes (kind, key) values ('MIGRATION', new.uuid::text); return null; end $$;
create function tern_drain_changed() returns trigger language plpgsql as
    $$ begin insert into changes (kind, key) values ('DRAIN', new.id::text); return null; end $$;
create function tern_drained_changed() returns trigger language plpgsql as
    $$ begin insert into changes (kind, key) values ('DRAIN', new.drain_id::text); return null; end $$;
create function tern_share_changed() returns trigger language plpgsql as
    $$ begin insert into changes (kind, key) values ('HOST', new.host); return null; end $$;
create function tern_host_changed() returns trigger language plpgsql as
    $$ begin insert into changes (kind, key) values ('HOST', new.name); return null; end $$;

create trigger servers_changed after insert or update on servers
    for each row execute function tern_server_changed();
create trigger migrations_changed after insert or update on migrations
    for each row execute function tern_migration_changed();
create trigger drains_changed after insert or update on drains
    for each row execute function tern_drain_changed();
create trigger drain_servers_changed after insert or update on drain_servers
    for each row execute function tern_drained_changed();
create trigger host_shares_changed after insert or update on host_shares
    for each row execute function tern_share_changed();
-- A report is no change; whether a host is up is told by the time.
create trigger hosts_changed after update on hosts
    for each row when ((old.disabled, old.disabled_reason, old.forced_down, old.removed)
        is distinct from (new.disabled, new.disabled_reason, new.forced_down, new.removed))
    execute function tern_host_changed();
