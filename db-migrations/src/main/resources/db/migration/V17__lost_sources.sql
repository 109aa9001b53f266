-- A source may be lost with its guest: then nobody runs it, and its destination keeps what it had received.

alter table fences
    add column runs text not null default 'ELSEWHERE' check (runs in ('ELSEWHERE', 'NOWHERE')),
    add column kept text;

alter table fences drop constraint fences_outcome_check;
alter table fences add constraint fences_outcome_check
    check (outcome in ('REMOVED', 'LEFT', 'OVERTAKEN', 'RETURNED'));
