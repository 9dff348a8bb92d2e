"""What may be done about deliveries and about activities that failed: verbs of the staff, with their log."""

from collections.abc import Sequence

from fedi import errors
from fedi.services import staff
from fedi.services.staff import By
from storage import ledger, parked
from storage.db import Conn


async def retry_object(conn: Conn, who: By, uri: str, *, ended: bool) -> list[str]:
    """Send again now what is to be said about a post; the servers."""
    found = await ledger.retry_object(conn, uri, ended=ended)
    await staff.note(conn, who, "delivery.retry", uri)
    return found


async def retry_host(conn: Conn, who: By, host: str, *, ended: bool) -> int:
    """Send again now what waits for a server; how much."""
    found = await ledger.retry_host(conn, host, ended=ended)
    await staff.note(conn, who, "delivery.retry", host)
    return found


async def replay(conn: Conn, who: By, ids: Sequence[int] | None) -> int:
    """Handle activities again that failed: these, or all. `NotFound` if there are none."""
    return await _counted(conn, who, "inbox.replay", ids, await parked.replay(conn, ids))


async def drop(conn: Conn, who: By, ids: Sequence[int] | None) -> int:
    """Forget activities that failed: these, or all. `NotFound` if there are none."""
    return await _counted(conn, who, "inbox.drop", ids, await parked.drop(conn, ids))


async def _counted(conn: Conn, who: By, action: str, ids: Sequence[int] | None, count: int) -> int:
    if not count:
        raise errors.NotFound
    await staff.note(conn, who, action, "all" if ids is None else " ".join(map(str, ids)))
    return count
