-- Of one URI each actor has its own word: nobody's Delete stands in the way of the owner's.
alter table tombstones drop constraint tombstones_pkey;
alter table tombstones add primary key (uri_hash, actor_uri);

-- Who may be gone when an inbox is.
create index accounts_shared_inbox on accounts (shared_inbox) where not is_local and shared_inbox is not null;

-- How much of one host waits to be handled.
create index jobs_inbox_hosts on jobs (split_part(lane, '/', 3)) where queue = 'inbox' and failed_at is null;
