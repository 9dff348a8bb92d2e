"""Asking an author elsewhere before something is done with their post, where they want that and their server knows such
questions (GoToSocial's LikeRequest, ReplyRequest, AnnounceRequest). Until they have agreed nobody else hears of it.

Other servers are sent the thing itself, and answer that.
"""

import re
from typing import Any

from federation import interacting, outgoing, uris
from federation.context import Site
from federation.vocab import activity, consent
from storage import accounts, consents, hosts, statuses
from storage.accounts import Account
from storage.approvals import Action
from storage.consents import Consent
from storage.db import Conn
from storage.statuses import Status

JSON = dict[str, Any]  # Any: ActivityStreams

REQUESTS: dict[Action, str] = {"like": "LikeRequest", "reply": "ReplyRequest", "announce": "AnnounceRequest"}
# Software that knows these questions, and since when.
_KNOW = {"gotosocial": (0, 20)}
_VERSION = re.compile(r"v?(\d{1,4})\.(\d{1,4})")


async def needed(conn: Conn, post: Status, account: Account, action: Action) -> Account | None:
    """The author who is to be asked first; None when nobody is."""
    if post.is_local or await interacting.verdict(conn, post, account, action) != "manual":
        return None
    author = await accounts.by_id(conn, post.account_id)
    host = outgoing.host_of(author.uri) if author is not None else None
    known = await hosts.find(conn, host) if host is not None else None
    if known is None or known.software not in _KNOW:
        return None
    version = _VERSION.match(known.version or "")
    since = _KNOW[known.software]
    return author if version is not None and (int(version[1]), int(version[2])) >= since else None


async def ask(
    conn: Conn, site: Site, action: Action, *, post: Status, account: Account, author: Account, uri: str, what: JSON
) -> None:
    """`what`: the whole of it, so that the author sees to what they agree; `uri`: its id."""
    request_uri = uris.interaction_request(account.uri, await accounts.new_id(conn))
    await consents.ask(conn, interacting_uri=uri, request_uri=request_uri, account_id=account.id, status_id=post.id)
    asked = consent.Request(id=request_uri, type=REQUESTS[action], actor=account.uri, object=post.uri, instrument=uri)
    document = consent.request(asked, to=author.uri, instrument=what)
    await outgoing.to_one(conn, site, document, sender=account, recipient=author)


async def like(conn: Conn, site: Site, what: JSON, *, post: Status, account: Account) -> JSON | None:
    """The Like or reaction `what` as it may leave now, with the proof if there is one. None when the author is asked
    for it first, or has refused."""
    uri: str = what["id"]
    row = await consents.find(conn, uri)
    author = await needed(conn, post, account, "like") if row is None else None
    if author is not None:
        await ask(conn, site, "like", post=post, account=account, author=author, uri=uri, what=what)
        return None
    if row is None:
        return what
    return activity.agreed(what, row.approval_uri) if row.state == "given" else None


async def unlike(conn: Conn, what: JSON, undo: JSON) -> JSON | None:
    """Its Undo, of which nobody hears who has refused it."""
    row = await consents.drop(conn, what["id"])
    return None if row is not None and row.state == "refused" else undo


async def confined(conn: Conn, uri: str) -> list[str] | None:
    """The inboxes that may hear of an answer or boost: that of whoever has been asked about it, and none when they have
    refused. None when nobody has to be."""
    row = await consents.find(conn, uri)
    if row is None or row.state == "given":
        return None
    return await asked(conn, row) if row.state == "asked" else []


async def end(conn: Conn, uri: str) -> list[str] | None:
    """The same for what is gone now, which nobody has to be asked about any more."""
    inboxes = await confined(conn, uri)
    await consents.drop(conn, uri)
    return inboxes


async def asked(conn: Conn, row: Consent) -> list[str]:
    """The inbox of who was asked."""
    about = await statuses.by_id(conn, row.status_id)
    author = await accounts.by_id(conn, about.account_id) if about is not None else None
    return [author.inbox] if author is not None and not author.is_local else []
