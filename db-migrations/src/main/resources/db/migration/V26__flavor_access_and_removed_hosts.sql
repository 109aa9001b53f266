-- Which projects may use a flavor that is not public.
create table flavor_access (
    number    bigint generated always as identity primary key,
    flavor_id text   collate "C" not null references flavors (id) on delete cascade,
    project   text   collate "C" not null,
    unique (flavor_id, project)
);
create index flavor_access_of_project on flavor_access (project);

-- What was on a removed host still refers to it, so its row stays; it is there again when an agent of it starts.
alter table hosts add column removed boolean not null default false;
