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
