"""How many follow a remote account, how many it follows and what it has posted, as its own server says: it knows of
all, we of few. Untrusted, so it is shown where it is more than we know, and decides nothing."""

import msgspec

from storage.db import Conn


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """None: nothing is said."""

    followers: int | None = None
    following: int | None = None
    statuses: int | None = None


async def put(conn: Conn, account_id: int, claims: Claims) -> None:
    """What it does not say now stays as it was."""
    await conn.execute(
        """
        update account_stats set claimed_followers = coalesce($2, claimed_followers),
            claimed_following = coalesce($3, claimed_following), claimed_statuses = coalesce($4, claimed_statuses)
        where account_id = $1 and exists (select from accounts a where a.id = $1 and not a.is_local)
            and (coalesce($2, claimed_followers), coalesce($3, claimed_following), coalesce($4, claimed_statuses))
                is distinct from (claimed_followers, claimed_following, claimed_statuses)
        """,
        account_id, claims.followers, claims.following, claims.statuses,
    )  # fmt: skip
