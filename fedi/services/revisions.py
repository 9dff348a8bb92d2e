"""Editing: a post's content replaced by a whole new state, the former one kept in its history."""

from datetime import UTC, datetime, timedelta

import msgspec

from fedi import access, errors
from fedi.config import Settings
from fedi.context import App
from fedi.http.endpoint import User
from fedi.services import collections, drafts, quotes, uploads
from fedi.services.drafts import MediaAttributes, Revision, Written
from fedi.services.media import check_attachable, focus_of, limited_description
from storage import media, polls, statuses
from storage.db import Conn
from storage.statuses import Status
from storage.visibility import PUBLIC


async def edit(app: App, user: User, status_id: int, revision: Revision) -> None:
    """Replace a post's content by a whole new state. Nothing different, nothing happens."""
    async with app.db.read() as conn:
        before = _editable(await access.own_status(conn, user.account_id, status_id))
        quoted = await quotes.link_of(conn, status_id)
    checked = drafts.checked(app.settings, revision, quotes=quoted is not None)
    content_type = revision.content_type or before.content_type
    written = await drafts.write(app, checked, content_type=content_type, quoted=quoted)
    async with app.db.read() as conn:
        own = await media.own(conn, user.account_id, written.media_ids)
    files = {each.id: each.thumbnail for each in revision.media_attributes if each.thumbnail and each.id in own}
    async with uploads.stills(app, files) as stills, app.db.transaction() as conn:
        await access.own_status(conn, user.account_id, status_id)
        status = await statuses.lock(conn, status_id)
        if status is None:
            raise errors.NotFound
        await check_attachable(conn, user.account_id, written.media_ids, status_id=status.id)
        if revision.quote_approval_policy is not None:
            await quotes.set_policy(conn, status, revision.quote_approval_policy)
        await _apply(conn, app.settings, status, revision, checked.poll, written, anew=bool(stills))
        for media_id, still in stills.items():
            await media.show(conn, media_id, still)


def _editable(status: Status) -> Status:
    if status.reblog_of_id is not None:
        raise errors.Unprocessable("A boost cannot be edited")
    return status


async def _apply(
    conn: Conn,
    settings: Settings,
    status: Status,
    revision: Revision,
    poll: statuses.Poll | None,
    written: Written,
    *,
    anew: bool,
) -> None:
    """`anew`: pictures of attachments change, if nothing else does."""
    asked = await polls.by_status(conn, status.id)
    described = await _described(conn, settings, revision.media_attributes, written.media_ids)
    sensitive = revision.sensitive or bool(written.spoiler_text)
    code = drafts.language_of(revision.language, status.language)
    is_edit = (
        (written.text, written.spoiler_text, written.content_type, sensitive, written.media_ids)
        != (status.text or "", status.spoiler_text, status.content_type, status.sensitive, status.media_ids)
        or anew
        or bool(described)
        or _asks_differently(asked, poll)
    )
    if not is_edit and code == status.language and poll is None:
        return
    change = statuses.Edit(
        content=written.content,
        text=written.text,
        content_type=written.content_type,
        spoiler_text=written.spoiler_text,
        sensitive=sensitive,
        language=code,
        media_ids=written.media_ids,
        emojis=written.emojis,
        edited_at=_moment(status) if is_edit and not _is_unseen(status) else None,
        mentions=written.mentions,
        tags=written.tags,
        links=written.links if status.visibility == PUBLIC else [],
    )
    # The former state is kept first, with the poll and the descriptions that it had.
    await statuses.edit(conn, status, change)
    await collections.share(conn, status.account_id, status.id, written.links)
    await polls.replace(conn, status.id, poll)
    for each in described:
        await media.describe(conn, each.id, description=each.description, focus_x=each.focus_x, focus_y=each.focus_y)


def _is_unseen(status: Status) -> bool:
    """Nobody but the author knows what it said before."""
    return status.held_until is not None and not status.held_locally


def _moment(status: Status) -> datetime:
    """When an edit is made: not in the second of the former version, or other servers would not see a newer one."""
    before = (status.edited_at or status.created_at).replace(microsecond=0)
    return max(datetime.now(UTC), before + timedelta(seconds=1))


class _Description(msgspec.Struct, frozen=True):
    id: int
    description: str | None
    focus_x: float | None
    focus_y: float | None


async def _described(
    conn: Conn, settings: Settings, attributes: list[MediaAttributes], media_ids: list[int]
) -> list[_Description]:
    """Of the attachments that stay: new descriptions and focal points, where they differ."""
    found = await media.by_ids(conn, media_ids)
    result = []
    for each in attributes:
        row = found.get(each.id)
        if row is None:
            continue
        x, y = focus_of(each.focus)
        text = limited_description(settings, each.description)
        same_text = text is None or text == (row.description or "")
        if not same_text or (x is not None and (x, y) != (row.focus_x, row.focus_y)):
            result.append(_Description(each.id, text, x, y))
    return result


def _asks_differently(asked: polls.Poll | None, poll: statuses.Poll | None) -> bool:
    if asked is None or poll is None:
        return (asked is None) != (poll is None)
    return (asked.options, asked.multiple) != (poll.options, poll.multiple)
