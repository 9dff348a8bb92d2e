-- What staff decides: work on reports, strikes, blocks of addresses and networks, and what may trend.

alter table accounts add column deleted_at timestamptz;   -- local: its data is removed for good, its name is not free

alter table reports
    add column assigned_id bigint references accounts on delete set null,
    add column action_taken_by_id bigint references accounts on delete set null,
    add column updated_at timestamptz not null default now();
update reports set updated_at = coalesce(action_taken_at, created_at);
create index reports_account on reports (account_id);
create index reports_open on reports (id) where action_taken_at is null;

create table warning_presets (
    id bigint primary key default timestamp_id(),
    title text not null default '',
    text text not null,
    created_at timestamptz not null default now()
);

alter table account_warnings
    add column moderator_id bigint references accounts on delete set null,   -- null: the operator
    add column report_id bigint references reports on delete set null;

alter table domain_blocks add column judged_at timestamptz not null default now();   -- the mark on its accounts
update domain_blocks set judged_at = created_at;

create table email_domain_blocks (
    id bigint primary key default timestamp_id(),
    domain text not null unique,
    allow_with_approval boolean not null default false,
    created_at timestamptz not null default now()
);

create table email_domain_attempts (                  -- sign-ups that a rule met, for a week
    block_id bigint not null references email_domain_blocks on delete cascade,
    day date not null,
    ip text not null,                                 -- '' when unknown
    uses int not null default 1,
    primary key (block_id, day, ip)
);

create table canonical_email_blocks (
    id bigint primary key default timestamp_id(),
    hash text not null unique,                        -- SHA-256 of the address without dots and +tags, hexadecimal
    account_id bigint references accounts on delete set null,     -- whose suspension made it
    created_at timestamptz not null default now()
);

create table ip_blocks (
    id bigint primary key default timestamp_id(),
    ip cidr not null unique,
    severity text not null check (severity in ('sign_up_requires_approval', 'sign_up_block', 'no_access')),
    comment text not null default '',
    expires_at timestamptz,
    created_at timestamptz not null default now()
);

create table active_days (                            -- who was here on which day
    day date not null,
    account_id bigint not null references accounts on delete cascade,
    primary key (day, account_id)
);
insert into active_days (day, account_id)
select s.last_active_at::date, s.account_id from account_settings s
join accounts a on a.id = s.account_id and a.is_local and a.id > 0 and not a.pending
where s.last_active_at is not null;

alter table tags add column reviewed_at timestamptz;
create index tags_page on tags (id desc);

create table status_reviews (
    status_id bigint primary key references statuses on delete cascade,
    trendable boolean not null,
    reviewed_at timestamptz not null default now()
);

create table link_reviews (                           -- links that were up for review; null: nobody has decided yet
    id bigint primary key default timestamp_id(),
    url text not null,
    url_hash bytea not null unique,
    trendable boolean,
    reviewed_at timestamptz,
    created_at timestamptz not null default now()
);

create table publishers (                             -- hosts of links that were up for review
    id bigint primary key default timestamp_id(),
    domain text not null unique,
    trendable boolean,
    reviewed_at timestamptz,
    created_at timestamptz not null default now()
);

create function link_host(url text) returns text      -- of a link, without port and www
language sql immutable parallel safe as $$
    select substring(lower(url) from '^https?://(?:[^/@]*@)?(?:www\.)?([^/:?#]+)')
$$;
