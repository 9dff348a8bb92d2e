"""What the clock does for threads and profiles of other servers: it chooses which are looked at, and forgets what
the looking has left.
"""

from datetime import timedelta

from federation import threads
from fedi.context import App
from fedi.services import sweeping
from storage import fetch_budgets, jobs, refusals, thread_watches

STEP = 1000
BUDGETS_KEPT = timedelta(days=2)
# Threads under way or waiting at a time, of those that nobody has asked for.
THREADS_AT_ONCE = 50


async def look_at_threads(app: App) -> None:
    """Leave jobs that complete the threads whose turn it is; not more than are done meanwhile."""
    async with app.db.transaction() as conn:
        room = THREADS_AT_ONCE - await jobs.count(conn, "slow", threads.REPLIES_JOB, at_most=THREADS_AT_ONCE)
        for status_id in await thread_watches.due(conn, limit=room) if room > 0 else ():
            payload = {"status_id": status_id}
            await jobs.enqueue(conn, threads.REPLIES_JOB, payload, queue="slow", key=str(status_id))


async def tidy(app: App) -> None:
    """Windows of budgets that are over, and refusals."""
    await sweeping.until_done(app, lambda c, n: fetch_budgets.forget(c, older_than=BUDGETS_KEPT, limit=n), step=STEP)
    await sweeping.until_done(app, lambda c, n: refusals.forget(c, limit=n), step=STEP)
