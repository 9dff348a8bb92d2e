"""Leases of the dead: a process leases rows under its name, and who has no connection to the database has ended."""

from storage import deliveries
from storage.db import Conn, wake


async def release(conn: Conn) -> int:
    """Give back the jobs and deliveries of processes that ended without doing so; how many. In a transaction.

    Scans what waits, so it is for the start of a worker. Whoever lost only its connections does something twice, which
    jobs and deliveries bear.
    """
    released: int = await conn.fetchval(
        """
        with alive as (select application_name from pg_stat_activity where datname = current_database()),
        deliveries as (
            update deliveries set leased_until = null, holder = null
            where state = 'waiting' and holder is not null and holder not in (select * from alive) returning 1),
        jobs as (
            update jobs set run_at = now()
            where failed_at is null and holder is not null and holder not in (select * from alive) and run_at > now()
            returning 1)
        select (select count(*) from deliveries) + (select count(*) from jobs)
        """
    )
    queues = wake.get()
    if queues is not None and released:
        queues.update(("inbox", "network", "slow", "media", deliveries.QUEUE))
    return released
