-- What projects may have, what they have, and the public keys that guests are given.

-- Limits that differ from the installation's. A class is named default; every other name is kept for who asks for it again.
create table quotas (
    number     bigint generated always as identity primary key,
    kind       text   not null check (kind in ('PROJECT', 'QUOTA_CLASS')),
    owner      text   collate "C" not null,
    resource   text   not null,
    hard_limit bigint not null check (hard_limit >= -1),
    unique (kind, owner, resource)
);

-- What the servers of a project that are not deleted add up to. The row is what creates of one project meet at, so it is
-- kept by the database itself: whatever ends a server gives back what it had.
create table project_usage (
    project    text collate "C" primary key,
    instances  bigint not null default 0 check (instances >= 0),
    cores      bigint not null default 0 check (cores >= 0),
    memory_mib bigint not null default 0 check (memory_mib >= 0)
);

insert into project_usage (project, instances, cores, memory_mib)
    select project_id, count(*), sum(vcpus), sum(memory_mib) from servers where vm_state <> 'deleted' group by project_id;

create function count_usage() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        if old.vm_state <> 'deleted' then
            update project_usage
                set instances = instances - 1, cores = cores - old.vcpus, memory_mib = memory_mib - old.memory_mib
                where project = old.project_id;
        end if;
    end if;
    if new.vm_state <> 'deleted' then
        insert into project_usage as u (project, instances, cores, memory_mib)
            values (new.project_id, 1, new.vcpus, new.memory_mib)
            on conflict (project) do update
                set instances = u.instances + 1, cores = u.cores + new.vcpus, memory_mib = u.memory_mib + new.memory_mib;
    end if;
    return null;
end $$;

create trigger servers_counted_when_made after insert on servers
    for each row execute function count_usage();
create trigger servers_counted_when_changed after update on servers
    for each row when ((old.vm_state = 'deleted') <> (new.vm_state = 'deleted')
        or old.vcpus <> new.vcpus or old.memory_mib <> new.memory_mib or old.project_id <> new.project_id)
    execute function count_usage();

create table key_pairs (
    number      bigint generated always as identity primary key,
    user_id     text collate "C" not null,
    name        text collate "C" not null,
    type        text not null check (type in ('ssh', 'x509')),
    public_key  text not null,
    fingerprint text not null,
    created_at  timestamptz not null,
    unique (user_id, name)
);

-- The key as it was when the server was made.
alter table servers
    add column key_name text,
    add column key_type text,
    add column public_key text,
    add check ((key_name is null) = (key_type is null) and (key_name is null) = (public_key is null));
