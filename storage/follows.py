"""Who follows whom, and who has asked to. A follow exists only once its target has agreed."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from storage import events, inbox
from storage.db import Conn
from storage.paging import Page
from storage.rows import columns, struct, structs


class Follow(msgspec.Struct, frozen=True):
    """A row of `follows` or of `follow_requests`: they have the same shape."""

    id: int
    account_id: int
    target_id: int
    uri: str
    show_reblogs: bool
    notify: bool
    languages: list[str] | None
    created_at: datetime


class Options(msgspec.Struct, frozen=True):
    """What the follower wants of it; None leaves what is, or takes the default. No languages means all of them."""

    show_reblogs: bool | None = None
    notify: bool | None = None
    languages: list[str] | None = None


_COLUMNS = columns(Follow)


async def find(conn: Conn, account_id: int, target_id: int) -> Follow | None:
    record = await conn.fetchrow(
        f"select {_COLUMNS} from follows where account_id = $1 and target_id = $2", account_id, target_id
    )
    return struct(Follow, record)


async def of_community(conn: Conn, account_id: int, target_id: int) -> bool:
    """Whether somebody follows an account that is a community."""
    found: bool = await conn.fetchval(
        """
        select exists (
            select from accounts a join follows f on f.target_id = a.id and f.account_id = $1
            where a.id = $2 and a."group")
        """,
        account_id, target_id,
    )  # fmt: skip
    return found


async def find_request(conn: Conn, account_id: int, target_id: int) -> Follow | None:
    record = await conn.fetchrow(
        f"select {_COLUMNS} from follow_requests where account_id = $1 and target_id = $2", account_id, target_id
    )
    return struct(Follow, record)


async def by_uri(conn: Conn, uri: str) -> Follow | None:
    """A follow or a request by the URI of its Follow activity."""
    record = await conn.fetchrow(
        f"""
        select {_COLUMNS} from follows where uri = $1
        union all select {_COLUMNS} from follow_requests where uri = $1
        """,
        uri,
    )
    return struct(Follow, record)


async def ask(conn: Conn, *, follow_id: int, uri: str, account_id: int, target_id: int, options: Options) -> None:
    """Follow, or ask to: an open local account agrees at once, everybody else is asked.

    Asking again changes the options, and for a remote follower the URI, since the latest Follow is the one its server
    will undo. Emits `FollowAccepted` or `FollowRequested` only for something new — or for a remote follower that asks
    again, who may have missed our answer — and `FollowRejected` when one has blocked the other or the target moved.
    """
    await lock(conn, account_id, target_id)
    if await _change(conn, account_id, target_id, uri, options):
        return
    table = await _table_for(conn, account_id, target_id)
    if table is None:
        await inbox.reopen(conn, (account_id, uri))
        await events.emit(conn, events.FollowRejected(account_id, target_id, uri))
        return
    await conn.execute(
        f"""
        insert into {table} (id, account_id, target_id, uri, show_reblogs, notify, languages)
        values ($1, $2, $3, $4, $5, $6, nullif($7, '{{}}'::text[]))
        """,
        follow_id, account_id, target_id, uri,
        options.show_reblogs is not False, options.notify is True, options.languages,
    )  # fmt: skip
    if table == "follows":
        await _count(conn, account_id, target_id, 1)
        await events.emit(conn, events.FollowAccepted(account_id, target_id, uri))
    else:
        await events.emit(conn, events.FollowRequested(account_id, target_id))


async def lock(conn: Conn, one_id: int, other_id: int) -> None:
    """Until the transaction ends nobody else changes what is between these two: a block and a follow that arrive
    together must not both stand."""
    pair = f"pair {min(one_id, other_id)} {max(one_id, other_id)}"
    await conn.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", pair)


async def _table_for(conn: Conn, account_id: int, target_id: int) -> str | None:
    """Where a new follow goes; None when it may not be."""
    record = await conn.fetchrow(
        """
        select t.is_local and not t.locked and a.silenced_at is null as open,
            t.moved_to_id is not null or t.suspended_at is not null or t.id = a.id or t.id < 0
                or exists (select from blocks b where (b.account_id, b.target_id) in ((a.id, t.id), (t.id, a.id)))
                or exists (select from account_domain_blocks d
                    where d.account_id = t.id and d.domain = lower(a.domain) and not a.is_local) as refused
        from accounts t, accounts a where t.id = $1 and a.id = $2
        """,
        target_id, account_id,
    )  # fmt: skip
    if record is None or record["refused"]:
        return None
    return "follows" if record["open"] else "follow_requests"


async def _change(conn: Conn, account_id: int, target_id: int, uri: str, options: Options) -> bool:
    """Apply options to what exists already; whether anything did."""
    for table in ("follows", "follow_requests"):
        record = await conn.fetchrow(
            f"""
            update {table} f set show_reblogs = coalesce($3, f.show_reblogs), notify = coalesce($4, f.notify),
                languages = case when $5::text[] is null then f.languages else nullif($5, '{{}}'::text[]) end,
                uri = case when a.is_local then f.uri else $6 end
            from accounts a
            where f.account_id = $1 and f.target_id = $2 and a.id = f.account_id
            returning a.is_local
            """,
            account_id, target_id, options.show_reblogs, options.notify, options.languages, uri,
        )  # fmt: skip
        if record is not None:
            if not record[0] and table == "follows":
                await events.emit(conn, events.FollowAccepted(account_id, target_id, uri))
            return True
    return False


async def accept(conn: Conn, account_id: int, target_id: int) -> bool:
    """The target agrees. False when there is no request (or it was accepted before)."""
    await lock(conn, account_id, target_id)
    record = await conn.fetchrow(
        f"""
        with asked as (delete from follow_requests where account_id = $1 and target_id = $2 returning {_COLUMNS})
        insert into follows ({_COLUMNS}) select {_COLUMNS} from asked
        on conflict (account_id, target_id) do nothing returning uri
        """,
        account_id, target_id,
    )  # fmt: skip
    if record is None:
        return False
    await _count(conn, account_id, target_id, 1)
    await events.emit(conn, events.FollowAccepted(account_id, target_id, record[0]))
    return True


async def reject(conn: Conn, account_id: int, target_id: int) -> bool:
    """The target refuses a request or removes a follower. False when there was neither."""
    uri = await _remove(conn, account_id, target_id)
    if uri is not None:
        await events.emit(conn, events.FollowRejected(account_id, target_id, uri))
    return uri is not None


async def unfollow(conn: Conn, account_id: int, target_id: int) -> bool:
    """The follower ends it or withdraws the request. False when there was neither."""
    uri = await _remove(conn, account_id, target_id)
    if uri is not None:
        await events.emit(conn, events.Unfollowed(account_id, target_id, uri))
    return uri is not None


async def _remove(conn: Conn, account_id: int, target_id: int) -> str | None:
    """The URI of the follow or request that is no more."""
    await lock(conn, account_id, target_id)
    uri: str | None = await conn.fetchval(
        "delete from follows where account_id = $1 and target_id = $2 returning uri", account_id, target_id
    )
    if uri is not None:
        await _count(conn, account_id, target_id, -1)
        await conn.execute("delete from endorsements where account_id = $1 and target_id = $2", account_id, target_id)
    else:
        uri = await conn.fetchval(
            "delete from follow_requests where account_id = $1 and target_id = $2 returning uri", account_id, target_id
        )
    if uri is not None:
        await inbox.reopen(conn, (account_id, uri))
    return uri


async def _count(conn: Conn, account_id: int, target_id: int, by: int) -> None:
    # One statement in id order, so that two people who follow each other at once cannot lock each other.
    await conn.execute(
        """
        with locked as (
            select account_id from account_stats where account_id = any(array[$1, $2]::bigint[])
            order by account_id for update)
        update account_stats s set
            following_count = greatest(following_count + case when s.account_id = $1 then $3 else 0 end, 0),
            followers_count = greatest(followers_count + case when s.account_id = $2 then $3 else 0 end, 0)
        from locked where s.account_id = locked.account_id
        """,
        account_id, target_id, by,
    )  # fmt: skip


async def follower_ids(
    conn: Conn, target_id: int, page: Page, *, viewer_id: int | None = None
) -> list[tuple[int, int]]:
    """(follow id, account id) of followers that are not suspended, latest follow first. A viewer does not meet people
    with whom there is a block, or whom they muted, in the lists of others."""
    return await _ids(conn, "follows", "target_id", "account_id", target_id, page, viewer_id)


async def following_ids(
    conn: Conn, account_id: int, page: Page, *, viewer_id: int | None = None
) -> list[tuple[int, int]]:
    """(follow id, account id) of those it follows, as `follower_ids` has them."""
    return await _ids(conn, "follows", "account_id", "target_id", account_id, page, viewer_id)


async def request_ids(conn: Conn, target_id: int, page: Page) -> list[tuple[int, int]]:
    """(request id, asking account id) that wait for this account's answer."""
    return await _ids(conn, "follow_requests", "target_id", "account_id", target_id, page, None)


async def _ids(
    conn: Conn, table: str, own: str, other: str, account_id: int, page: Page, viewer_id: int | None
) -> list[tuple[int, int]]:
    records = await conn.fetch(
        f"""
        select f.id, f.{other} from {table} f join accounts a on a.id = f.{other} and a.suspended_at is null
        where f.{own} = $1 and f.id < $2 and f.id > $3
            and ($5::bigint is null or $5 = $1 or not (
                exists (select from blocks b where (b.account_id, b.target_id) in (($5, a.id), (a.id, $5)))
                or exists (select from mutes m where m.account_id = $5 and m.target_id = a.id
                    and (m.expires_at is null or m.expires_at > now()))))
        order by f.id {page.order} limit $4
        """,
        account_id, page.below, page.above, page.size, viewer_id,
    )  # fmt: skip
    return page.arrange([(record[0], record[1]) for record in records])


async def waiting_ids(conn: Conn, target_id: int, *, limit: int) -> list[int]:
    """Who has asked to follow an account that is unlocked now, longest first, without those that are limited."""
    records = await conn.fetch(
        """
        select r.account_id from follow_requests r join accounts a on a.id = r.account_id
        join accounts t on t.id = r.target_id and not t.locked
        where r.target_id = $1 and a.silenced_at is null and a.suspended_at is null order by r.id limit $2
        """,
        target_id, limit,
    )  # fmt: skip
    return [record[0] for record in records]


async def familiar(conn: Conn, viewer_id: int, target_ids: Sequence[int], *, limit: int) -> dict[int, list[int]]:
    """Of each target the followers whom the viewer follows too, latest first; who hides their network is left out."""
    records = await conn.fetch(
        """
        select t.id, k.account_id from unnest($2::bigint[]) as t(id), lateral (
            select f.id, f.account_id from follows f
            join follows mine on mine.account_id = $1 and mine.target_id = f.account_id
            join accounts a on a.id = f.account_id and a.suspended_at is null and not a.hide_collections
            join accounts target on target.id = t.id and not target.hide_collections
            where f.target_id = t.id order by f.id desc limit $3) k
        order by k.id desc
        """,
        viewer_id, target_ids, limit,
    )  # fmt: skip
    result: dict[int, list[int]] = {target_id: [] for target_id in target_ids}
    for record in records:
        result[record[0]].append(record[1])
    return result


async def sever_domain(conn: Conn, account_id: int, domain: str) -> list[Follow]:
    """End every follow and request, both ways, between an account and the people of a domain: there may be thousands,
    so not one by one. The follows."""
    ended: dict[str, list[Follow]] = {}
    for table in ("follows", "follow_requests"):  # Both before the counters: an acceptance locks in this order too.
        records = await conn.fetch(
            f"""
            delete from {table} f using accounts a
            where (f.account_id = $1 and a.id = f.target_id or f.target_id = $1 and a.id = f.account_id)
                and lower(a.domain) = $2 and not a.is_local
            returning {columns(Follow, "f")}
            """,
            account_id, domain,
        )  # fmt: skip
        ended[table] = structs(Follow, records)
    await conn.execute(
        """
        delete from endorsements e using accounts a
        where e.account_id = $1 and a.id = e.target_id and lower(a.domain) = $2 and not a.is_local
        """,
        account_id, domain,
    )  # fmt: skip
    await _discount(conn, account_id, ended["follows"])
    every = [*ended["follows"], *ended["follow_requests"]]
    await inbox.reopen(conn, *((each.account_id, each.uri) for each in every))
    own = [
        events.Unfollowed(each.account_id, each.target_id, each.uri) for each in every if each.account_id == account_id
    ]
    await events.emit_many(conn, events.Unfollowed, own)
    theirs = [
        events.FollowRejected(each.account_id, each.target_id, each.uri)
        for each in every
        if each.account_id != account_id
    ]
    await events.emit_many(conn, events.FollowRejected, theirs)
    return ended["follows"]


async def _discount(conn: Conn, account_id: int, ended: Sequence[Follow]) -> None:
    """Counters after many follows of one account, in both directions, have ended."""
    followers = [each.account_id for each in ended if each.target_id == account_id]
    followed = [each.target_id for each in ended if each.account_id == account_id]
    await conn.execute(
        """
        with locked as (
            select account_id from account_stats where account_id = any($2::bigint[] || $3::bigint[] || $1::bigint)
            order by account_id for update)
        update account_stats s set
            following_count = greatest(s.following_count - case
                when s.account_id = $1 then cardinality($3::bigint[]) when s.account_id = any($2) then 1 else 0 end, 0),
            followers_count = greatest(s.followers_count - case
                when s.account_id = $1 then cardinality($2::bigint[]) when s.account_id = any($3) then 1 else 0 end, 0)
        from locked where s.account_id = locked.account_id
        """,
        account_id, followers, followed,
    )  # fmt: skip


async def some_of(
    conn: Conn, account_id: int, *, limit: int, outgoing_only: bool = False
) -> tuple[list[Follow], list[Follow]]:
    """Some of what an account follows and, unless `outgoing_only`, of its followers; then, as far as the limit allows,
    requests likewise."""
    found: list[list[Follow]] = []
    for table in ("follows", "follow_requests"):
        records = await conn.fetch(
            f"select {_COLUMNS} from {table} where account_id = $1 or (target_id = $1 and not $3) limit $2",
            account_id, limit, outgoing_only,
        )  # fmt: skip
        found.append(structs(Follow, records))
        limit -= len(records)
    return found[0], found[1]


async def notified_ids(conn: Conn, target_id: int) -> list[int]:
    """Local followers who asked to be told of each post."""
    records = await conn.fetch(
        """
        select f.account_id from follows f join accounts a on a.id = f.account_id
        where f.target_id = $1 and f.notify and a.is_local
        """,
        target_id,
    )
    return [record[0] for record in records]
