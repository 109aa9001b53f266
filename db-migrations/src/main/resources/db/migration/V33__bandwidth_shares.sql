-- What a migration has of the bandwidth that all of them share; null where nothing is shared. It is no wish of anybody's.
alter table migrations add column share_bytes_per_second bigint check (share_bytes_per_second > 0);
