-- Who asked for what: every request of somebody known that would change something, and how it was answered.
create table audit_trail (
    number     bigint generated always as identity primary key,
    request_id text    collate "C" not null,
    user_id    text    collate "C" not null,
    project_id text    collate "C" not null,
    roles      text    not null,
    client     text    not null,
    method     text    not null,
    path       text    not null,
    action     text    not null,
    target     text    collate "C" not null,
    status     integer not null,
    asked_at   timestamptz not null
);
create index audit_trail_of_user on audit_trail (user_id, number);
create index audit_trail_of_project on audit_trail (project_id, number);
create index audit_trail_of_target on audit_trail (target, number);
create index audit_trail_of_request on audit_trail (request_id, number);
create index audit_trail_age on audit_trail (asked_at, number);
