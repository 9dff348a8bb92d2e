"""Announcements: made by the operators, answered by people with a picture."""

from datetime import datetime
from functools import partial

from federation import uris
from federation.vocab.reaction import is_emoji
from fedi import errors
from fedi.context import App
from fedi.text import compose
from storage import accounts, announcements, emojis
from storage.db import Conn

MAX_TEXT_CHARS = 10_000
MAX_REACTIONS = 8  # different ones on an announcement


async def create(
    app: App,
    text: str,
    *,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    all_day: bool = False,
) -> int:
    """Publish one now; its id. Whom the text mentions is linked if known here."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise errors.Invalid("Text can't be blank")
    if len(text) > MAX_TEXT_CHARS:
        raise errors.Invalid(f"Text is too long (maximum is {MAX_TEXT_CHARS} characters)")
    if starts_at and ends_at and ends_at < starts_at:
        raise errors.Invalid("An announcement cannot end before it starts")
    async with app.db.transaction() as conn:
        content = await _html(app, conn, text)
        return await announcements.create(
            conn, text=text, content=content, starts_at=starts_at, ends_at=ends_at, all_day=all_day
        )


async def _html(app: App, conn: Conn, text: str) -> str:
    here = app.fed.site.domain.lower()
    handles = compose.extract(text).mentions
    rows = await accounts.by_handles(conn, [(name, domain or here) for name, domain in handles]) if handles else []
    known = {(row.username.lower(), row.domain.lower()): row for row in rows if row.suspended_at is None}
    people = {handle: known.get((handle[0], handle[1] or here)) for handle in handles}
    return compose.render(
        text,
        content_type="text/plain",
        mentions={
            handle: compose.Person(row.username, row.acct, row.url) for handle, row in people.items() if row is not None
        },
        tag_url=partial(uris.tag_page, app.settings.base_url),
    )


async def dismiss(app: App, account_id: int, announcement_id: int) -> None:
    async with app.db.transaction() as conn:
        await _find(conn, announcement_id)
        await announcements.dismiss(conn, account_id, announcement_id)


async def react(app: App, account_id: int, announcement_id: int, name: str) -> None:
    """`name`: an emoji, or the shortcode of one of ours."""
    async with app.db.transaction() as conn:
        await _find(conn, announcement_id)
        if not is_emoji(name) and not await emojis.ours(conn, [name]):
            raise errors.Invalid("Name is not a recognized emoji")
        await announcements.react(conn, account_id, announcement_id, name, most=MAX_REACTIONS)


async def unreact(app: App, account_id: int, announcement_id: int, name: str) -> None:
    async with app.db.transaction() as conn:
        await _find(conn, announcement_id)
        await announcements.unreact(conn, account_id, announcement_id, name)


async def _find(conn: Conn, announcement_id: int) -> None:
    if not await announcements.is_current(conn, announcement_id):
        raise errors.NotFound
