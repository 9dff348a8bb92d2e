-- Kept without telling anybody, because it was read as part of a thread or a profile. What its author sends is news.

alter table statuses add column is_quiet boolean not null default false;
