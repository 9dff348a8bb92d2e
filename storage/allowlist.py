"""What the allow-list does to what is already here: accounts of domains that are not on it are hidden. Their mark is a
moment before any server, so that nobody is freed whom a moderator or a rule has suspended.
"""

from storage.db import Conn

_MARK = "timestamptz '2000-01-01 00:00:00+00'"
# On the list with the domain of the handle and the host of the actor, or with one above.
_LISTED = """(not exists (
    select from (values (split_part(lower(a.domain), ':', 1)),
        (split_part(split_part(lower(a.uri), '/', 3), ':', 1))) n(name)
    where not exists (select from domain_allows d where n.name = d.domain or n.name like '%.' || d.domain)))"""


async def hide(conn: Conn, *, limit: int) -> int:
    """Hide accounts of other servers that are not listed; how many."""
    records = await conn.fetch(
        f"""
        update accounts set suspended_at = {_MARK}, version = version + 1
        where id in (select id from accounts a where not is_local and suspended_at is null and not {_LISTED} limit $1)
        returning id
        """,
        limit,
    )
    return len(records)


async def show(conn: Conn, *, every: bool, limit: int) -> int:
    """Show again those that were hidden so and are listed now, or all of them; how many."""
    records = await conn.fetch(
        f"""
        update accounts set suspended_at = null, version = version + 1
        where id in (
            select id from accounts a where suspended_at = {_MARK} and ($1 or {_LISTED}) limit $2)
        returning id
        """,
        every, limit,
    )  # fmt: skip
    return len(records)


async def stop(conn: Conn) -> None:
    """Nothing more goes to hosts that are not listed."""
    await conn.execute(
        """
        update deliveries set state = 'expired', last_error = 'the domain is not on the allow-list'
        where state = 'waiting' and not exists (
            select from domain_allows d
            where split_part(host, ':', 1) = d.domain or split_part(host, ':', 1) like '%.' || d.domain)
        """
    )
