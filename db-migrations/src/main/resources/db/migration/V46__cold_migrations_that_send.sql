-- Cold migrations that send data have their shares of the bandwidth, which is divided several times a second.
create index cold_migrations_sending on cold_migrations (number) where status in ('pre-migrating', 'migrating');
