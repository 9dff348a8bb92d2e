"""How an activity is made ready to leave: stored once, with a delivery row for each inbox on a host we talk to."""

import logging
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from federation import policy
from federation.context import Site
from federation.http.addresses import parse_url
from federation.http.errors import BadUrl
from federation.signatures import proofs
from federation.signatures.keys import load_private
from federation.vocab.audience import PUBLIC
from storage import activities, deliveries, keys, relays
from storage.accounts import Account
from storage.db import Conn

log = logging.getLogger("fedi.delivery")

JSON = dict[str, Any]  # Any: ActivityStreams


async def to_one(conn: Conn, site: Site, document: JSON, *, sender: Account, recipient: Account) -> None:
    if not recipient.is_local:
        await send(conn, site, document, sender_id=sender.id, inboxes=[recipient.inbox], object_uri=None, bulk=False)


async def send(
    conn: Conn,
    site: Site,
    document: JSON,
    *,
    sender_id: int,
    inboxes: Iterable[str],
    object_uri: str | None,
    bulk: bool = True,
    whole: bool = False,
) -> None:
    """Store the activity and leave its deliveries: one for each inbox on a host we talk to. `bulk`: not from one person
    to another, so it gives way to what is. Everything about one object is the same, or its order would be lost.
    `whole`: it is somebody else's, and goes on as it came."""
    targets: dict[str, str] = {}
    for inbox in inboxes:
        host = host_of(inbox)
        if host is not None and host != site.host:
            targets[inbox] = host
    if not targets:
        return
    verdicts = await policy.verdicts(conn, site, list(set(targets.values())))
    reached = [(inbox, host) for inbox, host in sorted(targets.items()) if verdicts[host].allowed]
    if not reached:
        return
    if not whole:
        document = await _proven(conn, site, document, sender_id)
    activity_id = await activities.store(conn, document, account_id=sender_id, object_uri=object_uri)
    await deliveries.enqueue(conn, activity_id, sender_id, reached, bulk=bulk)


def host_of(inbox: str) -> str | None:
    """None where nothing can be sent to."""
    try:
        return parse_url(inbox).authority
    except BadUrl:
        return None


async def wants_linked(conn: Conn, site: Site) -> bool:
    """Whether what is public bears a linked data signature now, in place of a proof."""
    if site.linked_data_signatures == "relays":
        return await relays.pass_on(conn)
    return site.linked_data_signatures == "always"


async def _proven(conn: Conn, site: Site, document: JSON, sender_id: int) -> JSON:
    """What everybody may read bears a proof of its origin, so that it is believed whoever passes it on. What is private
    stays deniable."""
    if PUBLIC not in (*document.get("to", ()), *document.get("cc", ())) or await wants_linked(conn, site):
        return document
    row = await keys.private_key(conn, sender_id, "ed25519")
    if row is None or row.private_pem is None:
        return document
    try:
        key = load_private(site.vault.open(row.uri, row.private_pem))
    except ValueError:
        log.exception("the Ed25519 key of account %d cannot be read", sender_id)
        return document
    return proofs.attach(document, key, row.uri, datetime.now(UTC)) if isinstance(key, Ed25519PrivateKey) else document


def now() -> int:
    """A moment in nanoseconds: what makes the ids of repeated activities differ. Two that share one would be one, and
    somebody would never get an answer."""
    return time.time_ns()
