-- Whole conversations, complete profiles, and rules of domains that reach what is already here.

-- What a remote post's own server says; of it we know only what concerns us. Null: it says nothing.
alter table status_stats
    add column claimed_replies bigint,
    add column claimed_reblogs bigint,
    add column claimed_favourites bigint;

-- A rule of its domain (or of one above it) says that nothing it shows is loaded from there.
alter table accounts add column media_rejected boolean not null default false;
-- A rule about its host says that nothing of it is shown.
alter table preview_cards add column hidden boolean not null default false;
-- Not on the allow-list: see `storage/allowlist.py`.
create index accounts_unlisted on accounts (id) where suspended_at = '2000-01-01 00:00:00+00';

-- Threads that somebody here takes part in, follows or keeps: completed before they are opened, ever more rarely.
create table thread_watches (
    thread_id bigint primary key,                     -- of statuses
    started_at timestamptz not null default now(),
    next_at timestamptz not null
);
create index thread_watches_next on thread_watches (next_at);

-- When a remote profile's pins and posts were last read.
create table profile_reads (
    account_id bigint primary key references accounts on delete cascade,
    read_at timestamptz not null default now()
);

-- How much was fetched because of one activity, thread or sender, or from one host, since the window began.
create table fetch_budgets (
    key text primary key,
    since timestamptz not null default now(),
    documents int not null,
    actors int not null
);
create index fetch_budgets_since on fetch_budgets (since);

-- Hosts whose actors we have met, by the domain they were registered under.
create table met_hosts (
    host text primary key,
    family text not null,
    met_at timestamptz not null default now()
);
create index met_hosts_family on met_hosts (family, met_at);
insert into met_hosts (host, family, met_at)
    select distinct h.host, h.host, timestamptz '2000-01-01 00:00:00+00'
    from (select lower(split_part(uri, '/', 3)) as host from accounts where not is_local) h
    where h.host <> '' on conflict do nothing;

-- Posts that their servers did not give us: not asked for again before.
create table refusals (
    uri_hash bytea primary key,
    times int not null default 1,
    until timestamptz not null
);
create index refusals_until on refusals (until);
