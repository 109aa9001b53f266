-- What a server's owner gives it to read.

alter table servers add column config_drive boolean not null default false;
alter table servers add column user_data text check (length(user_data) <= 65535);
alter table servers add constraint servers_user_data_has_a_drive check (config_drive or user_data is null);
