"""QuoteRequest, and the answers to ours: whether a post may be quoted (FEP-044f)."""

from federation import posts, quoting, resolve, stamps, uris
from federation.errors import Gone, Rejected
from federation.inbox import answer
from federation.inbox.box import Box
from federation.vocab import consent, normalise, note
from federation.vocab import quote as vocab
from storage import accounts, quotes, statuses
from storage.accounts import Account
from storage.db import Conn
from storage.quotes import Quote
from storage.statuses import Status
from storage.visibility import PRIVATE


async def requested(box: Box) -> None:
    """Somebody elsewhere quotes a post of ours and asks for a stamp. The policy of the post answers."""
    ref = box.activity.instrument
    async with box.fed.db.read() as conn:
        quoted = await statuses.by_uri(conn, box.object_id)
        shown = quoted is not None and await statuses.visible(conn, box.actor.id, [quoted.id])
        author = await accounts.by_id(conn, quoted.account_id) if quoted else None
    if quoted is None or author is None or not quoted.is_local or ref is None or ref.id is None:
        return
    if not shown and (quoted.visibility >= PRIVATE or quoted.held_until is not None):
        raise Rejected("the post is not theirs to see")
    status = await _instrument(box, quoted) if shown else None
    asked = consent.Request(
        id=box.activity.id or uris.quote_request(box.actor.uri, quoted.id),
        type=vocab.REQUEST,
        actor=box.actor.uri,
        object=quoted.uri,
        instrument=ref.id,
    )
    async with box.fed.db.transaction() as conn:
        if not await box.undone(conn):
            await _answer(conn, box, quoted, author, status, asked)


async def _answer(
    conn: Conn, box: Box, quoted: Status, author: Account, status: Status | None, asked: consent.Request
) -> None:
    stamp = await _stamp(conn, box, quoted, author, status) if status is not None else None
    if stamp is None and status is not None:
        await quotes.refuse(conn, status.id)
    await answer.give(conn, box, asked, sender=author, stamp=stamp)


async def _stamp(conn: Conn, box: Box, quoted: Status, author: Account, status: Status) -> str | None:
    """The URI of our consent, given now or before; None when it is refused."""
    row = await quotes.by_status(conn, status.id)
    if row is None or row.quoted_id != quoted.id or row.state in ("revoked", "deleted"):
        return None
    if row.state == "accepted" and quoting.is_ours(row.approval_uri, author.uri):
        return row.approval_uri
    if row.state == "rejected" or not await quoting.allows(conn, quoted, box.actor):
        return None
    uri = quoting.stamp(author.uri, status.id, status.visibility)
    await quotes.accept(conn, status.id, approval_uri=uri)
    return uri


async def _instrument(box: Box, quoted: Status) -> Status | None:
    """The post that quotes: the sender's own. Embedded in their request it is as good as delivered."""
    ref = box.activity.instrument
    if ref is None or ref.id is None or not box.owns(ref.id):
        return None
    try:
        status_id = await _embedded(box, quoted)
        if status_id is None:
            found = await resolve.status(box.fed, ref.id, quiet=False)
        else:
            async with box.fed.db.read() as conn:
                stored = await statuses.by_id(conn, status_id)
            if stored is None:
                return None
            found = stored
    except (Gone, Rejected):
        return None
    return found if found.account_id == box.actor.id else None


async def _embedded(box: Box, quoted: Status) -> int | None:
    parsed = note.brought(box.activity, box.activity.instrument)
    if parsed is None:
        return None
    status_id, _ = await posts.store(box.fed, parsed, sender=box.actor, delivered_to=quoted.account_id)
    return status_id


async def accepted(box: Box) -> bool:
    """Whether it answers something of ours."""
    row = await _ours(box)
    if row is not None:
        await _agreed(box, row)
    return row is not None


async def rejected(box: Box) -> bool:
    """Whether it answers something of ours."""
    row = await _ours(box)
    if row is not None:
        await _refused(box, row)
    return row is not None


async def _agreed(box: Box, row: Quote) -> None:
    """Consent that nobody else could verify is none."""
    stamp = box.activity.result
    async with box.fed.db.read() as conn:
        status = await statuses.by_id(conn, row.status_id)
        quoted = await statuses.by_id(conn, row.quoted_id or 0)
    if status is None or quoted is None:
        return
    if stamp is None or not await stamps.genuine(box.fed, stamp, status, quoted):
        raise Rejected("the stamp says something else")
    async with box.fed.db.transaction() as conn:
        await quoting.accept(conn, status.id, stamp, quoted)


async def _refused(box: Box, row: Quote) -> None:
    async with box.fed.db.transaction() as conn:
        await quotes.refuse(conn, row.status_id)


async def _ours(box: Box) -> Quote | None:
    """The quote of ours that is meant, provided that it is the sender who is quoted."""
    for ref in box.activity.objects:
        async with box.fed.db.read() as conn:
            row = await quotes.by_request(conn, ref.id) if ref.id else None
            if row is None and ref.doc is not None:
                quoting_uri, quoted_uri = (normalise.iri(ref.doc.get(name)) for name in ("instrument", "object"))
                row = await quotes.by_uris(conn, quoting_uri or "", quoted_uri or "")
            status = await statuses.by_id(conn, row.status_id) if row else None
        if row is not None and status is not None and status.is_local:
            if row.quoted_account_id != box.actor.id:
                raise Rejected("somebody else was asked")
            return row
    return None
