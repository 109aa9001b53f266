-- Why a server was put where it was, or nowhere: what a scheduler decided, kept within bounds to be read.
create table decisions (
    number     bigint generated always as identity primary key,
    request_id text not null,
    claim_id   uuid not null unique,
    server_id  uuid not null,
    content    text not null,
    decided_at timestamptz not null
);
create index decisions_request on decisions (request_id, number);
create index decisions_server on decisions (server_id, number);
create index decisions_age on decisions (decided_at);
