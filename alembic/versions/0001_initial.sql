-- The first schema. Names are the field's own (Mastodon's where it has one).
-- Rules that hold everywhere:
--   * ids are time-ordered: milliseconds << 16 | sequence, from timestamp_id(). Notifications and jobs count upwards.
--   * every URI of a row, local or remote, is stored here and never derived when read.
--   * a status cascades only into its own satellites; references between statuses carry no foreign key, so that
--     deleting or pruning one post never walks through others.

create sequence timestamp_id_seq;

create function timestamp_id(at timestamptz default clock_timestamp()) returns bigint
language sql volatile as $$
    select ((extract(epoch from at) * 1000)::bigint << 16) | (nextval('timestamp_id_seq') & 65535)
$$;

-- ---------------------------------------------------------------- instance

create table settings (
    name text primary key,
    value text not null
);

create table hosts (                                  -- other servers, one row a host name
    host text primary key,
    software text,
    version text,
    nodeinfo_at timestamptz,
    failing_since timestamptz,                        -- null while it answers
    failures int not null default 0,                  -- consecutive, of the host as one
    next_at timestamptz,                              -- circuit breaker: nothing is sent before
    last_error text,
    last_ok_at timestamptz,
    last_seen_at timestamptz                          -- last verified inbound request
);

create table domain_blocks (
    id bigint primary key default timestamp_id(),
    domain text not null unique,
    severity text not null check (severity in ('noop', 'silence', 'suspend')),
    reject_media boolean not null default false,
    reject_reports boolean not null default false,
    public_comment text,
    private_comment text,
    obfuscate boolean not null default false,
    created_at timestamptz not null default now()
);

create table domain_allows (
    id bigint primary key default timestamp_id(),
    domain text not null unique,
    created_at timestamptz not null default now()
);

create table rules (
    id bigint primary key default timestamp_id(),
    text text not null,
    hint text not null default '',
    position int not null default 0,
    created_at timestamptz not null default now()
);

-- ---------------------------------------------------------------- accounts (actors)

create table accounts (
    id bigint primary key default timestamp_id(),
    username text not null,
    domain text not null,                             -- local ones too
    is_local boolean not null,
    type text not null default 'Person',
    uri text not null unique,
    url text not null,
    inbox text not null,
    shared_inbox text,
    outbox text,
    followers_uri text,
    following_uri text,
    featured_uri text,
    display_name text not null default '',
    note text not null default '',                    -- sanitised HTML
    note_source text,                                 -- what a local person typed
    fields jsonb not null default '[]',               -- [{name, value, source?, verified_at?}]
    emojis text[] not null default '{}',              -- shortcodes used in name, note, fields
    avatar_file text,                                 -- blob name, or null
    avatar_static_file text,
    avatar_remote_url text,
    avatar_description text not null default '',
    header_file text,
    header_static_file text,
    header_remote_url text,
    header_description text not null default '',
    locked boolean not null default false,
    bot boolean not null default false,
    "group" boolean not null default false,
    discoverable boolean,
    indexable boolean not null default false,
    hide_collections boolean not null default false,
    memorial boolean not null default false,
    also_known_as text[] not null default '{}',
    moved_to_id bigint,
    attribution_domains text[] not null default '{}',
    pending boolean not null default false,           -- local: its person is not confirmed or approved, nobody sees it
    suspended_at timestamptz,
    suspended_by_origin boolean not null default false,
    silenced_at timestamptz,
    sensitized_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    fetched_at timestamptz,                           -- remote: when the actor was last read
    version int not null default 0                    -- raised whenever a rendered status would look different
);
create index accounts_inbox on accounts (inbox) where not is_local;
create unique index accounts_handle on accounts (lower(username), lower(domain));
create index accounts_domain on accounts (lower(domain), id);
create index accounts_local on accounts (id) where is_local;
create index accounts_page on accounts (url) where is_local;
create extension if not exists pg_trgm;
create index accounts_search on accounts
    using gin ((lower(username) || ' ' || lower(display_name)) gin_trgm_ops);

create table account_stats (
    account_id bigint primary key references accounts on delete cascade,
    statuses_count bigint not null default 0,
    following_count bigint not null default 0,
    followers_count bigint not null default 0,
    last_status_at timestamptz
) with (fillfactor = 70);

create table keys (                                   -- public keys of every actor, private ones of ours
    uri text primary key,                             -- keyId, opaque
    account_id bigint not null references accounts on delete cascade,
    kind text not null check (kind in ('rsa', 'ed25519')),
    public_pem text not null,
    private_pem text,
    fetched_at timestamptz not null default now()
);
create index keys_account on keys (account_id);

create table account_settings (                       -- of local accounts: what a client calls source and preferences
    account_id bigint primary key references accounts on delete cascade,
    default_privacy text not null default 'public',
    default_sensitive boolean not null default false,
    default_language text,
    default_quote_policy text not null default 'public',
    reading_expand_media text not null default 'default',
    reading_expand_spoilers boolean not null default false,
    reading_autoplay_gifs boolean not null default false,
    last_active_at timestamptz,                       -- home is kept for active accounts only
    home_built_at timestamptz
);

-- ---------------------------------------------------------------- users (logins)

create table users (
    id bigint primary key default timestamp_id(),
    email text,
    password_hash text,
    locale text not null default 'en',
    role text not null default 'user' check (role in ('user', 'moderator', 'admin', 'owner')),
    reason text,                                      -- what an applicant wrote
    invite_id bigint,
    confirmed_at timestamptz,
    approved_at timestamptz,
    disabled_at timestamptz,
    epoch int not null default 0,                     -- raised to end every session, token and stream at once
    sign_up_ip inet,
    created_at timestamptz not null default now(),
    last_sign_in_at timestamptz
);
create unique index users_email on users (lower(email));

create table memberships (
    user_id bigint not null references users on delete cascade,
    account_id bigint not null references accounts on delete cascade,
    role text not null default 'owner' check (role in ('owner', 'editor', 'viewer')),
    created_at timestamptz not null default now(),
    primary key (user_id, account_id)
);
create index memberships_account on memberships (account_id);

create table user_tokens (                            -- single-use links: e-mail confirmation, password reset, owner sign-up
    hash bytea primary key,
    purpose text not null,
    user_id bigint references users on delete cascade,
    data text,
    expires_at timestamptz not null,
    created_at timestamptz not null default now()
);
create index user_tokens_user on user_tokens (user_id);

create table invites (
    id bigint primary key default timestamp_id(),
    code text not null unique,
    user_id bigint references users on delete cascade,
    max_uses int,
    uses int not null default 0,
    expires_at timestamptz,
    created_at timestamptz not null default now()
);

create table sessions (
    id bigint primary key default timestamp_id(),
    hash bytea not null unique,
    user_id bigint not null references users on delete cascade,
    epoch int not null,
    ip inet,
    user_agent text not null default '',
    created_at timestamptz not null default now(),
    last_used_at timestamptz not null default now()
);
create index sessions_user on sessions (user_id);

create table oauth_applications (
    id bigint primary key default timestamp_id(),
    client_id text not null unique,
    secret_hash bytea not null,
    name text not null,
    website text,
    redirect_uris text[] not null,
    scopes text not null,
    created_at timestamptz not null default now()
);

create table oauth_tokens (
    id bigint primary key default timestamp_id(),
    hash bytea not null unique,
    application_id bigint not null references oauth_applications on delete cascade,
    user_id bigint references users on delete cascade,
    account_id bigint references accounts on delete cascade,
    epoch int not null default 0,
    scopes text not null,
    created_at timestamptz not null default now(),
    last_used_at timestamptz,
    revoked_at timestamptz
);
create index oauth_tokens_user on oauth_tokens (user_id);
create index oauth_tokens_account on oauth_tokens (account_id);
create index oauth_tokens_application on oauth_tokens (application_id);

create table oauth_grants (
    hash bytea primary key,
    application_id bigint not null references oauth_applications on delete cascade,
    user_id bigint not null references users on delete cascade,
    account_id bigint not null references accounts on delete cascade,
    redirect_uri text not null,
    scopes text not null,
    code_challenge text,
    expires_at timestamptz not null,
    used_at timestamptz,
    token_id bigint,                                  -- what it was exchanged for: a second use revokes it
    created_at timestamptz not null default now()
);

-- ---------------------------------------------------------------- statuses

create table statuses (
    id bigint primary key default timestamp_id(),
    account_id bigint not null references accounts,
    uri text not null unique,
    url text,
    is_local boolean not null,
    type text not null default 'Note',
    visibility smallint not null,                     -- 0 public, 1 unlisted, 2 private, 3 direct
    content text not null default '',                 -- sanitised HTML
    text text,                                        -- what a local author typed
    content_type text not null default 'text/plain',  -- of text
    spoiler_text text not null default '',
    sensitive boolean not null default false,
    language text,
    in_reply_to_id bigint,
    in_reply_to_account_id bigint,
    in_reply_to_uri text,                             -- kept while the parent is not known here
    thread_id bigint not null,                        -- the id of the oldest known ancestor, or its own
    conversation_uri text,
    reblog_of_id bigint,
    poll_id bigint,
    media_ids bigint[] not null default '{}',         -- display order
    emojis text[] not null default '{}',              -- shortcodes used
    application_id bigint,
    replies_uri text,
    created_at timestamptz not null default now(),
    edited_at timestamptz,
    fetched_at timestamptz,
    version int not null default 0                    -- raised by every change that a reader can see
);
create index statuses_account on statuses (account_id, id desc);
create index statuses_account_shown on statuses (account_id, id desc) include (reblog_of_id, visibility)
    where visibility < 3;
create unique index statuses_reblog on statuses (account_id, reblog_of_id) where reblog_of_id is not null;
create index statuses_reblog_of on statuses (reblog_of_id, id desc) where reblog_of_id is not null;
create index statuses_in_reply_to on statuses (in_reply_to_id, id) where in_reply_to_id is not null;
create index statuses_dangling on statuses (in_reply_to_uri) where in_reply_to_uri is not null and in_reply_to_id is null;
create index statuses_thread on statuses (thread_id, id);
create index statuses_page on statuses (url) where is_local;
create index statuses_public on statuses (id desc) where visibility = 0 and reblog_of_id is null;
create index statuses_public_local on statuses (id desc) where visibility = 0 and reblog_of_id is null and is_local;
create index statuses_search on statuses
    using gin (to_tsvector('simple', spoiler_text || ' ' || coalesce(text, content)))
    where reblog_of_id is null;

create table status_stats (
    status_id bigint primary key references statuses on delete cascade,
    replies_count bigint not null default 0,
    reblogs_count bigint not null default 0,
    favourites_count bigint not null default 0
) with (fillfactor = 70);

create table status_edits (
    id bigint primary key default timestamp_id(),
    status_id bigint not null references statuses on delete cascade,
    account_id bigint not null,
    content text not null,
    text text,
    spoiler_text text not null,
    sensitive boolean not null,
    media jsonb not null default '[]',
    poll_options text[],
    emojis text[] not null default '{}',
    created_at timestamptz not null
);
create index status_edits_status on status_edits (status_id, id);

create table mentions (
    status_id bigint not null references statuses on delete cascade,
    account_id bigint not null references accounts,
    silent boolean not null default false,            -- addressed but not tagged: may read, is not told
    primary key (status_id, account_id)
);
create index mentions_account on mentions (account_id, status_id desc);

create table tags (
    id bigint primary key default timestamp_id(),
    name text not null unique,                        -- normalised
    display_name text not null,
    usable boolean not null default true,
    listable boolean not null default true,
    trendable boolean not null default true,
    created_at timestamptz not null default now(),
    last_status_at timestamptz
);
create index tags_search on tags (name text_pattern_ops);

create table status_tags (
    tag_id bigint not null references tags,
    status_id bigint not null references statuses on delete cascade,
    primary key (tag_id, status_id)
);
create index status_tags_status on status_tags (status_id);

create table tag_uses (                               -- per day and person: history and trends
    tag_id bigint not null references tags on delete cascade,
    day date not null,
    account_id bigint not null,
    uses int not null default 1,
    primary key (tag_id, day, account_id)
);
create index tag_uses_day on tag_uses (day);

create table tag_follows (
    id bigint primary key default timestamp_id(),
    tag_id bigint not null references tags on delete cascade,
    account_id bigint not null references accounts on delete cascade,
    created_at timestamptz not null default now(),
    unique (account_id, tag_id)
);
create index tag_follows_tag on tag_follows (tag_id);

create table featured_tags (
    id bigint primary key default timestamp_id(),
    account_id bigint not null references accounts on delete cascade,
    tag_id bigint not null references tags on delete cascade,
    created_at timestamptz not null default now(),
    unique (account_id, tag_id)
);

create table media_attachments (
    id bigint primary key default timestamp_id(),
    account_id bigint not null references accounts,
    status_id bigint references statuses on delete set null,
    type text not null default 'image' check (type in ('image', 'gifv', 'video', 'audio', 'unknown')),
    state text not null default 'ready' check (state in ('processing', 'ready', 'failed')),
    file text,                                        -- blob name: random, never a client's
    preview_file text,
    content_type text,
    preview_content_type text,
    file_size bigint,
    width int,
    height int,
    preview_width int,
    preview_height int,
    duration real,
    focus_x double precision,
    focus_y double precision,
    blurhash text,
    description text,
    remote_url text,
    preview_remote_url text,
    created_at timestamptz not null default now()
);
create index media_attachments_status on media_attachments (status_id);
create index media_attachments_account on media_attachments (account_id, id desc);
create index media_attachments_loose on media_attachments (created_at) where status_id is null;

create table polls (
    id bigint primary key default timestamp_id(),
    status_id bigint not null unique references statuses on delete cascade,
    options text[] not null,
    tallies bigint[] not null,                        -- votes an option
    votes_count bigint not null default 0,
    voters_count bigint,
    multiple boolean not null default false,
    hide_totals boolean not null default false,
    expires_at timestamptz,
    closed_at timestamptz,                            -- when its end was announced
    fetched_at timestamptz
);
create index polls_open on polls (expires_at) where closed_at is null;

create table poll_votes (
    id bigint primary key default timestamp_id(),
    poll_id bigint not null references polls on delete cascade,
    account_id bigint not null references accounts,
    choice int not null,
    uri text,
    created_at timestamptz not null default now(),
    unique (poll_id, account_id, choice)
);

create table custom_emojis (
    id bigint primary key default timestamp_id(),
    shortcode text not null,
    domain text not null default '',                  -- '' is ours
    uri text,
    file text,
    static_file text,
    remote_url text,
    static_remote_url text,
    category text,
    visible_in_picker boolean not null default true,
    disabled boolean not null default false,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (domain, shortcode)
);

create table preview_cards (
    id bigint primary key default timestamp_id(),
    url text not null,
    url_hash bytea not null unique,
    title text not null default '',
    description text not null default '',
    type text not null default 'link',
    author_name text not null default '',
    author_url text not null default '',
    provider_name text not null default '',
    provider_url text not null default '',
    html text not null default '',
    image_file text,
    image_description text not null default '',
    width int not null default 0,
    height int not null default 0,
    embed_url text not null default '',
    blurhash text,
    language text,
    published_at timestamptz,
    fetched_at timestamptz
);

create table status_cards (
    status_id bigint primary key references statuses on delete cascade,
    card_id bigint not null references preview_cards
);
create index status_cards_card on status_cards (card_id);

create table status_links (                           -- links that a public status carries: what trends are counted from
    status_id bigint not null references statuses on delete cascade,
    url text not null,
    url_hash bytea not null,
    primary key (status_id, url_hash)
);
create index status_links_url on status_links (url_hash, status_id desc);

create table idempotency_keys (
    account_id bigint not null references accounts on delete cascade,
    key text not null,
    status_id bigint,
    created_at timestamptz not null default now(),
    primary key (account_id, key)
);

create table scheduled_statuses (
    id bigint primary key default timestamp_id(),
    account_id bigint not null references accounts on delete cascade,
    user_id bigint not null references users on delete cascade,   -- who wrote it
    scheduled_at timestamptz not null,
    params jsonb not null,
    media_ids bigint[] not null default '{}',
    failed text,                                      -- why it could not be published at its time; it waits
    created_at timestamptz not null default now()
);
create index scheduled_statuses_account on scheduled_statuses (account_id, id desc);
create index scheduled_statuses_due on scheduled_statuses (scheduled_at) where failed is null;

-- ---------------------------------------------------------------- what people do with statuses

create table favourites (
    id bigint primary key default timestamp_id(),
    account_id bigint not null references accounts,
    status_id bigint not null references statuses on delete cascade,
    uri text,
    created_at timestamptz not null default now(),
    unique (account_id, status_id)
);
create index favourites_status on favourites (status_id, id desc);
create index favourites_listing on favourites (account_id, id desc);
create index favourites_uri on favourites (uri) where uri is not null;

create table bookmarks (
    id bigint primary key default timestamp_id(),
    account_id bigint not null references accounts,
    status_id bigint not null references statuses on delete cascade,
    created_at timestamptz not null default now(),
    unique (account_id, status_id)
);
create index bookmarks_status on bookmarks (status_id);
create index bookmarks_listing on bookmarks (account_id, id desc);

create table status_pins (
    id bigint primary key default timestamp_id(),
    account_id bigint not null references accounts,
    status_id bigint not null references statuses on delete cascade,
    created_at timestamptz not null default now(),
    unique (account_id, status_id)
);
create index status_pins_status on status_pins (status_id);

create table marks (                                  -- a viewer's flags on a status, read in one probe
    account_id bigint not null,
    status_id bigint not null references statuses on delete cascade,
    flags smallint not null,                          -- 1 favourited, 2 bookmarked, 4 reblogged, 8 pinned
    primary key (account_id, status_id) include (flags)
);
create index marks_status on marks (status_id);

create table conversation_mutes (
    account_id bigint not null references accounts on delete cascade,
    thread_id bigint not null,
    created_at timestamptz not null default now(),
    primary key (account_id, thread_id)
);

-- ---------------------------------------------------------------- people and people

create table follows (
    id bigint primary key default timestamp_id(),
    account_id bigint not null references accounts,
    target_id bigint not null references accounts,
    uri text not null,
    show_reblogs boolean not null default true,
    notify boolean not null default false,
    languages text[],
    created_at timestamptz not null default now(),
    unique (account_id, target_id)
);
create index follows_target on follows (target_id, id desc);
create index follows_listing on follows (account_id, id desc);
create index follows_uri on follows (uri);

create table follow_requests (
    id bigint primary key default timestamp_id(),
    account_id bigint not null references accounts,
    target_id bigint not null references accounts,
    uri text not null,
    show_reblogs boolean not null default true,
    notify boolean not null default false,
    languages text[],
    created_at timestamptz not null default now(),
    unique (account_id, target_id)
);
create index follow_requests_target on follow_requests (target_id, id desc);
create index follow_requests_uri on follow_requests (uri);

create table blocks (
    id bigint primary key default timestamp_id(),
    account_id bigint not null references accounts,
    target_id bigint not null references accounts,
    uri text,
    created_at timestamptz not null default now(),
    unique (account_id, target_id)
);
create index blocks_target on blocks (target_id);
create index blocks_listing on blocks (account_id, id desc);

create table mutes (
    id bigint primary key default timestamp_id(),
    account_id bigint not null references accounts,
    target_id bigint not null references accounts,
    hide_notifications boolean not null default true,
    expires_at timestamptz,
    created_at timestamptz not null default now(),
    unique (account_id, target_id)
);
create index mutes_target on mutes (target_id);
create index mutes_listing on mutes (account_id, id desc);

create table account_domain_blocks (
    id bigint primary key default timestamp_id(),
    account_id bigint not null references accounts on delete cascade,
    domain text not null,
    created_at timestamptz not null default now(),
    unique (account_id, domain)
);

create index account_domain_blocks_domain on account_domain_blocks (domain);

create table account_notes (
    account_id bigint not null references accounts on delete cascade,
    target_id bigint not null references accounts on delete cascade,
    comment text not null,
    primary key (account_id, target_id)
);

create table endorsements (
    id bigint primary key default timestamp_id(),
    account_id bigint not null references accounts on delete cascade,
    target_id bigint not null references accounts on delete cascade,
    created_at timestamptz not null default now(),
    unique (account_id, target_id)
);

create table suggestion_dismissals (
    account_id bigint not null references accounts on delete cascade,
    target_id bigint not null references accounts on delete cascade,
    primary key (account_id, target_id)
);

-- ---------------------------------------------------------------- what a reader has

create table home (
    owner_id bigint not null,
    status_id bigint not null,
    orig_id bigint not null,                          -- the boosted status, or status_id itself
    primary key (owner_id, status_id) include (orig_id)
);
create index home_status on home (status_id);

create table lists (
    id bigint primary key default timestamp_id(),
    account_id bigint not null references accounts on delete cascade,
    title text not null,
    replies_policy text not null default 'list' check (replies_policy in ('followed', 'list', 'none')),
    exclusive boolean not null default false,
    created_at timestamptz not null default now()
);
create index lists_account on lists (account_id, id);

create table list_accounts (
    id bigint primary key default timestamp_id(),
    list_id bigint not null references lists on delete cascade,
    account_id bigint not null references accounts on delete cascade,
    unique (list_id, account_id)
);
create index list_accounts_account on list_accounts (account_id);

create table notifications (
    id bigint generated by default as identity primary key,
    account_id bigint not null references accounts on delete cascade,
    from_account_id bigint not null references accounts on delete cascade,
    type text not null,
    status_id bigint,
    group_key text,
    filtered boolean not null default false,
    created_at timestamptz not null default now(),
    unique nulls not distinct (account_id, type, from_account_id, status_id)
);
create index notifications_account on notifications (account_id, id desc);
create index notifications_status on notifications (status_id);
create index notifications_from on notifications (from_account_id);

create table conversations (                          -- direct threads as one participant sees them
    id bigint primary key default timestamp_id(),
    account_id bigint not null references accounts on delete cascade,
    thread_id bigint not null,
    participant_ids bigint[] not null,                -- the others, sorted
    status_ids bigint[] not null default '{}',        -- newest last, so that deleting the last one shows the one before
    last_status_id bigint,
    unread boolean not null default false,
    unique (account_id, thread_id, participant_ids)
);
create index conversations_account on conversations (account_id, last_status_id desc);
create index conversations_last on conversations (last_status_id);

create table markers (
    user_id bigint not null references users on delete cascade,
    account_id bigint not null references accounts on delete cascade,
    timeline text not null check (timeline in ('home', 'notifications')),
    last_read_id bigint not null,
    version int not null default 1,
    updated_at timestamptz not null default now(),
    primary key (user_id, account_id, timeline)
);

create table filters (
    id bigint primary key default timestamp_id(),
    account_id bigint not null references accounts on delete cascade,
    title text not null,
    context text[] not null,
    action text not null default 'warn' check (action in ('warn', 'hide', 'blur')),
    expires_at timestamptz,
    created_at timestamptz not null default now()
);
create index filters_account on filters (account_id, id);

create table filter_keywords (
    id bigint primary key default timestamp_id(),
    filter_id bigint not null references filters on delete cascade,
    keyword text not null,
    whole_word boolean not null default true
);
create index filter_keywords_filter on filter_keywords (filter_id);

create table filter_statuses (
    id bigint primary key default timestamp_id(),
    filter_id bigint not null references filters on delete cascade,
    status_id bigint not null references statuses on delete cascade,
    unique (filter_id, status_id)
);
create index filter_statuses_status on filter_statuses (status_id);

create table announcements (
    id bigint primary key default timestamp_id(),
    text text not null,
    content text not null,
    starts_at timestamptz,
    ends_at timestamptz,
    all_day boolean not null default false,
    published_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create table announcement_reads (
    account_id bigint not null references accounts on delete cascade,
    announcement_id bigint not null references announcements on delete cascade,
    primary key (account_id, announcement_id)
);

create table announcement_reactions (
    announcement_id bigint not null references announcements on delete cascade,
    account_id bigint not null references accounts on delete cascade,
    name text not null,
    created_at timestamptz not null default now(),
    primary key (announcement_id, account_id, name)
);

-- ---------------------------------------------------------------- moderation

create table reports (
    id bigint primary key default timestamp_id(),
    account_id bigint not null references accounts,
    target_id bigint not null references accounts,
    uri text,
    comment text not null default '',
    category text not null default 'other',
    status_ids bigint[] not null default '{}',
    rule_ids bigint[] not null default '{}',
    forwarded boolean not null default false,
    action_taken_at timestamptz,
    created_at timestamptz not null default now()
);
create index reports_target on reports (target_id);
create unique index reports_uri on reports (uri) where uri is not null;

create table audit_log (
    id bigint primary key default timestamp_id(),
    actor text not null,                              -- a user id, or 'cli'
    action text not null,
    target text not null default '',
    detail jsonb not null default '{}',
    created_at timestamptz not null default now()
);

-- ---------------------------------------------------------------- work

create table jobs (
    id bigint generated by default as identity primary key,
    queue text not null,                              -- event | network | inbox | slow
    name text not null,
    payload jsonb not null,
    key text,                                         -- at most one waiting job a (name, key), not counting leased ones
    lane text,                                        -- jobs of one lane run one after another (an actor's activities)
    run_at timestamptz not null default now(),
    attempts int not null default 0,
    holder text,                                      -- application_name of who runs it, run_at being its lease
    failed_at timestamptz,                            -- parked: kept, visible to the operator, not run
    last_error text,
    created_at timestamptz not null default now()
) with (fillfactor = 80);
create index jobs_due on jobs (queue, run_at, id) where failed_at is null;
create unique index jobs_key on jobs (name, key) where key is not null and holder is null;
create index jobs_lane on jobs (lane, id) where lane is not null and failed_at is null;
create index jobs_failed on jobs (failed_at) where failed_at is not null;

create table activities (                             -- what we sent, stored once
    id bigint primary key default timestamp_id(),
    uri text not null unique,
    account_id bigint not null references accounts,
    object_uri text,
    body text not null,                               -- JSON, exactly as sent
    created_at timestamptz not null default now()
);
create index activities_object on activities (object_uri);

create table deliveries (                             -- queue and ledger in one
    id bigint generated by default as identity primary key,
    activity_id bigint not null references activities on delete cascade,
    sender_id bigint not null references accounts,
    inbox text not null,
    host text not null,
    state text not null default 'waiting' check (state in ('waiting', 'delivered', 'refused', 'expired')),
    attempts int not null default 0,
    next_at timestamptz not null default now(),
    leased_until timestamptz,                         -- while somebody is sending it
    holder text,                                      -- that somebody's application_name
    last_status int,
    last_error text,
    created_at timestamptz not null default now(),
    delivered_at timestamptz,
    unique (activity_id, inbox)
) with (fillfactor = 80);
create index deliveries_due on deliveries (host, id) include (next_at) where state = 'waiting';
create index deliveries_leased on deliveries (host) where state = 'waiting' and leased_until is not null;
create index deliveries_tried on deliveries (host, sender_id, id) where state = 'waiting' and attempts > 0;
create index deliveries_done on deliveries (delivered_at) where state <> 'waiting';

create table inbox_activities (                       -- which activities arrived: none is handled twice
    uri_hash bytea primary key,                       -- sha256 of the activity id
    received_at timestamptz not null default now()
);
create index inbox_activities_received on inbox_activities (received_at);

create table tombstones (                             -- deleted or undone, perhaps before it was ever seen
    uri_hash bytea primary key,
    actor_uri text not null,                          -- who said so: only its own objects are meant
    created_at timestamptz not null default now()
);
