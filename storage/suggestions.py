"""Accounts worth following, and why: the operators' choice, friends' friends, whom people like oneself follow, and who
is popular here or much liked lately."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from storage import ids
from storage.db import Conn
from storage.rows import structs


class Suggestion(msgspec.Struct, frozen=True):
    """`sources`: every reason, the best first, in the client API's words."""

    account_id: int
    sources: list[str]


# How far we look: the latest people somebody follows, and the latest people each of those follows.
FRIENDS, PER_FRIEND = 200, 100
# The people one followed last, and their latest other followers.
RECENT, PER_RECENT = 10, 50
LIKED_DAYS = 30
# The newest likes that are looked at.
LIKES = 20_000
POPULAR = 500


# Who comes into question: $1 looks; reasons in their order, and what each weighs.
_CANDIDATES = """
    with friends as (
        select f.target_id from follows f join accounts a on a.id = f.target_id and not a.hide_collections
        where f.account_id = $1 order by f.id desc limit $3),
    featured as (
        select a.id as target_id, 0::bigint as weight from accounts a
        where (lower(a.username), lower(a.domain)) in (
            select lower(u), lower(d) from unnest($5::text[], $6::text[]) as h(u, d))),
    theirs as (
        select t.target_id, count(*) as weight from friends,
            lateral (select f.target_id from follows f where f.account_id = friends.target_id
                order by f.id desc limit $4) t
        group by t.target_id),
    recent as (select f.target_id from follows f where f.account_id = $1 order by f.id desc limit $7),
    alike as (
        select distinct n.account_id from recent, lateral (
            select f.account_id from follows f where f.target_id = recent.target_id and f.account_id <> $1
            order by f.id desc limit $8) n
        join accounts a on a.id = n.account_id and not a.hide_collections),
    similar_people as (
        select t.target_id, count(*) as weight from alike,
            lateral (select f.target_id from follows f where f.account_id = alike.account_id
                order by f.id desc limit $4) t
        group by t.target_id having count(*) > 1),
    liked as (
        select s.account_id as target_id, count(distinct l.account_id) as weight
        from (select account_id, status_id from favourites where id > $9 order by id desc limit $10) l
        join statuses s on s.id = l.status_id and s.account_id <> l.account_id and s.visibility = 0
        join accounts w on w.id = l.account_id and w.is_local
        group by s.account_id having count(distinct l.account_id) > 1),
    popular as (
        select a.id as target_id, st.followers_count as weight
        from accounts a join account_stats st on st.account_id = a.id
        where a.is_local and a.discoverable and st.statuses_count > 0
        order by st.followers_count desc, a.id limit $11),
    reasons as (
        select target_id, weight, 0 as place, 'featured' as source from featured
        union all select target_id, weight, 1, 'friends_of_friends' from theirs
        union all select target_id, weight, 2, 'similar_to_recently_followed' from similar_people
        union all select target_id, weight, 3, 'most_followed' from popular
        union all select target_id, weight, 4, 'most_interactions' from liked),
    candidates as (
        select target_id, array_agg(source order by place) as sources, min(place) as place,
            (array_agg(weight order by place))[1] as weight
        from reasons group by target_id)"""

# The viewer neither knows nor avoids them.
_NEW = """(
    not exists (select from follows f where f.account_id = $1 and f.target_id = a.id)
    and not exists (select from follow_requests r where r.account_id = $1 and r.target_id = a.id)
    and not exists (select from blocks b where (b.account_id, b.target_id) in (($1, a.id), (a.id, $1)))
    and not exists (select from mutes m where m.account_id = $1 and m.target_id = a.id
        and (m.expires_at is null or m.expires_at > now()))
    and not exists (select from account_domain_blocks d where d.account_id = $1 and d.domain = lower(a.domain)
        and not a.is_local))"""


async def for_viewer(
    conn: Conn, viewer_id: int, *, featured: Sequence[tuple[str, str]], limit: int
) -> list[Suggestion]:
    """Those named in `featured` (user name, domain) first, then by reason and by weight within it.

    Only people who want to be found, and none whom the viewer knows, avoids or has waved away.
    """
    records = await conn.fetch(
        f"""
        {_CANDIDATES}
        select a.id as account_id, c.sources
        from candidates c join accounts a on a.id = c.target_id join account_stats st on st.account_id = a.id
        where a.id <> $1 and a.id > 0 and a.discoverable and a.suspended_at is null and a.silenced_at is null
            and a.moved_to_id is null and not a.memorial
            and not exists (select from suggestion_dismissals d where d.account_id = $1 and d.target_id = a.id)
            and {_NEW}
            and not a.pending
        order by c.place, c.weight desc, st.followers_count desc, a.id limit $2
        """,
        viewer_id, limit, FRIENDS, PER_FRIEND, [name for name, _ in featured], [domain for _, domain in featured],
        RECENT, PER_RECENT, ids.floor(datetime.now(UTC) - timedelta(days=LIKED_DAYS)), LIKES, POPULAR,
    )  # fmt: skip
    return structs(Suggestion, records)


async def dismiss(conn: Conn, viewer_id: int, target_id: int) -> None:
    await conn.execute(
        """
        insert into suggestion_dismissals (account_id, target_id)
        select $1, id from accounts where id = $2 on conflict do nothing
        """,
        viewer_id, target_id,
    )  # fmt: skip
