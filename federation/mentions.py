"""Who is meant by a post: the accounts that it names, and those that it only addresses."""

import msgspec

from federation import actors
from federation.budgets import Budget
from federation.context import Fed
from federation.vocab import audience, normalise
from federation.vocab.note import Note
from federation.vocab.tag import Mention
from federation.webfinger import parse as parse_handle
from storage import accounts
from storage.accounts import Account
from storage.db import Conn
from storage.visibility import DIRECT, PRIVATE


class Named(msgspec.Struct, frozen=True):
    """People in a post: `mentions` named in it, `silent` only addressed."""

    mentions: list[int]
    silent: list[int]


async def resolve(fed: Fed, note: Note, visibility: int, delivered_to: int | None, budget: Budget) -> Named:
    """Accounts that a post names or addresses. One that is named but not addressed gets no access to a private post."""
    addressed = (*note.to, *note.cc)
    # Whoever is at home with the author is not here.
    perhaps_here = [uri for uri in addressed if not audience.is_public(uri) and not normalise.same_host(uri, note.id)]
    known: dict[Mention, Account] = {}
    recipients: list[int] = []
    if perhaps_here or note.mentions:
        async with fed.db.read() as conn:
            known = await _known(conn, note)
            recipients = await accounts.local_recipients(conn, perhaps_here)
    unknown = [mention for mention in note.mentions if mention not in known]
    fetched = await actors.actors(fed, [mention.href for mention in unknown if mention.href], budget=budget)
    handles = {
        mention: (handle.username, handle.domain)
        for mention in unknown
        if mention.href not in fetched and (handle := parse_handle(mention.name)) is not None
    }
    by_handle = await actors.handles(fed, list(handles.values()), budget=budget) if handles else {}
    found = [
        known.get(mention) or fetched.get(mention.href or "") or by_handle.get(handles.get(mention, ("", "")))
        for mention in note.mentions
    ]
    named = [row.id for row in found if row and row.id > 0 and (visibility < PRIVATE or row.uri in addressed)]
    if _is_message(note, visibility):
        named += recipients
    silent = [account_id for account_id in recipients if account_id > 0 and account_id not in named]
    if delivered_to is not None and delivered_to not in named:
        silent.append(delivered_to)
    return Named(list(dict.fromkeys(named)), list(dict.fromkeys(silent)))


def _is_message(note: Note, visibility: int) -> bool:
    """Whether it is for one person alone, whom it need not name: a chat, or a message of Lemmy's."""
    return visibility == DIRECT and (
        note.type == "ChatMessage" or (not note.mentions and len({*note.to, *note.cc}) == 1)
    )


async def _known(conn: Conn, note: Note) -> dict[Mention, Account]:
    """Mentions of accounts we know: by actor URI, by the page of one of ours, by a handle at the host of the link."""
    if not note.mentions:
        return {}
    hrefs = [mention.href for mention in note.mentions if mention.href]
    by_uri = await accounts.by_uris(conn, hrefs) | await accounts.by_pages(conn, hrefs)
    found = {mention: by_uri[mention.href] for mention in note.mentions if mention.href in by_uri}
    handles = {
        str(handle).lower(): mention
        for mention in note.mentions
        if mention not in found
        and (handle := parse_handle(mention.name)) is not None
        and handle.domain == normalise.host(mention.href)
    }
    if handles:
        pairs = [(name.partition("@")[0], name.partition("@")[2]) for name in handles]
        found |= {handles[row.handle.lower()]: row for row in await accounts.by_handles(conn, pairs)}
    return found
