"""Quotes of remote posts: which post quotes which, and whether its author has agreed. `stamps` asks other servers.

Consent is a stamp (FEP-044f), served by the quoted author's server. None is needed for one's own posts. Servers that
know nothing of consent cannot ask for it: their quotes are shown where the policy of the quoted post allows it at once,
or where its own server states no policy at all.
"""

import secrets

from federation import budgets, permissions, uris
from federation.vocab.note import Note
from storage import accounts, domain_blocks, events, inbox, jobs, quote_policies, quotes, statuses
from storage.accounts import Account
from storage.db import Conn
from storage.quote_policies import Policy
from storage.quotes import SETTLE_JOB, Quote
from storage.statuses import Status
from storage.visibility import PRIVATE


def policy(note: Note, author: Account) -> Policy:
    """Who may quote a post, as its author's server says."""
    return permissions.policy(
        note.can_quote, author=author.uri, followers=author.followers_uri, following=author.following_uri
    )


async def found(conn: Conn, note: Note, author: Account) -> quotes.New | None:
    """What a remote post quotes, as far as it can be told without asking anybody."""
    if note.quote_gone:
        return quotes.New(quoted_uri=None, state="deleted")
    if note.quote is None or note.quote == note.id:
        return None
    quoted = await statuses.by_uri(conn, note.quote)
    if quoted is None or quoted.reblog_of_id is not None:
        return quotes.New(quoted_uri=note.quote, legacy=note.is_legacy_quote, approval_uri=note.quote_authorization)
    free = await agreed(conn, quoted, author, legacy=note.is_legacy_quote)
    return quotes.New(
        quoted_uri=note.quote,
        quoted_id=quoted.id,
        quoted_account_id=quoted.account_id,
        state="accepted" if free else "pending",
        legacy=note.is_legacy_quote,
        approval_uri=None if free else note.quote_authorization,
    )


async def agreed(conn: Conn, quoted: Status, author: Account, *, legacy: bool) -> bool:
    """Whether a quote needs no stamp."""
    if quoted.account_id == author.id:
        return True
    if not quoted.is_local:
        return quoted.quote_automatic is None and quoted.visibility < PRIVATE
    return legacy and await allows(conn, quoted, author)


async def allows(conn: Conn, quoted: Status, author: Account) -> bool:
    """Whether a post of ours may be quoted by somebody elsewhere without anybody being asked."""
    if not await statuses.visible(conn, author.id, [quoted.id]):
        return False
    if await domain_blocks.exists(conn, quoted.account_id, author.domain):
        return False
    standing = await quote_policies.standing(conn, author.id, quoted.account_id)
    said = Policy(quoted.quote_automatic or quote_policies.NOBODY, quoted.quote_manual)
    return quote_policies.verdict(said, quoted.visibility, standing) == "automatic"


def stamp(author_uri: str, status_id: int, visibility: int) -> str:
    """A new URI for our consent to a quote. A stamp names the post that quotes, and is read by everybody who has its
    address: of a post that not everybody may read, only whoever was sent the post has."""
    return uris.quote_authorization(author_uri, status_id if visibility < PRIVATE else secrets.token_urlsafe(24))


def is_ours(approval_uri: str | None, author_uri: str) -> bool:
    """Whether a stamp is by this account of ours."""
    return approval_uri is not None and approval_uri.startswith(uris.quote_authorization(author_uri, ""))


async def look(conn: Conn, status_id: int, quote: quotes.New, *, quiet: bool) -> None:
    """Leave a job for what could not be told: what is quoted, or whether its stamp is genuine."""
    if quote.state == "pending" and (quote.quoted_id is None or quote.approval_uri is not None):
        await _enqueue(conn, status_id, quiet=quiet)


async def _enqueue(conn: Conn, status_id: int, *, quiet: bool) -> None:
    payload = {"status_id": status_id, "quiet": quiet, "chain": budgets.chain()}
    await jobs.enqueue(conn, SETTLE_JOB, payload, queue="slow", key=str(status_id))


async def refresh(conn: Conn, status: Status, note: Note, author: Account) -> bool:
    """A newer copy without an edit: it may bring another policy, a stamp, or lose one; whether it did."""
    said = policy(note, author)
    changed = await quote_policies.change(conn, status.id, said)
    row = await quotes.by_status(conn, status.id)
    if row is not None and note.quote_gone:
        changed = await quotes.forget(conn, status.id) or changed
    elif row is not None and row.quoted_uri == note.quote:
        changed = await _stamped(conn, row, note, author) or changed
    if changed:
        await events.emit(conn, events.StatusTouched(status.id))
    return changed


async def _stamped(conn: Conn, row: Quote, note: Note, author: Account) -> bool:
    stamp = note.quote_authorization
    if row.state == "pending":
        if stamp is not None and stamp != row.approval_uri:
            await quotes.claim(conn, row.status_id, stamp)
        if row.quoted_id is None or stamp is not None:
            await _enqueue(conn, row.status_id, quiet=True)
        return False
    if row.state != "accepted" or row.approval_uri is None or stamp is not None:
        return False
    quoted = await statuses.by_id(conn, row.quoted_id or 0)
    # Of our posts we are the ones who know, and a copy may be older than our consent.
    if quoted is None or quoted.is_local or await agreed(conn, quoted, author, legacy=note.is_legacy_quote):
        return False
    return await quotes.refuse(conn, row.status_id) is not None


async def edited(conn: Conn, status: Status, note: Note, author: Account) -> bool:
    """An edit may bring a quote, take it away or change it; whether it did."""
    row = await quotes.by_status(conn, status.id)
    if (row.quoted_uri if row else None) == note.quote or (note.quote_gone and row is not None):
        return await refresh(conn, status, note, author)
    await quotes.remove(conn, status.id)
    new = await found(conn, note, author)
    if new is not None:
        await quotes.insert(conn, status.id, author.id, new)
        await look(conn, status.id, new, quiet=False)
    await quote_policies.change(conn, status.id, policy(note, author))
    return True


async def accept(conn: Conn, status_id: int, stamp_uri: str | None, quoted: Status, *, quiet: bool = False) -> None:
    """Unless the stamp was deleted meanwhile: whoever deletes it takes turns with us."""
    if stamp_uri is not None:
        await inbox.lock(conn, stamp_uri)
        author = await accounts.by_id(conn, quoted.account_id)
        if author is None or await inbox.buried(conn, stamp_uri, actor_uri=author.uri):
            return
    await quotes.accept(conn, status_id, approval_uri=stamp_uri, quiet=quiet)
