-- The password that a server's config drive is to tell its guest. Gone once the server is built.
alter table servers add column admin_pass text;
