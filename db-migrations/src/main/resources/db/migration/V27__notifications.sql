-- What there is to tell of: each change of a server, of an action's event, or of a migration's status, with what
-- was known then. Triggers write it, so that nothing that changes a server can forget to. They run at the commit:
-- then the request's action is there, and numbers are given out nearly in the order of the commits.
create table notifications (
    number      bigint generated always as identity primary key,
    cause       text not null check (cause in ('SERVER', 'EVENT', 'MIGRATION')),
    was         text,
    becomes     text not null,
    server      text not null,
    action      text,
    created_at  timestamptz not null,
    taken_until timestamptz
);
-- At most one reader has some; others look whether one has.
create index notifications_taken on notifications (taken_until) where taken_until is not null;
create index notifications_age on notifications (created_at);

-- The server with what must not leave the database taken out, and its latest action.
create function tern_notable(server servers) returns jsonb language sql stable as
    $$ select to_jsonb(server) - array ['user_data', 'claim_id', 'epoch', 'requested_host'] $$;

create function tern_latest_action(id uuid) returns text language sql stable as
    $$ select to_jsonb(a)::text from instance_actions a where a.server_id = id order by a.number desc limit 1 $$;

create function tern_note_server() returns trigger language plpgsql as
$$
declare
    was     jsonb := null;
    becomes jsonb := tern_notable(new);
begin
    if tg_op = 'UPDATE' then
        was := tern_notable(old);
        -- A copy under way changes these twice a second.
        if was - array ['progress', 'updated_at'] = becomes - array ['progress', 'updated_at'] then
            return null;
        end if;
    end if;
    insert into notifications (cause, was, becomes, server, action, created_at)
    values ('SERVER', was::text, becomes::text, becomes::text, tern_latest_action(new.id), now());
    return null;
end
$$;

create function tern_note_event() returns trigger language plpgsql as
$$
begin
    insert into notifications (cause, was, becomes, server, action, created_at)
    select 'EVENT', case when tg_op = 'UPDATE' then to_jsonb(old)::text end, to_jsonb(new)::text,
           tern_notable(s)::text, to_jsonb(a)::text, now()
    from instance_actions a join servers s on s.id = a.server_id where a.number = new.action;
    return null;
end
$$;

create function tern_note_migration() returns trigger language plpgsql as
$$
begin
    insert into notifications (cause, was, becomes, server, action, created_at)
    select 'MIGRATION', jsonb_build_object('status', old.status)::text,
           jsonb_build_object('status', new.status, 'source', new.source, 'destination', new.destination,
                              'failure_code', new.failure_code, 'failure_message', new.failure_message)::text,
           tern_notable(s)::text, tern_latest_action(s.id), now()
    from servers s where s.id = new.server_id;
    return null;
end
$$;

create constraint trigger servers_noted after insert or update on servers
    deferrable initially deferred for each row execute function tern_note_server();
create constraint trigger action_events_noted after insert or update on instance_action_events
    deferrable initially deferred for each row execute function tern_note_event();
create constraint trigger migrations_noted after update on migrations
    deferrable initially deferred for each row when (old.status is distinct from new.status)
    execute function tern_note_migration();
