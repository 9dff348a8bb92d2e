"""Removing what an account that is gone has left, in steps small enough for a transaction each."""

from storage import blocks, favourites, follows, jobs, media, reactions, severances, statuses
from storage.db import Conn

JOB = "purge_account"
STEP = 100


async def step(conn: Conn, account_id: int) -> bool:
    """One step; whether there is more. Goes through the ordinary deletions, so that counters and readers follow."""
    for remove in (_statuses, _follows, _favourites, _reactions, _blocks, _media):
        if await remove(conn, account_id):
            return True
    await conn.execute("delete from collection_items where account_id = $1", account_id)
    await conn.execute("delete from collections where account_id = $1", account_id)
    await conn.execute("delete from severed_follows where account_id = $1", account_id)
    await conn.execute("delete from notifications where from_account_id = $1 or account_id = $1", account_id)
    await _own(conn, account_id)
    await conn.execute(
        """
        update accounts set display_name = '', note = '', fields = '[]', avatar_remote_url = null,
            header_remote_url = null, also_known_as = '{}', version = version + 1
        where id = $1 and not is_local
        """,
        account_id,
    )
    return False


async def part(conn: Conn, account_id: int, cause: severances.Cause | None = None) -> bool:
    """One step of ending every follow of an account, in both directions, since it is gone or its domain is suspended;
    whether there is more. What local people lose by it is counted when there is a cause to tell them."""
    return await _follows(conn, account_id, cause)


async def turn_away(conn: Conn, account_id: int, cause: severances.Cause) -> bool:
    """One step of ending what an account follows here, which is what its suspension does; whether there is more."""
    agreed, asked = await follows.some_of(conn, account_id, limit=STEP, outgoing_only=True)
    for each in (*agreed, *asked):
        await follows.reject(conn, account_id, each.target_id)
    await severances.count(conn, cause, agreed)
    return bool(agreed or asked)


async def _statuses(conn: Conn, account_id: int) -> bool:
    records = await conn.fetch("select id from statuses where account_id = $1 order by id limit $2", account_id, STEP)
    for record in records:
        await statuses.delete(conn, record[0])
    return bool(records)


async def _follows(conn: Conn, account_id: int, cause: severances.Cause | None = None) -> bool:
    agreed, asked = await follows.some_of(conn, account_id, limit=STEP)
    for each in (*agreed, *asked):
        if each.account_id == account_id:
            await follows.unfollow(conn, account_id, each.target_id)
        else:
            await follows.reject(conn, each.account_id, account_id)
    if cause is not None:
        await severances.count(conn, cause, agreed)
    return bool(agreed or asked)


async def _favourites(conn: Conn, account_id: int) -> bool:
    records = await conn.fetch("select status_id from favourites where account_id = $1 limit $2", account_id, STEP)
    for record in records:
        await favourites.remove(conn, account_id=account_id, status_id=record[0])
    return bool(records)


async def _reactions(conn: Conn, account_id: int) -> bool:
    rows = await reactions.of_account(conn, account_id, limit=STEP)
    for row in rows:
        await reactions.remove(conn, account_id=account_id, status_id=row.status_id, key=row.key)
    return bool(rows)


async def _blocks(conn: Conn, account_id: int) -> bool:
    records = await conn.fetch("select target_id from blocks where account_id = $1 limit $2", account_id, STEP)
    for record in records:
        await blocks.remove(conn, account_id, record[0])
    return bool(records)


async def _media(conn: Conn, account_id: int) -> bool:
    """What is left after the posts: uploads that none of them held, and those they let go."""
    records = await conn.fetch("select id from media_attachments where account_id = $1 limit $2", account_id, STEP)
    await media.delete(conn, [record[0] for record in records])
    return bool(records)


# Whatever only the owner of an account of ours has ever seen.
_OWN = (
    "bookmarks", "status_pins", "marks", "conversation_mutes", "mutes", "account_domain_blocks", "account_notes",
    "endorsements", "suggestion_dismissals", "lists", "list_accounts", "conversations", "filters", "markers",
    "tag_follows", "featured_tags", "scheduled_statuses", "idempotency_keys", "announcement_reads",
    "announcement_reactions", "active_days", "notification_policies", "notification_permissions",
    "notification_requests", "severances", "activity_people", "email_subscriptions", "email_posts",
)  # fmt: skip


async def _own(conn: Conn, account_id: int) -> None:
    """The rest of an account of ours, its profile included. The name and the keys stay: the one is taken for good, with
    the others its farewell is signed."""
    names = await conn.fetchval(
        """
        select array_remove(array[avatar_file, avatar_static_file, header_file, header_static_file], null)
        from accounts where id = $1 and is_local
        """,
        account_id,
    )
    if names is None:
        return
    for table in _OWN:
        await conn.execute(f"delete from {table} where account_id = $1", account_id)
    await conn.execute("delete from home where owner_id = $1", account_id)
    await conn.execute(
        """
        update accounts set display_name = '', note = '', note_source = null, fields = '[]', emojis = '{}',
            avatar_file = null, avatar_static_file = null, avatar_description = '', header_file = null,
            header_static_file = null, header_description = '', also_known_as = '{}', attribution_domains = '{}',
            version = version + 1
        where id = $1
        """,
        account_id,
    )
    if names:
        await jobs.enqueue(conn, media.DELETE_JOB, {"names": names}, queue="slow")
