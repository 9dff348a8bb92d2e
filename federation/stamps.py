"""Proving consent: the server of whoever gave a stamp is asked whether it is genuine. The job for quotes, too."""

from typing import Any

from federation import origins, resolve
from federation.context import Fed
from federation.errors import Gone, Rejected
from federation.quoting import accept, agreed
from federation.vocab import consent, normalise
from federation.vocab.consent import Stamp
from federation.vocab.quote import AUTHORIZATION
from storage import accounts, quotes, statuses
from storage.quotes import Quote
from storage.statuses import Status


async def settle(fed: Fed, payload: dict[str, Any]) -> None:
    """Job: find what a post quotes, and prove the stamp that it names. Only one level: what is quoted in turn waits.
    Any: the job's payload."""
    async with fed.db.read() as conn:
        row = await quotes.by_status(conn, payload["status_id"])
        quoting = await statuses.by_id(conn, payload["status_id"])
        author = await accounts.by_id(conn, row.account_id) if row else None
    if row is None or quoting is None or author is None or row.state != "pending" or row.quoted_uri is None:
        return
    try:
        quoted = await resolve.status(fed, row.quoted_uri, climb=False, follow_quote=False)
        if quoted.uri != row.quoted_uri or quoted.reblog_of_id is not None:
            return
        proven = await _proven(fed, row, quoting, quoted)
    except Gone:
        async with fed.db.transaction() as conn:
            await quotes.bury(conn, row.status_id)
        return
    except Rejected:
        return
    async with fed.db.transaction() as conn:
        await quotes.locate(conn, row.status_id, quoted_id=quoted.id, quoted_account_id=quoted.account_id)
        if proven or await agreed(conn, quoted, author, legacy=row.legacy):
            stamp = row.approval_uri if proven else None
            await accept(conn, row.status_id, stamp, quoted, quiet=bool(payload.get("quiet")))


async def _proven(fed: Fed, row: Quote, quoting: Status, quoted: Status) -> bool:
    """Whether a remote post's author gave the stamp that a quote names. Those of ours are written when we give them."""
    if row.approval_uri is None or quoted.is_local:
        return False
    try:
        return await genuine(fed, row.approval_uri, quoting, quoted)
    except (Gone, Rejected):
        return False


async def genuine(fed: Fed, stamp_uri: str, quoting: Status, quoted: Status) -> bool:
    """Ask the quoted author's server. Raises Gone, Rejected or Retry."""
    async with fed.db.read() as conn:
        author = await accounts.by_id(conn, quoted.account_id)
    if author is None:
        return False
    wanted = Stamp(id=stamp_uri, type=AUTHORIZATION, author=author.uri, interacting=quoting.uri, target=quoted.uri)
    return await given(fed, wanted)


async def given(fed: Fed, wanted: Stamp) -> bool:
    """Whether the server of its author has this very stamp. Raises Gone, Rejected or Retry."""
    if not normalise.same_host(wanted.id, wanted.author):
        return False
    document = await origins.document(fed, wanted.id, again=True)
    return consent.parse(document.body) == wanted
