"""Accounts worth following: those whom one's friends follow, and those who are popular here."""

import msgspec

from storage.db import Conn
from storage.rows import structs


class Suggestion(msgspec.Struct, frozen=True):
    account_id: int
    from_friends: bool


# How far we look: the latest people somebody follows, and the latest people each of those follows.
FRIENDS, PER_FRIEND = 200, 100


async def for_viewer(conn: Conn, viewer_id: int, *, limit: int) -> list[Suggestion]:
    """Friends of friends first, by how many friends follow them; then people here, by followers.

    Only people who want to be found, and none whom the viewer knows, avoids or has waved away.
    """
    records = await conn.fetch(
        """
        with friends as (
            select f.target_id from follows f join accounts a on a.id = f.target_id and not a.hide_collections
            where f.account_id = $1 order by f.id desc limit $3),
        theirs as (
            select t.target_id, count(*) as friends from friends,
                lateral (select f.target_id from follows f where f.account_id = friends.target_id
                    order by f.id desc limit $4) t
            group by t.target_id),
        popular as (
            select a.id as target_id from accounts a join account_stats st on st.account_id = a.id
            where a.is_local and a.discoverable and st.statuses_count > 0
            order by st.followers_count desc, a.id limit 500),
        candidates as (
            select target_id, friends from theirs
            union all select target_id, 0 from popular where target_id not in (select target_id from theirs))
        select a.id as account_id, c.friends > 0 as from_friends
        from candidates c join accounts a on a.id = c.target_id join account_stats st on st.account_id = a.id
        where a.id <> $1 and a.id > 0 and a.discoverable and a.suspended_at is null and a.silenced_at is null
            and a.moved_to_id is null and not a.memorial
            and not exists (select from follows f where f.account_id = $1 and f.target_id = a.id)
            and not exists (select from follow_requests r where r.account_id = $1 and r.target_id = a.id)
            and not exists (select from blocks b where (b.account_id, b.target_id) in (($1, a.id), (a.id, $1)))
            and not exists (select from mutes m where m.account_id = $1 and m.target_id = a.id
                and (m.expires_at is null or m.expires_at > now()))
            and not exists (select from account_domain_blocks d where d.account_id = $1 and d.domain = lower(a.domain)
                and not a.is_local)
            and not exists (select from suggestion_dismissals d where d.account_id = $1 and d.target_id = a.id)
            and not a.pending
        order by c.friends desc, st.followers_count desc, a.id limit $2
        """,
        viewer_id, limit, FRIENDS, PER_FRIEND,
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
