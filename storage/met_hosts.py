"""Hosts whose actors we have met: of one registered domain only so many new ones in an hour, or whoever owns a domain
could be as many servers as it has names."""

from storage.db import Conn

MAX_NEW = 10
WINDOW_SECONDS = 3600


async def meet(conn: Conn, host: str, family: str) -> bool:
    """Whether an actor of a host may be met: it was before, or there is room for one more of its family."""
    met: bool = await conn.fetchval(
        """
        with known as (select from met_hosts where host = $1),
        fresh as (
            insert into met_hosts (host, family)
            select $1, $2 where not exists (select from known) and $3 > (
                select count(*) from met_hosts where family = $2 and met_at > now() - make_interval(secs => $4))
            on conflict (host) do nothing returning 1)
        select exists (select from known) or exists (select from fresh)
        """,
        host, family, MAX_NEW, float(WINDOW_SECONDS),
    )  # fmt: skip
    return met
