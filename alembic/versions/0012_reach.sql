-- Collections that a post shares: those whose address stands in a text of ours, or that another server says it tags.

create table tagged_collections (
    status_id bigint not null references statuses on delete cascade,
    uri text not null,
    collection_id bigint references collections on delete set null,  -- null until it has been read from its server
    position integer not null,
    primary key (status_id, uri)
);
create index tagged_collections_collection on tagged_collections (collection_id);
create index tagged_collections_unread on tagged_collections (uri) where collection_id is null;

alter table reports add column collection_ids bigint[] not null default '{}';

-- Roles that the operator has made beside the four that are always there.

create table custom_roles (
    id bigint generated always as identity (start with 100) primary key,
    name text not null unique check (name not in ('user', 'moderator', 'admin', 'owner')),  -- what commands call it
    label text not null,                              -- what people see
    color text not null default '',
    position integer not null check (position between 0 and 999),
    permissions bigint not null,
    highlighted boolean not null default false,
    collection_limit integer not null default 10,
    created_at timestamptz not null default now()
);
alter table users drop constraint users_role_check;

-- All roles with what they come to. Everybody may do what the role "user" may; an administrator may do everything.
create view roles as
    select * from (values
        (-99::bigint, 'user', '', '', -1, 65536::bigint, false, 10),
        (1, 'moderator', 'Moderator', '', 10, 66844, true, 10),
        (2, 'admin', 'Admin', '', 100, 5210108, true, 10),
        (3, 'owner', 'Owner', '', 1000, 8388607, true, 10)
    ) as built_in (id, name, label, color, position, permissions, highlighted, collection_limit)
    union all
    select id, name, label, color, position, case when permissions & 1 = 1 then 8388607 else permissions | 65536 end,
        highlighted, collection_limit
    from custom_roles;

-- People without an account who read somebody's public posts by e-mail.

alter table account_settings add column email_subscriptions boolean not null default false;

create table email_subscriptions (
    id bigint generated always as identity primary key,
    account_id bigint not null references accounts on delete cascade,
    email text not null,                              -- lower case
    locale text not null default 'en',
    asked_at timestamptz not null default now(),      -- when it was last asked to confirm
    confirmed_at timestamptz,
    unique (account_id, email)
);
create index email_subscriptions_unconfirmed on email_subscriptions (asked_at) where confirmed_at is null;

create table email_posts (                            -- what waits to be sent to them
    status_id bigint primary key references statuses on delete cascade,
    account_id bigint not null references accounts on delete cascade
);
create index email_posts_account on email_posts (account_id);
