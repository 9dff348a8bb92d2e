"""Posting, editing and deleting: the rules. `drafts` says what a text comes to, `storage` keeps it."""

import hashlib

from federation import uris
from fedi import access, errors
from fedi.context import App
from fedi.http.endpoint import User
from fedi.services import authors, collections, drafts, holds, interactions, quotes
from fedi.services.authors import Author
from fedi.services.drafts import Draft, Written
from fedi.services.media import check_attachable
from storage import idempotency, ids, media, statuses
from storage.db import Conn
from storage.statuses import Status
from storage.visibility import PUBLIC


async def publish(app: App, user: User, draft: Draft, *, key: str | None = None) -> int:
    """Post; the id. With an idempotency key, the same request within an hour gives the same post again."""
    async with app.db.read() as conn:
        if key and (before := await idempotency.find(conn, user.account_id, hashed(key))):
            return before
        writer = await authors.load(conn, user.account_id, application_id=user.application_id, locale=user.locale)
    written = await prepare(app, user.account_id, draft)
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


async def prepare(app: App, account_id: int, draft: Draft) -> Written:
    """Everything about a draft that needs no transaction, and may need the network."""
    checked = drafts.checked(app.settings, draft, quotes=bool(draft.quoted_status_id))
    await quotes.refresh(app, account_id, draft)
    async with app.db.read() as conn:
        quoted = await quotes.of_draft(conn, account_id, draft)
    link = (quoted.status.url or quoted.status.uri, quoted.status.uri) if quoted else None
    return await drafts.write(app, checked, content_type=draft.content_type, quoted=link)


async def insert(app: App, conn: Conn, writer: Author, draft: Draft, written: Written, *, hold: bool = True) -> int:
    """Store a prepared draft as a post of now. `hold`: back, if its author wants that."""
    parent = await parent_of(conn, writer.account.id, draft)
    quoted = await quotes.of_draft(conn, writer.account.id, draft)
    await check_attachable(conn, writer.account.id, written.media_ids)
    status_id = await statuses.new_id(conn)
    created_at = ids.time_of(status_id)
    uri = uris.status(writer.account.uri, status_id)
    visibility = quotes.narrowed(authors.visibility(writer, draft), quoted)
    quotes.check_told(writer.account.id, visibility, written.mentions, quoted)
    held = holds.of_new(writer, parent, wanted=hold)
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
        sensitive=authors.is_sensitive(writer, draft) or bool(written.spoiler_text),
        language=authors.language(writer, draft),
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
        quote=quotes.new(writer, status_id, visibility, quoted),
        quote_automatic=quotes.policy(writer, draft, visibility),
        held_until=held.until if held else None,
        held_locally=held is not None and held.locally,
    )
    await statuses.create(conn, new)
    if written.links:
        await collections.share(conn, writer.account.id, status_id, written.links)
    await holds.hold(conn, status_id, held)
    return status_id


async def parent_of(conn: Conn, account_id: int, draft: Draft) -> Status | None:
    """What is answered; of a boost, the boosted post. `NotFound` for what the author may not see."""
    if not draft.in_reply_to_id:
        return None
    parent_id = ids.parse(draft.in_reply_to_id)
    if parent_id is None:
        raise errors.NotFound
    parent = await access.proper_status(conn, account_id, parent_id)
    await interactions.permitted(conn, account_id, parent, "reply")
    return parent


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
