"""Who has blocked whom. A block ends every follow and request between the two, in both directions."""

import msgspec

from storage import events, follows
from storage.db import Conn
from storage.paging import Page
from storage.rows import columns, struct


class Block(msgspec.Struct, frozen=True):
    id: int
    account_id: int
    target_id: int
    uri: str | None


_COLUMNS = columns(Block)


async def add(conn: Conn, account_id: int, target_id: int, *, uri: str | None, block_id: int | None = None) -> bool:
    """Block. False when it was already so; then only a remote block's URI is renewed, since its server will undo the
    latest. `block_id` for one of ours; its URI is minted from that, or None if nobody is to be told. Emits `Unfollowed`
    and `FollowRejected` for what it ended, then `Blocked`."""
    await follows.lock(conn, account_id, target_id)
    # xmax = 0 tells an insert from an update.
    is_new = await conn.fetchval(
        """
        insert into blocks as b (id, account_id, target_id, uri)
        values (coalesce($1, timestamp_id()), $2, $3, $4)
        on conflict (account_id, target_id) do update set uri = case when $1 is null then excluded.uri else b.uri end
        returning xmax = 0
        """,
        block_id, account_id, target_id, uri,
    )  # fmt: skip
    if not is_new:
        return False
    await follows.unfollow(conn, account_id, target_id)
    await follows.reject(conn, target_id, account_id)
    await conn.execute(
        "delete from endorsements where (account_id, target_id) in (($1, $2), ($2, $1))", account_id, target_id
    )
    await events.emit(conn, events.Blocked(account_id, target_id))
    return True


async def remove(conn: Conn, account_id: int, target_id: int) -> bool:
    """Unblock; what the block ended stays ended. False when there was none."""
    record = await conn.fetchrow(
        "delete from blocks where account_id = $1 and target_id = $2 returning uri", account_id, target_id
    )
    if record is not None:
        await events.emit(conn, events.Unblocked(account_id, target_id, record["uri"]))
    return record is not None


async def by_uri(conn: Conn, uri: str) -> Block | None:
    """By the URI of its Block activity."""
    return struct(Block, await conn.fetchrow(f"select {_COLUMNS} from blocks where uri = $1 limit 1", uri))


async def uri_of(conn: Conn, account_id: int, target_id: int) -> str | None:
    """The URI of the Block activity; None without a block or without a URI."""
    uri: str | None = await conn.fetchval(
        "select uri from blocks where account_id = $1 and target_id = $2", account_id, target_id
    )
    return uri


async def exists(conn: Conn, account_id: int, target_id: int) -> bool:
    """Whether the first has blocked the second."""
    record = await conn.fetchrow("select from blocks where account_id = $1 and target_id = $2", account_id, target_id)
    return record is not None


async def refuses(conn: Conn, account_id: int, visitor_id: int | None) -> bool:
    """Whether the first has blocked whoever asks, or the whole server of those; never for nobody."""
    refused: bool = await conn.fetchval(
        """
        select exists (select from blocks where account_id = $1 and target_id = $2)
            or exists (select from account_domain_blocks d join accounts a on d.domain = lower(a.domain)
                where d.account_id = $1 and a.id = $2)
        """,
        account_id, visitor_id,
    )  # fmt: skip
    return refused


async def target_ids(conn: Conn, account_id: int, page: Page) -> list[tuple[int, int]]:
    """(block id, account id) of those it has blocked and that are not suspended, latest first."""
    records = await conn.fetch(
        f"""
        select b.id, b.target_id from blocks b join accounts a on a.id = b.target_id and a.suspended_at is null
        where b.account_id = $1 and b.id < $2 and b.id > $3 order by b.id {page.order} limit $4
        """,
        account_id, page.below, page.above, page.size,
    )  # fmt: skip
    return page.arrange([(record[0], record[1]) for record in records])
