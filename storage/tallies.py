"""How often a remote post was answered, boosted and favoured: what its own server says, beside what we know. Untrusted,
so it is shown and decides nothing."""

from collections.abc import Sequence

import msgspec

from storage.db import Conn
from storage.rows import structs


class Claims(msgspec.Struct, frozen=True):
    """None: nothing is said."""

    replies: int | None
    reblogs: int | None
    favourites: int | None


class Known(msgspec.Struct, frozen=True):
    """What we know of a post, and what its server claims where that is more."""

    status_id: int
    replies: int
    reblogs: int
    favourites: int
    claimed_replies: int
    claimed_reblogs: int
    claimed_favourites: int


async def claim(conn: Conn, status_id: int, claims: Claims) -> None:
    """Note what the server of a remote post says; what it does not say now stays as it was."""
    await conn.execute(
        """
        update status_stats t set claimed_replies = coalesce($2, claimed_replies),
            claimed_reblogs = coalesce($3, claimed_reblogs), claimed_favourites = coalesce($4, claimed_favourites)
        where status_id = $1 and exists (select from statuses s where s.id = $1 and not s.is_local)
            and (coalesce($2, claimed_replies), coalesce($3, claimed_reblogs), coalesce($4, claimed_favourites))
                is distinct from (claimed_replies, claimed_reblogs, claimed_favourites)
        """,
        status_id, claims.replies, claims.reblogs, claims.favourites,
    )  # fmt: skip


async def known(conn: Conn, status_ids: Sequence[int]) -> dict[int, Known]:
    """By status id. No viewer is asked about: only for what has been authorised already."""
    records = await conn.fetch(
        """
        select status_id, replies_count as replies, reblogs_count as reblogs, favourites_count as favourites,
            greatest(replies_count, claimed_replies) as claimed_replies,
            greatest(reblogs_count, claimed_reblogs) as claimed_reblogs,
            greatest(favourites_count, claimed_favourites) as claimed_favourites
        from status_stats where status_id = any($1)
        """,
        status_ids,
    )
    return {row.status_id: row for row in structs(Known, records)}
