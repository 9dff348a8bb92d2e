-- Words of posts are made by fedi/text/words.py, for every script alike, and stored. Beside the words stand marks, which
-- no word can be: '@ID' the author, '~ID' somebody here who is named in it or has answered it, '#name' a hashtag,
-- '=reply', '=poll', '=image'… what it is and has, '=lang:en'. A job fills in the posts that are there already.

create table status_words (
    status_id bigint primary key references statuses on delete cascade,
    words tsvector not null
);
create index status_words_words on status_words using gin (words);
drop index statuses_search;

insert into jobs (queue, name, payload, key)
select 'slow', 'index_statuses', '{}', 'all' where exists (select from statuses where reblog_of_id is null);

create index poll_votes_account on poll_votes (account_id);

-- The same as `fold_name` in storage/search.py: lower case, without accents.
create function fold(name text) returns text
language sql immutable parallel safe as $$
    select lower(regexp_replace(normalize(name, nfkd), '[\u0300-\u036f]', '', 'g'))
$$;

drop index accounts_search;
alter table accounts add column names text not null generated always as (fold(username || ' ' || display_name)) stored;
create index accounts_search on accounts using gin (names gin_trgm_ops);

-- What is fetched around a thread because somebody here reads it: clients ask how it goes.
create table thread_refreshes (
    id bigint primary key default ('x' || left(md5(gen_random_uuid()::text), 15))::bit(60)::bigint,   -- not to be guessed
    status_id bigint not null references statuses on delete cascade,
    fetched int not null default 0,                   -- posts that were not known before
    started_at timestamptz not null default now(),
    finished_at timestamptz
);
create index thread_refreshes_status on thread_refreshes (status_id, started_at desc);
create index thread_refreshes_started on thread_refreshes (started_at);
