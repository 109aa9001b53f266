-- Tokens of the embedded identity service: every copy of the API believes those that are here, and no other.

create table identity_tokens (
    -- SHA-256 of the token, which is kept nowhere.
    digest       text collate "C" primary key check (digest ~ '^[0-9a-f]{64}$'),
    user_id      text collate "C" not null check (user_id <> ''),
    -- Empty for a token of no project.
    project_id   text collate "C" not null,
    -- Empty for a token got with a password.
    credential   text collate "C" not null,
    -- Of the hash that the password or secret was compared with: another one there ends the token.
    fingerprint  text collate "C" not null,
    audit        text collate "C" not null,
    issued_at    timestamptz not null,
    expires_at   timestamptz not null check (expires_at > issued_at)
);
create index identity_tokens_expiring on identity_tokens (expires_at);
