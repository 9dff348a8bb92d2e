"""The operators' long texts, from Markdown to HTML."""

from datetime import date
from functools import partial

from federation import uris
from fedi import errors
from fedi.context import App
from fedi.text import compose
from storage import documents
from storage.db import Conn
from storage.documents import Document


def html(app: App, text: str) -> str:
    """Clean HTML: what is allowed in a post."""
    return compose.render(
        text, content_type="text/markdown", mentions={}, tag_url=partial(uris.tag_page, app.settings.base_url)
    )


async def terms_of_day(conn: Conn, text: str) -> Document:
    """The version that took effect on a day, `2026-08-01`; NotFound if none did, or if that is no day."""
    try:
        day = date.fromisoformat(text)
    except ValueError as exc:
        raise errors.NotFound from exc
    found = await documents.of_day(conn, "terms_of_service", day)
    if found is None:
        raise errors.NotFound
    return found
