-- What a job that moves servers is for: to empty a host, to bring one below a threshold, or to even all of them out.
alter table drains
    add column purpose text not null default 'EMPTY' check (purpose in ('EMPTY', 'RELIEVE', 'REBALANCE'));
alter table drains alter column purpose drop default;
drop index drains_unfinished;
create unique index drains_unfinished on drains (host)
    where state in ('DRAINING', 'RETURNING') and purpose <> 'REBALANCE';
create unique index drains_rebalancing on drains (purpose)
    where state = 'DRAINING' and purpose = 'REBALANCE';
