"""Quoting: what may be quoted by whom, who decides about it, and taking consent back."""

import contextlib

import msgspec

from federation import quoting, resolve, uris
from federation.errors import Gone, Rejected, Retry
from fedi import access, errors
from fedi.context import App
from fedi.http.endpoint import User
from fedi.services import holds
from fedi.services.authors import Author
from fedi.services.drafts import Draft
from storage import events, ids, quote_policies, quotes, statuses
from storage.accounts import Account
from storage.db import Conn
from storage.quote_policies import Name, Policy
from storage.statuses import Status
from storage.visibility import DIRECT, PRIVATE


class Quoted(msgspec.Struct, frozen=True):
    """What a draft quotes, checked."""

    status: Status
    author: Account


async def of_draft(conn: Conn, account_id: int, draft: Draft) -> Quoted | None:
    """What is to be quoted; of a boost, the boosted post. `NotFound` for what the author may not see."""
    if not draft.quoted_status_id:
        return None
    quoted_id = ids.parse(draft.quoted_status_id)
    if quoted_id is None:
        raise errors.NotFound
    status = await access.proper_status(conn, account_id, quoted_id)
    holds.check_out(status)
    author = await access.active_account(conn, account_id, status.account_id)
    standing = await quote_policies.standing(conn, account_id, status.account_id)
    if quote_policies.verdict(policy_of(status), status.visibility, standing) == "denied":
        raise errors.Unprocessable("You are not allowed to quote this post")
    return Quoted(status, author)


async def refresh(app: App, account_id: int, draft: Draft) -> None:
    """Before quoting a remote post of which it is not known who may quote it: ask its server. Not in a transaction."""
    async with app.db.read() as conn:
        quoted = await of_draft(conn, account_id, draft)
    if quoted is None or quoted.status.is_local:
        return
    automatic = quoted.status.quote_automatic
    if automatic is None or automatic & quote_policies.OTHERS:
        with contextlib.suppress(Rejected, Gone, Retry):
            await resolve.status(app.fed, quoted.status.uri, refresh=True)


def policy_of(status: Status) -> Policy:
    return Policy(status.quote_automatic, status.quote_manual)


def narrowed(visibility: int, quoted: Quoted | None) -> int:
    """A post that quotes one for followers is for followers too."""
    return visibility if quoted is None else max(visibility, min(quoted.status.visibility, PRIVATE))


def check_told(account_id: int, visibility: int, mentions: list[int], quoted: Quoted | None) -> None:
    """Nobody is quoted behind their back."""
    if quoted is None or visibility != DIRECT or quoted.author.id in (account_id, *mentions):
        return
    raise errors.Invalid("A private mention can only quote somebody who is mentioned in it")


def new(writer: Author, status_id: int, visibility: int, quoted: Quoted | None) -> quotes.New | None:
    """`visibility`: of the post that quotes. Of people here consent is known at once; of others it is asked for, where
    there is anybody to ask."""
    if quoted is None:
        return None
    status, me = quoted.status, writer.account
    made = quotes.New(quoted_uri=status.uri, quoted_id=status.id, quoted_account_id=status.account_id, state="accepted")
    if status.account_id == me.id:
        return made
    if status.is_local:
        stamp = quoting.stamp(quoted.author.uri, status_id, visibility)
        return msgspec.structs.replace(made, approval_uri=stamp)
    if status.quote_automatic is None:
        return made
    return msgspec.structs.replace(made, state="pending", request_uri=uris.quote_request(me.uri, status_id))


def policy(writer: Author, draft: Draft, visibility: int) -> int:
    """Who may quote a new post."""
    return quote_policies.bits(draft.quote_approval_policy or writer.settings.default_quote_policy, visibility)


async def link_of(conn: Conn, status_id: int) -> tuple[str, str] | None:
    """The page and the URI of what a post quotes, for the line that stands for it."""
    row = await quotes.by_status(conn, status_id)
    if row is None or row.quoted_uri is None:
        return None
    status = await statuses.by_uri(conn, row.quoted_uri)
    return (status.url or status.uri if status else row.quoted_uri), row.quoted_uri


async def quoted_id(conn: Conn, status_id: int) -> int | None:
    """What a post quotes, with consent or without."""
    row = await quotes.by_status(conn, status_id)
    return row.quoted_id if row else None


async def change_policy(app: App, user: User, status_id: int, name: Name | None) -> None:
    """Who may quote a post of one's own from now on. Quotes that exist stay."""
    async with app.db.transaction() as conn:
        await access.own_status(conn, user.account_id, status_id)
        status = await statuses.lock(conn, status_id)
        if status is None:
            raise errors.NotFound
        if status.reblog_of_id is not None:
            raise errors.Unprocessable("A boost cannot be quoted")
        if name is not None:
            await set_policy(conn, status, name)


async def set_policy(conn: Conn, status: Status, name: Name) -> None:
    if await quote_policies.change(conn, status.id, Policy(quote_policies.bits(name, status.visibility))):
        await events.emit(conn, events.StatusTouched(status.id))


async def revoke(app: App, user: User, status_id: int, quoting_id: int) -> None:
    """Take a post of one's own out of a post that quotes it, also out of one that may not be read any more."""
    async with app.db.transaction() as conn:
        await access.own_status(conn, user.account_id, status_id)
        row = await quotes.by_status(conn, quoting_id)
        if row is None or row.quoted_id != status_id:
            raise errors.NotFound
        await quotes.refuse(conn, quoting_id)
