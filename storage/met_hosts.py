"""Hosts whose actors we have met: of one registered domain only so many new ones in an hour, or whoever owns a domain
could be as many servers as it has names."""

from storage.db import Conn

MAX_NEW = 10
WINDOW_SECONDS = 3600


async def may_meet(conn: Conn, host: str, family: str) -> bool:
    """Whether a host may be asked for something: it was met before, or there is room for one more of its family."""
    allowed: bool = await conn.fetchval(
        """
        select exists (select from met_hosts where host = $1) or $3 > (
            select count(*) from met_hosts where family = $2 and met_at > now() - make_interval(secs => $4))
        """,
        host, family, MAX_NEW, float(WINDOW_SECONDS),
    )  # fmt: skip
    return allowed


async def met(conn: Conn, host: str, family: str) -> None:
    """It answered with what it was asked for. Names that do not answer take nobody's room."""
    await conn.execute("insert into met_hosts (host, family) values ($1, $2) on conflict do nothing", host, family)
