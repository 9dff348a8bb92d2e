"""A server that has been lived in: 2,000 people, 100,000 posts, and what they did with them. Made by SQL in seconds."""

from storage.db import Conn, Database

PEOPLE = 2_000
POSTS = 100_000
READER_FOLLOWS = 300
THREAD = 60  # answers below one post

# A tenth of the people live here, the others on fifty servers.
_PEOPLE = f"""
with made as (
    insert into accounts (username, domain, is_local, uri, url, inbox, shared_inbox, display_name, note, indexable,
                          discoverable)
    select name, host, n % 10 = 0, 'https://' || host || '/users/' || name, 'https://' || host || '/@' || name,
           'https://' || host || '/users/' || name || '/inbox', 'https://' || host || '/inbox',
           initcap(split_part(name, '_', 1)) || ' ' || initcap(split_part(name, '_', 2)), '<p>Somebody</p>', true, true
    from generate_series(1, {PEOPLE}) n,
         lateral (select (array['anna', 'bruno', 'carla', 'dmitri', 'elena', 'femi', 'greta', 'hiro'])[n % 8 + 1] || '_'
                         || (array['baker', 'miller', 'sailor', 'painter', 'gardener'])[n / 8 % 5 + 1] || n as name,
                         case when n % 10 = 0 then $1 else 'server' || n % 50 || '.test' end as host) as named
    returning id)
insert into account_stats (account_id, statuses_count) select id, {POSTS // PEOPLE} from made
"""
# Half a year of posts: each third one answers an earlier one, each tenth boosts one.
_POSTS = f"""
with people as (select array_agg(id order by id) as ids, array_agg(is_local order by id) as local from accounts
                where username ~ '^[a-z]+_[a-z]+[0-9]+$'),
drawn as materialized (
    select n, 1 + (n * 7919) % {PEOPLE} as author, now() - interval '180 days' * (1 - n::float / {POSTS}) as at,
           timestamp_id(now() - interval '180 days' * (1 - n::float / {POSTS})) as id
    from generate_series(1, {POSTS}) n),
linked as materialized (
    select drawn.*, case when drawn.n % 3 = 0 then parent.id end as parent_id,
           case when drawn.n % 10 = 1 and drawn.n > 10 then boosted.id end as boosted_id
    from drawn left join drawn parent on parent.n = drawn.n - 1 - drawn.n % 97 and parent.n % 10 <> 1
    left join drawn boosted on boosted.n = drawn.n - 2 and boosted.n % 10 <> 1),
made as (
    insert into statuses (id, account_id, uri, url, is_local, visibility, content, text, spoiler_text, language,
                          in_reply_to_id, thread_id, reblog_of_id, created_at)
    select id, people.ids[author], 'urn:town:' || n, 'https://town.test/' || n, people.local[author],
           case when n % 20 = 7 then 2 when n % 20 = 8 then 1 else 0 end,
           case when boosted_id is null then '<p>Post ' || n || ' about '
                || (array['bread', 'the sea', 'a garden', 'trains', 'weather'])[n % 5 + 1]
                || ' and <a href="https://example.org/' || n || '">a link</a>, long enough to be like one.</p>'
                else '' end,
           null, case when n % 25 = 0 then 'careful' else '' end, 'en', parent_id, coalesce(parent_id, id), boosted_id,
           at
    from linked, people
    on conflict do nothing
    returning id)
insert into status_stats (status_id, favourites_count) select id, 1 from made
"""
_DEEDS = [
    "insert into tags (name, display_name) select t, t from unnest(array['bread', 'sea', 'garden', 'trains']) t",
    """
    insert into status_tags (tag_id, status_id)
    select tags.id, statuses.id from statuses, tags
    where reblog_of_id is null and hashtext(uri) & 15 = length(tags.name) on conflict do nothing
    """,
    """
    insert into favourites (account_id, status_id)
    select a.id, s.id from (select id, row_number() over (order by id) n from statuses where reblog_of_id is null) s
    join (select id, row_number() over (order by id) n from accounts) a on a.n = s.n % 1900 on conflict do nothing
    """,
]


async def build(db: Database, domain: str, reader_id: int) -> dict[str, str]:
    """Seed; paths worth asking for by what they are."""
    async with db.transaction() as conn:
        await conn.execute("set local statement_timeout = 0")
        await conn.execute(_PEOPLE, domain, timeout=300)
        await conn.execute(_POSTS, timeout=300)
        for deed in _DEEDS:
            await conn.execute(deed, timeout=300)
        await _reader(conn, reader_id)
        thread_id = await _thread(conn, reader_id)
        prolific: int = await conn.fetchval("select account_id from statuses order by id desc limit 1")
    await tidy(db)
    return {
        "home, 40": "/api/v1/timelines/home?limit=40",
        "public, 40": "/api/v1/timelines/public?limit=40",
        "tag, 40": "/api/v1/timelines/tag/garden?limit=40",
        "profile, 40": f"/api/v1/accounts/{prolific}/statuses?limit=40",
        f"thread of {THREAD}": f"/api/v1/statuses/{thread_id}/context",
        "notifications, 40": "/api/v1/notifications?limit=40",
        "search, people": "/api/v2/search?q=gardener&type=accounts",
        "search, hashtags": "/api/v2/search?q=ga&type=hashtags",
        "search, posts": "/api/v2/search?q=garden&type=statuses",
    }


async def tidy(db: Database) -> None:
    """As it is done by itself in a quiet minute."""
    own = await db.connect()
    try:
        await own.execute("vacuum analyze", timeout=300)
    finally:
        await own.close()


async def _reader(conn: Conn, reader_id: int) -> None:
    """Somebody who follows many, is built a home of their posts, and was told a lot."""
    await conn.execute(
        f"""
        with followed as (select id from accounts where id <> $1 order by id desc limit {READER_FOLLOWS}),
        made as (insert into follows (account_id, target_id, uri) select $1, id, 'urn:follow:' || id from followed)
        insert into home (owner_id, status_id, orig_id)
        select $1, s.id, coalesce(s.reblog_of_id, s.id) from statuses s join followed on followed.id = s.account_id
        order by s.id desc limit 800
        """,
        reader_id,
    )
    await conn.execute(
        "update account_settings set last_active_at = now(), home_built_at = now() where account_id = $1", reader_id
    )


async def _thread(conn: Conn, reader_id: int) -> int:
    """A post of the reader's with answers in a tree, each of which is a mention; its id."""
    root: int = await conn.fetchval(
        """
        insert into statuses (account_id, uri, url, is_local, visibility, content, thread_id)
        values ($1, 'urn:root', 'https://town.test/root', true, 0, '<p>What do you think?</p>', 0) returning id
        """,
        reader_id,
    )
    await conn.execute("update statuses set thread_id = id where id = $1", root)
    await conn.execute(
        f"""
        with authors as (select id, row_number() over (order by id) as n from accounts where id <> $1 limit {THREAD}),
        made as (
            insert into statuses (id, account_id, uri, url, is_local, visibility, content, in_reply_to_id, thread_id)
            select $2 + n, id, 'urn:answer:' || n, 'https://town.test/answers/' || n, false, 0, '<p>This.</p>',
                   $2 + n / 3, $2 from authors returning id, account_id),
        told as (
            insert into notifications (account_id, from_account_id, type, status_id)
            select $1, account_id, 'mention', id from made)
        insert into status_stats (status_id) select id from made union all select $2
        """,
        reader_id, root,
    )  # fmt: skip
    return root
