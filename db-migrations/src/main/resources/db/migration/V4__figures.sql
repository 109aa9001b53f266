-- How far a migration is as one figure, what was foreseen of it and what was measured. JSON is kept as text that must be an
-- object; who reads it passes over what it does not know.

alter table migrations
    add column permille         integer not null default 0 check (permille between 0 and 1000),
    add column throttled_millis bigint  not null default 0 check (throttled_millis >= 0),
    add column detail           text check (jsonb_typeof(detail::jsonb) = 'object'),
    add column foreseen_at_plan text check (jsonb_typeof(foreseen_at_plan::jsonb) = 'object'),
    add column foreseen_last    text check (jsonb_typeof(foreseen_last::jsonb) = 'object'),
    add column pause_parts      text check (jsonb_typeof(pause_parts::jsonb) = 'object');
