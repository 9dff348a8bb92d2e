"""Whether something from elsewhere concerns anybody here: what concerns nobody is not stored."""

from collections.abc import Sequence

from storage.db import Conn


async def has_local_followers(conn: Conn, account_id: int) -> bool:
    record = await conn.fetchrow(
        "select from follows f join accounts a on a.id = f.account_id and a.is_local where f.target_id = $1 limit 1",
        account_id,
    )
    return record is not None


async def of_post(
    conn: Conn,
    *,
    author_id: int,
    recipient_id: int | None,
    addressed: Sequence[str],
    in_reply_to: str | None,
    quotes: str | None,
) -> bool:
    """A post matters when it came to somebody's own inbox, its author is followed here, it names somebody here, or it
    answers or quotes a post that we hold."""
    if recipient_id is not None or await has_local_followers(conn, author_id):
        return True
    record = await conn.fetchrow(
        """
        select where exists (select from accounts where uri = any($1) and is_local)
            or exists (select from statuses where uri in ($2, $3))
        """,
        list(addressed), in_reply_to, quotes,
    )  # fmt: skip
    return record is not None
