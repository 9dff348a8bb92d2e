"""How an activity is made ready to leave: stored once, with a delivery row for each inbox on a host we talk to."""

import time
from collections.abc import Iterable
from typing import Any

from federation import policy
from federation.context import Site
from federation.http.addresses import parse_url
from federation.http.errors import BadUrl
from storage import activities, deliveries
from storage.accounts import Account
from storage.db import Conn

JSON = dict[str, Any]  # Any: ActivityStreams


async def to_one(conn: Conn, site: Site, document: JSON, *, sender: Account, recipient: Account) -> None:
    if not recipient.is_local:
        await send(conn, site, document, sender_id=sender.id, inboxes=[recipient.inbox], object_uri=None)


async def send(
    conn: Conn, site: Site, document: JSON, *, sender_id: int, inboxes: Iterable[str], object_uri: str | None
) -> None:
    """Store the activity and leave its deliveries: one for each inbox on a host we talk to."""
    targets: dict[str, str] = {}
    for inbox in inboxes:
        try:
            url = parse_url(inbox)
        except BadUrl:
            continue
        if url.authority != site.host:
            targets[inbox] = url.authority
    if not targets:
        return
    verdicts = await policy.verdicts(conn, site, list(set(targets.values())))
    reached = [(inbox, host) for inbox, host in sorted(targets.items()) if verdicts[host].allowed]
    if not reached:
        return
    activity_id = await activities.store(conn, document, account_id=sender_id, object_uri=object_uri)
    await deliveries.enqueue(conn, activity_id, sender_id, reached)


def now() -> int:
    """A moment in nanoseconds: what makes the ids of repeated activities differ. Two that share one would be one, and
    somebody would never get an answer."""
    return time.time_ns()
