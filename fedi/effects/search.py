"""Posts become findable: their words and marks are written when they appear, change, or are answered here."""

import re
from typing import Any

from fedi.context import App
from fedi.effects.context import Context
from fedi.entities.rendering import plain
from fedi.text import words
from storage import events, jobs, status_words
from storage.db import Conn
from storage.status_words import Material

# Fills in what was stored before there was an index, or again what an older version has written.
JOB = "index_statuses"
CHUNK = 100
CHUNKS_PER_JOB = 20

_LINK = re.compile(r"<a\b(?![^>]*\b(?:mention|hashtag)\b)[^>]*\bhref=")
_KINDS = {"image": "image", "gifv": "video", "video": "video", "audio": "audio"}


async def status(ctx: Context, event: events.StatusCreated) -> None:
    """The post itself; and what it answers, which its author finds from now on."""
    await write(ctx.conn, [event.status_id], answered=True)


async def edit(ctx: Context, event: events.StatusEdited) -> None:
    await write(ctx.conn, [event.status_id])


async def deletion(ctx: Context, event: events.StatusDeleted) -> None:
    """Whoever answered a post finds it no more without the answer."""
    if event.is_local and event.in_reply_to_id is not None:
        await write(ctx.conn, [event.in_reply_to_id])


async def fill(app: App, payload: dict[str, Any]) -> None:
    """Job: the newest posts first. Leaves a job for those after them."""
    below: int | None = payload.get("below")
    for _chunk in range(CHUNKS_PER_JOB):
        async with app.db.transaction() as conn:
            status_ids = await status_words.below(conn, below, limit=CHUNK)
            await write(conn, status_ids)
        if len(status_ids) < CHUNK:
            return
        below = status_ids[-1]
    async with app.db.transaction() as conn:
        await jobs.enqueue(conn, JOB, {"below": below}, queue="slow", key="all")


async def write(conn: Conn, status_ids: list[int], *, answered: bool = False) -> None:
    found = await status_words.materials(conn, status_ids, answered=answered) if status_ids else []
    if found:
        rows = {each.id: status_words.vector(words.places(_parts(each)), _marks(each)) for each in found}
        await status_words.put(conn, rows)


def _parts(post: Material) -> list[str]:
    descriptions = [each.description or "" for each in status_words.media_of(post)]
    return [post.spoiler_text, plain(post.content), *(post.options or ()), *descriptions]


def _marks(post: Material) -> list[str]:
    """What it is, so that search finds it by more than words."""
    media = {_KINDS.get(each.type, "media") for each in status_words.media_of(post)}
    has = media | ({"media"} if media else set())
    has |= {"poll"} if post.options else set()
    has |= {"link"} if _LINK.search(post.content) else set()
    has |= {"reply"} if post.is_reply else set()
    has |= {"quote"} if post.is_quote else set()
    has |= {"sensitive"} if post.sensitive else set()
    language = (post.language or "").lower()
    spoken = {language, language.partition("-")[0]} - {""}
    return [
        "=any",
        f"@{post.account_id}",
        *(f"~{each}" for each in post.people),
        *(f"#{each}" for each in post.tags),
        *(f"={each}" for each in sorted(has)),
        *(f"=lang:{each}" for each in sorted(spoken)),
    ]
