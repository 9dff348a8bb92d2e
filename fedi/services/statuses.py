"""Posting, editing and deleting: the rules. `drafts` says what a text comes to, `storage` keeps it."""

import hashlib

import msgspec

from federation import uris
from fedi import access, errors
from fedi.context import App
from fedi.http.endpoint import User
from fedi.services import drafts
from fedi.services.drafts import Draft, Written
from fedi.services.media import check_attachable
from storage import account_settings, accounts, idempotency, ids, media, statuses
from storage.accounts import Account
from storage.db import Conn
from storage.errors import Missing
from storage.statuses import Status
from storage.visibility import PRIVATE, PUBLIC, UNLISTED, number


class Author(msgspec.Struct, frozen=True):
    """Who posts, through which application, and how they do it by default."""

    account: Account
    settings: account_settings.Settings
    application_id: int | None
    locale: str


async def author(conn: Conn, account_id: int, *, application_id: int | None, locale: str) -> Author:
    account = await accounts.by_id(conn, account_id)
    settings = await account_settings.by_account(conn, account_id)
    if account is None or settings is None or not account.is_local:
        raise Missing("The account is gone")
    return Author(account, settings, application_id, locale)


async def publish(app: App, user: User, draft: Draft, *, key: str | None = None) -> int:
    """Post; the id. With an idempotency key, the same request within an hour gives the same post again."""
    async with app.db.read() as conn:
        if key and (before := await idempotency.find(conn, user.account_id, hashed(key))):
            return before
        writer = await author(conn, user.account_id, application_id=user.application_id, locale=user.locale)
    written = await prepare(app, draft)
    async with app.db.transaction() as conn:
        if key and (before := await idempotency.claim(conn, user.account_id, hashed(key))):
            return before
        status_id = await insert(app, conn, writer, draft, written)
        if key:
            await idempotency.fill(conn, user.account_id, hashed(key), status_id)
    return status_id


def hashed(key: str) -> str:
    """A client's idempotency key, of bounded length."""
    return hashlib.sha256(key.encode()).hexdigest()


async def prepare(app: App, draft: Draft) -> Written:
    """Everything about a draft that needs no transaction, and may need the network."""
    return await drafts.write(app, drafts.checked(app.settings, draft), content_type=draft.content_type)


async def insert(app: App, conn: Conn, writer: Author, draft: Draft, written: Written) -> int:
    """Store a prepared draft as a post of now."""
    parent = await parent_of(conn, writer.account.id, draft)
    await check_attachable(conn, writer.account.id, written.media_ids)
    status_id = await statuses.new_id(conn)
    created_at = ids.time_of(status_id)
    uri = uris.status(writer.account.uri, status_id)
    visibility = _visibility(writer, draft)
    new = statuses.New(
        id=status_id,
        account_id=writer.account.id,
        uri=uri,
        url=uris.status_page(writer.account.url, status_id),
        is_local=True,
        visibility=visibility,
        created_at=created_at,
        content=written.content,
        text=written.text,
        content_type=written.content_type,
        spoiler_text=written.spoiler_text,
        sensitive=_sensitive(writer, draft, written),
        language=drafts.language_of(draft.language, writer.settings.default_language, writer.locale),
        in_reply_to_id=parent.id if parent else None,
        in_reply_to_account_id=parent.account_id if parent else None,
        in_reply_to_uri=parent.uri if parent else None,
        conversation_uri=_conversation(app, parent, status_id),
        media_ids=written.media_ids,
        emojis=written.emojis,
        application_id=writer.application_id,
        replies_uri=uris.replies(uri),
        mentions=written.mentions,
        tags=written.tags,
        links=written.links if visibility == PUBLIC else [],
        poll=drafts.poll_of(app.settings, draft.poll, now=created_at),
    )
    await statuses.create(conn, new)
    return status_id


async def parent_of(conn: Conn, account_id: int, draft: Draft) -> Status | None:
    """What is answered; of a boost, the boosted post. `NotFound` for what the author may not see."""
    if not draft.in_reply_to_id:
        return None
    parent_id = ids.parse(draft.in_reply_to_id)
    if parent_id is None:
        raise errors.NotFound
    return await access.proper_status(conn, account_id, parent_id)


def _visibility(writer: Author, draft: Draft) -> int:
    value = number(draft.visibility) if draft.visibility else _by_default(writer)
    return UNLISTED if value == PUBLIC and writer.account.silenced_at is not None else value


def _by_default(writer: Author) -> int:
    match writer.settings.default_privacy:
        case "public" | "unlisted" | "private" | "direct" as name:
            return number(name)
    return PRIVATE


def _sensitive(writer: Author, draft: Draft, written: Written) -> bool:
    chosen = writer.settings.default_sensitive if draft.sensitive is None else draft.sensitive
    return chosen or bool(written.spoiler_text)


def _conversation(app: App, parent: Status | None, status_id: int) -> str | None:
    if parent is None:
        return uris.context(app.settings.base_url, status_id)
    return parent.conversation_uri


async def delete(app: App, user: User, status_id: int, *, delete_media: bool = False) -> None:
    """Delete a post of one's own. Its files can be attached again for a day, unless `delete_media`."""
    async with app.db.transaction() as conn:
        status = await access.own_status(conn, user.account_id, status_id)
        if delete_media:
            await media.delete(conn, status.media_ids)
        else:
            await media.release(conn, status.media_ids)
        await statuses.delete(conn, status.id)


async def sweep(app: App) -> None:
    """Scheduled: forget idempotency keys that have done their hour."""
    async with app.db.transaction() as conn:
        await idempotency.forget_old(conn)
