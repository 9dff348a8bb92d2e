"""Filters as a file: to keep them, or to take them along to another account or server.

A list of objects as `POST /api/v2/filters` takes them, with `expires_at` instead of a span, and the URIs of posts.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from fedi import access, errors
from fedi.context import App
from fedi.services import filters as service
from fedi.services.filters import Changes, KeywordChange
from storage import filters, statuses
from storage.filters import Action, Context, Whole


class Word(msgspec.Struct, frozen=True):
    keyword: str
    whole_word: bool = True


class Portable(msgspec.Struct, frozen=True, kw_only=True):
    """A filter that means the same elsewhere: no ids of ours. Expired ones end where they ended."""

    title: str
    context: list[Context]
    filter_action: Action = "warn"
    expires_at: datetime | None = None
    keywords: list[Word] = []
    statuses: list[str] = []


async def dump(app: App, account_id: int) -> list[Portable]:
    """All of them, oldest first."""
    async with app.db.read() as conn:
        wholes = await filters.of_account(conn, account_id)
        rows = await statuses.by_ids(conn, [each.status_id for whole in wholes for each in whole.statuses])
    return [_portable(whole, {ident: row.uri for ident, row in rows.items()}) for whole in wholes]


def _portable(whole: Whole, uris: dict[int, str]) -> Portable:
    row = whole.filter
    return Portable(
        title=row.title,
        context=msgspec.convert(row.context, list[Context]),
        filter_action=msgspec.convert(row.action, Action),
        expires_at=row.expires_at,
        keywords=[Word(each.keyword, each.whole_word) for each in whole.keywords],
        statuses=[uris[each.status_id] for each in whole.statuses if each.status_id in uris],
    )


def parse(content: bytes) -> list[Portable]:
    """`Invalid` says what is wrong with it."""
    try:
        return msgspec.json.decode(content, type=list[Portable])
    except msgspec.DecodeError as exc:
        raise errors.Invalid(f"This is no file of filters: {exc}") from exc


async def load(app: App, account_id: int, found: Sequence[Portable]) -> tuple[int, int]:
    """Add those that are not there yet and have not ended; (how many were added, how many were not). Posts that are not
    known here, or that the account may not see, are left out."""
    known = [_comparable(each) for each in await dump(app, account_id)]
    added, now = 0, datetime.now(UTC)
    for each in found:
        if _comparable(each) in known or (each.expires_at is not None and _moment(each.expires_at) <= now):
            continue
        whole = await service.create(app, account_id, _changes(each, now))
        await _name_posts(app, account_id, whole.filter.id, each.statuses)
        added += 1
    return added, len(found) - added


def _changes(each: Portable, now: datetime) -> Changes:
    ends = None if each.expires_at is None else int((_moment(each.expires_at) - now).total_seconds())
    return Changes(
        title=each.title,
        context=each.context,
        action=each.filter_action,
        expires_in=ends,
        keywords=[KeywordChange(keyword=word.keyword, whole_word=word.whole_word) for word in each.keywords],
    )


async def _name_posts(app: App, account_id: int, filter_id: int, uris: Sequence[str]) -> None:
    async with app.db.read() as conn:
        rows = await statuses.by_uris(conn, uris)
        seen = await access.visible_statuses(conn, account_id, [row.id for row in rows.values()])
    for status_id in seen:
        await service.add_status(app, account_id, filter_id, status_id)


def _moment(at: datetime) -> datetime:
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _comparable(each: Portable) -> object:
    """What makes two of them the same filter."""
    words = sorted((word.keyword, word.whole_word) for word in each.keywords)
    return each.title, sorted(each.context), each.filter_action, words
