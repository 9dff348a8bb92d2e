-- Collections: people whom somebody recommends. Who is in one has agreed to it, as their server or ours can prove.

alter table accounts
    add column collections_uri text,                  -- where an actor lists the collections it has made
    -- Who may put the account into a collection, by the bits of quotes; of accounts here it follows from their profile.
    add column feature_automatic smallint,            -- null: its server says nothing about collections
    add column feature_manual smallint not null default 0;
update accounts set collections_uri = uri || '/featured_collections' where is_local and id > 0;

create table collections (
    id bigint primary key default timestamp_id(),
    account_id bigint not null references accounts on delete cascade,
    is_local boolean not null,
    uri text not null unique,
    url text,
    name text not null,
    description text not null default '',             -- of ours text, of others clean HTML
    language text,
    sensitive boolean not null default false,
    discoverable boolean not null default true,
    tag text,                                         -- as it was written, without its sign
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index collections_url on collections (url);
create index collections_account on collections (account_id, id desc);

create table collection_items (
    id bigint primary key default timestamp_id(),
    collection_id bigint not null references collections on delete cascade,
    account_id bigint references accounts on delete cascade,  -- null while the actor is not known here
    object_uri text not null,                         -- the actor
    uri text,                                         -- null until its collection lists it
    position integer not null,
    state text not null check (state in ('pending', 'accepted', 'rejected', 'revoked')),
    request_uri text unique,                          -- the FeatureRequest of ours
    approval_uri text,                                -- the FeatureAuthorization; proven only where the state is accepted
    created_at timestamptz not null default now(),
    unique (collection_id, object_uri)
);
create index collection_items_account on collection_items (account_id, collection_id desc);
create index collection_items_uri on collection_items (uri) where uri is not null;
create index collection_items_approval on collection_items (approval_uri) where approval_uri is not null;
