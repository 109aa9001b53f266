-- What a live migration may cost, as wished by its request and changed while it runs. Parts that nobody wished are absent from the
-- JSON; the conductor fills them in from the source host's and the installation's.
alter table migrations
    add column policy          text    not null default '{}' check (jsonb_typeof(policy::jsonb) = 'object'),
    -- rises with each change, so that the source's agent tells an old policy from a new one
    add column policy_revision bigint  not null default 0 check (policy_revision >= 0),
    add column streams         text    not null default '{}' check (jsonb_typeof(streams::jsonb) = 'object'),
    add column force_requested boolean not null default false,
    -- when its data began to move: its deadline counts from here
    add column data_since      timestamptz;
