"""Custom emojis of this server: added by whoever runs it."""

import re

from fedi import errors
from fedi.context import App
from fedi.services import images
from fedi.text import compose
from storage import emojis, jobs, media

MAX_CATEGORY_CHARS = 100
_SHORTCODE = re.compile(r"[A-Za-z0-9_]{2,128}")


async def add(app: App, shortcode: str, image: bytes, category: str | None = None) -> None:
    """Add an emoji, or replace its picture. `Invalid` for a name that texts cannot use, or what is no image."""
    if not _SHORTCODE.fullmatch(shortcode):
        raise errors.Invalid("Shortcode may hold letters, digits and underscores only, at least two of them")
    category = compose.single_line(category or "") or None
    if category is not None and len(category) > MAX_CATEGORY_CHARS:
        raise errors.Invalid(f"Category is too long (maximum is {MAX_CATEGORY_CHARS} characters)")
    picture = await images.emoji(app, image)
    async with app.db.transaction() as conn:
        replaced = await emojis.put(
            conn, shortcode=shortcode, file=picture.file, static_file=picture.static_file, category=category
        )
        if replaced:
            await jobs.enqueue(conn, media.DELETE_JOB, {"names": replaced}, queue="slow")


async def remove(app: App, shortcode: str) -> bool:
    """Forget an emoji and its files. False when there was none."""
    async with app.db.transaction() as conn:
        files = await emojis.remove(conn, shortcode)
        if files:
            await jobs.enqueue(conn, media.DELETE_JOB, {"names": files}, queue="slow")
        return files is not None
