-- Drains that only plan are looked for by their age, and forgotten.
create index drains_dry_runs on drains (created_at) where state in ('PLANNING', 'PLANNED');
