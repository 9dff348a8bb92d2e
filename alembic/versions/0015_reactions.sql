-- Reactions: emojis that people put under posts. One person may give several, each once.

create table reactions (
    id bigint primary key default timestamp_id(),
    status_id bigint not null references statuses on delete cascade,
    account_id bigint not null references accounts,
    name text not null,                               -- an emoji, or the shortcode of a custom one
    domain text,                                      -- whose custom emoji it is, '' for ours; null for an emoji
    key text not null,                                -- what two that are the same have in common
    type text not null check (type in ('Like', 'EmojiReact')),  -- the activity it came or went as
    uri text,
    created_at timestamptz not null default now(),
    unique (status_id, account_id, key)
);
create index reactions_account on reactions (account_id);
create index reactions_uri on reactions (uri) where uri is not null;

alter table status_stats add column reactions_count bigint not null default 0;

-- What authors elsewhere allow with their posts, where it is less than everything; and their consent to what people
-- here did, which they were asked for.
create table interaction_rules (
    status_id bigint not null references statuses on delete cascade,
    action text not null check (action in ('like', 'reply', 'announce')),
    automatic text[] not null,                        -- URIs of actors and collections
    manual text[] not null,
    primary key (status_id, action)
);
create table interaction_approvals (
    status_id bigint primary key references statuses on delete cascade,  -- the answer or boost
    uri text not null
);
create table interaction_stamps (                     -- our consent, where somebody asked for it beforehand
    id bigint primary key default timestamp_id(),
    account_id bigint not null references accounts on delete cascade,  -- who agreed
    status_id bigint not null references statuses on delete cascade,
    type text not null check (type in ('LikeAuthorization', 'ReplyAuthorization', 'AnnounceAuthorization')),
    interacting_uri text not null,
    unique (status_id, type, interacting_uri)
);
create index interaction_stamps_account on interaction_stamps (account_id);
