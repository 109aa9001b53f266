-- Keys by which a client repeats a request of the API without repeating what it does, and what was answered.

create table idempotency_keys (
    number       bigint generated always as identity primary key,
    project      text collate "C" not null,
    caller       text collate "C" not null,
    key          text collate "C" not null check (length(key) between 1 and 255),
    -- SHA-256 of method, path, query, version and body.
    fingerprint  text   not null check (fingerprint ~ '^[0-9a-f]{64}$'),
    -- Rises with each request that takes the key; the work of an older one is refused.
    token        bigint not null check (token > 0),
    -- Until then a request is at it; null when it is over.
    held_until   timestamptz,
    status       integer check (status between 200 and 499),
    headers      text check (jsonb_typeof(headers::jsonb) = 'object'),
    body         text,
    expires_at   timestamptz not null,
    unique (project, caller, key),
    check ((status is null) = (headers is null) and (status is null) = (body is null)),
    check (held_until is not null or status is not null)
);
create index idempotency_keys_expiring on idempotency_keys (expires_at);
