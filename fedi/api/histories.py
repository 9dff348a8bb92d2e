"""What a post said before it was edited, and what its author typed."""

import msgspec

from fedi import access, entities
from fedi.entities import rendering, status_edit
from fedi.entities.media import MediaAttachment
from fedi.entities.status import Quote
from fedi.entities.status_edit import StatusEdit, StatusSource
from fedi.http.endpoint import Call, NoParams, get, public, user
from storage import edits, polls, quotes
from storage.db import Conn


async def source(call: Call[NoParams]) -> StatusSource:
    """Of one's own posts only: what others typed is not stored."""
    async with call.read() as conn:
        row = await access.own_status(conn, call.user.account_id, call.id())
    return StatusSource(str(row.id), row.text or "", row.spoiler_text, row.content_type)


async def history(call: Call[NoParams]) -> list[StatusEdit]:
    """Oldest first; the last one is the present state."""
    async with call.read() as conn:
        row = await access.proper_status(conn, call.viewer_id, call.id())
        status = await entities.status(call.app, conn, row.id, call.viewer_id)
        former = await edits.of_status(conn, row.id)
        media = await _former_media(call, conn, former)
        poll = await polls.by_status(conn, row.id)
        quote = await quotes.by_status(conn, row.id)
    present = status_edit.Parts(
        content=row.content,
        spoiler_text=row.spoiler_text,
        sensitive=row.sensitive,
        created_at=row.edited_at or row.created_at,
        media=status.media_attachments,
        emojis=status.emojis,
        options=poll.options if poll else None,
        quote=status.quote if isinstance(status.quote, Quote) else None,
    )
    quoted_uri = (quote.quoted_uri or "") if quote else None
    states = [
        _state(call, each, media, present.quote if each.quoted_uri == quoted_uri else _UNKNOWN_QUOTE) for each in former
    ]
    return [status_edit.build(each, account=status.account) for each in (*states, present)]


async def _former_media(call: Call[NoParams], conn: Conn, former: list[edits.Edit]) -> dict[str, MediaAttachment]:
    ids = {described.id for each in former for described in edits.media_of(each)}
    return {each.id: each for each in await entities.media(call.app, conn, list(ids))}


# Of another quote than the present one nothing is kept: whether it may be shown cannot be told.
_UNKNOWN_QUOTE = Quote("pending", None)


def _state(
    call: Call[NoParams], edit: edits.Edit, media: dict[str, MediaAttachment], quote: Quote | None
) -> status_edit.Parts:
    """Attachments as they are, with the descriptions they had. `quote`: if it quoted anything."""
    return status_edit.Parts(
        content=edit.content,
        spoiler_text=edit.spoiler_text,
        sensitive=edit.sensitive,
        created_at=edit.created_at,
        media=[
            msgspec.structs.replace(media[str(each.id)], description=each.description)
            for each in edits.media_of(edit)
            if str(each.id) in media
        ],
        emojis=rendering.emojis(call.app.settings.base_url, edit.emojis),
        options=edit.poll_options,
        quote=quote if edit.quoted_uri is not None else None,
    )


ROUTES = [
    get("/api/v1/statuses/:id/history", history, access=public("read:statuses")),
    get("/api/v1/statuses/:id/source", source, access=user("read:statuses")),
]
