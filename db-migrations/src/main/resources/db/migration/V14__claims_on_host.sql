-- An audit reads what is claimed on one host.

create index claims_on_host on claims (host, id) where released_at is null;
