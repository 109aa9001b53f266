-- Messages that nobody could handle, taken from the broker's dead queue until a person sends them again or discards them.

create table dead_letters (
    id           uuid primary key,
    -- The same letter found twice is kept once.
    digest       text   not null unique check (digest ~ '^[0-9a-f]{64}$'),
    number       bigint generated always as identity unique,
    queue        text   not null,
    routing_key  text   not null,
    type         text,
    reason       text   not null,
    why          text   not null,
    attempts     integer not null check (attempts > 0),
    headers      text   not null check (jsonb_typeof(headers::jsonb) = 'object'),
    body         bytea  not null,
    body_bytes   bigint not null check (body_bytes >= length(body)),
    died_at      timestamptz not null,
    found_at     timestamptz not null
);
