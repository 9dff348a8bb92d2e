"""Which inboxes an activity goes to: shared ones where there are, remote and not suspended accounts only."""

from collections.abc import Sequence

from storage.db import Conn

_INBOX = "coalesce(a.shared_inbox, a.inbox)"
# Those that pass on what they are sent.
_RELAYS = "select inbox from relays where state = 'accepted' and not follows_actor"


async def of_followers(conn: Conn, account_id: int) -> list[str]:
    """Of everybody who follows the account."""
    records = await conn.fetch(
        f"""
        select distinct {_INBOX} from follows f join accounts a on a.id = f.account_id
        where f.target_id = $1 and not a.is_local and a.suspended_at is null
        """,
        account_id,
    )
    return [record[0] for record in records]


# Of `people`, whom an account has news for.
_TOLD = f"""
    select {_INBOX} from people p join accounts a on a.id = p.account_id
    where not a.is_local and a.suspended_at is null
        and not exists (select from blocks b where b.account_id = $1 and b.target_id = a.id)"""
# Of each kind of people that an account dealt with lately, those of so long are told of its news, up to so many.
_SINCE = "((extract(epoch from now() - interval '2 days') * 1000)::bigint << 16)"
_MOST = 2000


async def of_profile(conn: Conn, account_id: int) -> list[str]:
    """Of everybody who shows the account: its followers, or those who were told that it had moved, and follow no more
    by that; who reported it; whom it mentioned, followed or asked in the last two days; and relays."""
    records = await conn.fetch(
        f"""
        with people as (
            select account_id from follows where target_id = $1
            union (select account_id from reports where target_id = $1 order by id desc limit {_MOST})
            union (select m.account_id from statuses s join mentions m on m.status_id = s.id
                where s.account_id = $1 and s.id > {_SINCE} order by s.id desc limit {_MOST})
            union (select target_id from follows
                where account_id = $1 and id > {_SINCE} order by id desc limit {_MOST})
            union (select target_id from follow_requests
                where account_id = $1 and id > {_SINCE} order by id desc limit {_MOST}))
        {_TOLD}
        union select d.inbox from moves m join activities v on v.uri = m.uri join deliveries d on d.activity_id = v.id
        where m.account_id = $1
        union {_RELAYS}
        """,
        account_id,
    )
    return [record[0] for record in records]


async def of_move(conn: Conn, account_id: int) -> list[str]:
    """Of everybody who has to know that an account goes on as another: its followers, whoever blocks it, and relays."""
    records = await conn.fetch(
        f"""
        with people as (
            select account_id from follows where target_id = $1
            union select account_id from blocks where target_id = $1)
        {_TOLD}
        union {_RELAYS}
        """,
        account_id,
    )
    return [record[0] for record in records]


async def of_opinion(conn: Conn, status_id: int) -> list[str]:
    """Whoever counts what others think of a post: its author, and the communities that it is in."""
    records = await conn.fetch(
        """
        select distinct a.inbox from accounts a where not a.is_local and (
            a.id = (select account_id from statuses where id = $1)
            or a.id in (select account_id from status_groups where status_id = $1) and a.suspended_at is null)
        """,
        status_id,
    )
    return [record[0] for record in records]


async def of_followers_of_author(conn: Conn, status_id: int) -> list[str]:
    """Of everybody who follows the author of a public post of ours."""
    records = await conn.fetch(
        f"""
        select distinct {_INBOX} from statuses p join follows f on f.target_id = p.account_id
        join accounts a on a.id = f.account_id
        where p.id = $1 and p.is_local and p.visibility < 2 and not a.is_local and a.suspended_at is null
        """,
        status_id,
    )
    return [record[0] for record in records]


async def of_accounts(conn: Conn, account_ids: Sequence[int]) -> list[str]:
    """Of these accounts."""
    records = await conn.fetch(
        f"select distinct {_INBOX} from accounts a where a.id = any($1) and not a.is_local and a.suspended_at is null",
        account_ids,
    )
    return [record[0] for record in records]


async def of_status(conn: Conn, status_id: int, *, with_interested: bool = False) -> list[str]:
    """Of everybody who is to have a post or a boost.

    Followers unless it is direct; the mentioned; the author of what it boosts; if everybody may read it the authors of
    what it answers or quotes too, and for an answer to one of ours the followers of that author, who see the thread.
    `with_interested`: of a post that everybody may read also those who favourited, boosted, answered, quoted it,
    reacted to it or voted, since they hold a copy; of any other that is only what they say. A direct post goes to
    personal inboxes, a public one to relays too; nothing goes to whom the author blocks, nor of an author who is
    suspended by now.
    """
    records = await conn.fetch(
        f"""
        with s as (
            select o.* from statuses o join accounts w on w.id = o.account_id and w.suspended_at is null
            where o.id = $1),
        people as (
            select m.account_id from mentions m where m.status_id = $1
            union select p.account_id from statuses p, s
                where (p.id = s.in_reply_to_id and s.visibility < 2) or (p.id = s.reblog_of_id and s.visibility < 3)
            union select q.quoted_account_id from quotes q, s where q.status_id = $1 and s.visibility < 2
            union select f.account_id from follows f, s where f.target_id = s.account_id and s.visibility < 3
            union select f.account_id from follows f, s, statuses p
                where p.id = s.in_reply_to_id and p.is_local and p.visibility < 2 and s.visibility < 2
                  and f.target_id = p.account_id
            union select i.account_id from s cross join lateral (
                select v.account_id from favourites v where v.status_id = $1
                union all select v.account_id from reactions v where v.status_id = $1
                union all select r.account_id from statuses r where r.reblog_of_id = $1
                union all select r.account_id from statuses r where r.in_reply_to_id = $1
                union all select q.account_id from quotes q where q.quoted_id = $1
                union all select v.account_id from poll_votes v where v.poll_id = s.poll_id) i
                where $2 and s.visibility < 2)
        select distinct case when s.visibility = 3 then a.inbox else {_INBOX} end
        from people p join accounts a on a.id = p.account_id, s
        where not a.is_local and a.suspended_at is null
          and not exists (select from blocks b where b.account_id = s.account_id and b.target_id = a.id)
        union select r.inbox from relays r, s
        where r.state = 'accepted' and not r.follows_actor and s.visibility = 0 and s.reblog_of_id is null
        """,
        status_id, with_interested,
    )  # fmt: skip
    return [record[0] for record in records]


async def behind(conn: Conn, inboxes: Sequence[str], *, age_seconds: float, limit: int) -> list[str]:
    """URIs of accounts elsewhere that read one of the inboxes, shared or not, and were not read lately; the oldest
    first."""
    records = await conn.fetch(
        """
        select uri from (
            select uri, fetched_at from accounts
                where inbox = any($1) and not is_local and suspended_at is null
            union select uri, fetched_at from accounts
                where shared_inbox = any($1) and not is_local and suspended_at is null) a
        where fetched_at is null or fetched_at < now() - make_interval(secs => $2)
        order by fetched_at nulls first limit $3
        """,
        inboxes, age_seconds, limit,
    )  # fmt: skip
    return [record[0] for record in records]


async def of_everybody(conn: Conn, account_id: int) -> list[str]:
    """Every inbox that is known, for an account that ever had something to show, since its profile may have been looked
    up from anywhere; of any other nobody's but whom it dealt with."""
    shown = await conn.fetchval(
        "select exists (select from statuses where account_id = $1 and visibility < 2)", account_id
    )
    if not shown:
        return await of_acquaintances(conn, account_id)
    records = await conn.fetch(
        f"select {_INBOX} from accounts a where not a.is_local and a.suspended_at is null union {_RELAYS}"
    )
    return [record[0] for record in records]


async def of_acquaintances(conn: Conn, account_id: int) -> list[str]:
    """Of everybody who may hold a copy of the account: followers, followed, whom it mentioned or dealt with."""
    records = await conn.fetch(
        f"""
        with people as (
            select account_id from follows where target_id = $1
            union select target_id from follows where account_id = $1
            union select m.account_id from mentions m join statuses s on s.id = m.status_id where s.account_id = $1
            union select o.account_id from favourites v join statuses o on o.id = v.status_id where v.account_id = $1
            union select o.account_id from reactions v join statuses o on o.id = v.status_id where v.account_id = $1
            union select o.account_id from statuses b join statuses o on o.id = b.reblog_of_id where b.account_id = $1)
        select distinct {_INBOX} from people p join accounts a on a.id = p.account_id where not a.is_local
        """,
        account_id,
    )
    return [record[0] for record in records]
