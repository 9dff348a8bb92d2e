"""Attachments: described, attached, removed. `uploads` brings them in."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from fedi import errors
from fedi.config import Settings
from fedi.context import App
from fedi.http.endpoint import User
from storage import media
from storage.db import Conn

log = logging.getLogger("fedi.media")

ORIGINALS = "originals"  # files that wait to be converted, which no address leads to
FAILED = "The file could not be processed"
KEPT_HOURS = 24  # of what a killed process left half done


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """What a person says about a file. None leaves what is."""

    description: str | None = None
    focus: str | None = None  # "x,y", each from -1 to 1


async def describe(
    app: App, user: User, media_id: int, said: Description, *, preview: media.Preview | None = None
) -> None:
    """Change what is said about a file that no post holds yet, and how it is shown."""
    text = limited_description(app.settings, said.description)
    focus_x, focus_y = focus_of(said.focus)
    async with app.db.transaction() as conn:
        found = (await media.own(conn, user.account_id, [media_id], lock=True)).get(media_id)
        if found is None or found.status_id is not None:
            raise errors.NotFound
        if found.state == "failed":
            raise errors.Unprocessable(found.failure or FAILED)
        await media.describe(conn, media_id, description=text, focus_x=focus_x, focus_y=focus_y)
        if preview is not None:
            await media.show(conn, media_id, preview)


async def delete(app: App, user: User, media_id: int) -> None:
    """Remove a file that no post holds."""
    async with app.db.transaction() as conn:
        if not await media.delete_unattached(conn, user.account_id, media_id):
            raise errors.NotFound


async def check_attachable(
    conn: Conn, account_id: int, media_ids: Sequence[int], *, status_id: int | None = None
) -> None:
    """The files are the author's, ready, and belong to no other post, waiting ones included; and so they stay until
    the transaction ends. `status_id`: the post that may hold them already."""
    if not media_ids:
        return
    media.check_attachable(await media.own(conn, account_id, media_ids, lock=True), media_ids, status_id=status_id)
    if await media.scheduled(conn, media_ids):
        raise errors.Invalid("Some of the attachments belong to a scheduled post")


def limited_description(settings: Settings, text: str | None) -> str | None:
    """Trimmed; `Invalid` when it is too long."""
    if text is None:
        return None
    text = text.strip()
    if len(text) > settings.media_description_max_chars:
        raise errors.Invalid(f"Description is too long (maximum is {settings.media_description_max_chars} characters)")
    return text


def focus_of(text: str | None) -> tuple[float | None, float | None]:
    """A focal point, its coordinates brought into -1 … 1; nothing for what is not two numbers."""
    parts = (text or "").split(",")
    if len(parts) != 2:
        return None, None
    try:
        x, y = (float(part) for part in parts)
    except ValueError:
        return None, None
    if x != x or y != y:
        return None, None
    return round(min(max(x, -1.0), 1.0), 4), round(min(max(y, -1.0), 1.0), 4)


async def delete_files(app: App, payload: dict[str, Any]) -> None:
    """Job: remove files whose rows are gone."""
    await app.blobs.delete(*payload["names"])


async def sweep(app: App) -> None:
    """Scheduled: remove what was uploaded and never posted, and what was never made."""
    started = datetime.now(UTC)
    async with app.db.transaction() as conn:
        count = await media.delete_loose(conn)
    if count:
        log.info("loose media removed", extra={"count": count, "seconds": (datetime.now(UTC) - started).seconds})
    await app.blobs.tidy(hours=KEPT_HOURS)
    originals = await app.blobs.older(ORIGINALS, hours=KEPT_HOURS)
    if originals:
        async with app.db.read() as conn:
            lost = await media.without_row(conn, originals)
        await app.blobs.delete(*lost)
