"""How a poll of another server stands: asked for when somebody here looks at it, and once when it is over. Not every
server tells those who voted."""

import asyncio
import contextlib
from typing import Any

from federation import resolve
from federation.context import Fed
from federation.errors import Gone, Rejected, Retry
from storage import polls, statuses

READ_JOB = polls.READ_JOB
# So long somebody waits for the counts of now; then those of before are shown.
PATIENCE_SECONDS = 3.0


async def look(fed: Fed, poll_id: int) -> None:
    """Somebody looks at a poll of another server: bring its counts up to date, unless that was done a moment ago."""
    async with fed.db.transaction() as conn:
        uri = await polls.claim(conn, poll_id)
    if uri is not None:
        with contextlib.suppress(Rejected, Gone, Retry, TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await resolve.status(fed, uri, refresh=True)


async def read(fed: Fed, payload: dict[str, Any]) -> None:
    """Job: what came of a poll of another server that is over."""
    async with fed.db.read() as conn:
        poll = await polls.by_id(conn, payload["poll_id"])
        asked = await statuses.by_id(conn, poll.status_id) if poll is not None else None
    if asked is not None and not asked.is_local:
        await resolve.status(fed, asked.uri, refresh=True)
