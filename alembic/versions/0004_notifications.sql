-- Notifications: what they are about besides a post, who may be heard at all, and who waits to be.

alter table notifications add column about_id bigint;  -- a report, a severance or a warning, by type

-- One line told of every report of a person; from now on each report has its own.
update notifications n set about_id = (
    select r.id from reports r where r.account_id = n.from_account_id and r.created_at <= n.created_at
    order by r.id desc limit 1)
where n.type = 'admin.report';

do $$
declare
    old text;
begin
    select conname into old from pg_constraint where conrelid = 'notifications'::regclass and contype = 'u';
    execute format('alter table notifications drop constraint %I', old);
end $$;
alter table notifications add constraint notifications_once
    unique nulls not distinct (account_id, type, from_account_id, status_id, about_id);
create index notifications_group on notifications (account_id, group_key, id desc) where group_key is not null;
create index notifications_filtered on notifications (account_id, from_account_id, id desc) where filtered;

create table notification_policies (                  -- no row: the defaults
    account_id bigint primary key references accounts on delete cascade,
    for_not_following text not null default 'accept' check (for_not_following in ('accept', 'filter', 'drop')),
    for_not_followers text not null default 'accept' check (for_not_followers in ('accept', 'filter', 'drop')),
    for_new_accounts text not null default 'accept' check (for_new_accounts in ('accept', 'filter', 'drop')),
    for_private_mentions text not null default 'filter' check (for_private_mentions in ('accept', 'filter', 'drop')),
    for_limited_accounts text not null default 'filter' check (for_limited_accounts in ('accept', 'filter', 'drop')),
    for_bots text not null default 'accept' check (for_bots in ('accept', 'filter', 'drop'))
);

create table notification_permissions (               -- whom the policy does not hold for any more
    account_id bigint not null references accounts on delete cascade,
    from_account_id bigint not null references accounts on delete cascade,
    created_at timestamptz not null default now(),
    primary key (account_id, from_account_id)
);
create index notification_permissions_from on notification_permissions (from_account_id);

create table notification_requests (                  -- whose mentions wait to be let in
    id bigint primary key default timestamp_id(),
    account_id bigint not null references accounts on delete cascade,
    from_account_id bigint not null references accounts on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (account_id, from_account_id)
);
create index notification_requests_account on notification_requests (account_id, id desc);
create index notification_requests_from on notification_requests (from_account_id);

create table severances (                             -- follows that a block or a suspension ended, one row a person
    id bigint primary key default timestamp_id(),
    account_id bigint not null references accounts on delete cascade,
    type text not null check (type in ('domain_block', 'user_domain_block', 'account_suspension')),
    target_name text not null,
    followers_count int not null default 0,
    following_count int not null default 0,
    told boolean not null default false,              -- false while it is still being counted
    created_at timestamptz not null default now()
);
create index severances_account on severances (account_id);
create unique index severances_open on severances (type, target_name, account_id) where not told;

create table account_warnings (                       -- what moderators told people, with or without doing something
    id bigint primary key default timestamp_id(),
    account_id bigint not null references accounts on delete cascade,
    action text not null check (action in (
        'none', 'disable', 'mark_statuses_as_sensitive', 'delete_statuses', 'sensitive', 'silence', 'suspend')),
    text text not null default '',
    status_ids bigint[] not null default '{}',
    created_at timestamptz not null default now()
);
create index account_warnings_account on account_warnings (account_id, id desc);
