"""Filters of a reader. Old clients see each keyword as a filter of its own, new ones see groups: the same rows."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import UNSET, UnsetType

from fedi import access, errors
from fedi.context import App
from fedi.text import compose
from storage import filters
from storage.db import Conn
from storage.filters import Action, Context, Entry, Filter, Keyword, New, Whole, Word

MAX_TITLE_CHARS = 256
MAX_KEYWORD_CHARS = 512
# Of one reader: each is looked for in each post they are shown.
MAX_FILTERS = 200
MAX_KEYWORDS = 1000
MAX_STATUSES = 1000
# Longer than anybody lives; a larger number is a mistake, or an attack on the date type.
MAX_SECONDS = 100 * 365 * 86400


class KeywordChange(msgspec.Struct, frozen=True):
    """Without `id` a new keyword, with it one of the filter's."""

    id: int | None = None
    keyword: str | None = None
    whole_word: bool | None = None
    destroy: bool = msgspec.field(default=False, name="_destroy")


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """None stays as it is; so does an `expires_in` that is UNSET, while None there means for ever."""

    title: str | None = None
    context: list[Context] | None = None
    action: Action | None = None
    expires_in: int | None | UnsetType = UNSET
    keywords: Sequence[KeywordChange] = ()


async def create(app: App, account_id: int, changes: Changes) -> Whole:
    new = _applied(Filter(0, "", [], "warn", None), changes)
    words = [_word(each) for each in changes.keywords if each.id is None and not each.destroy]
    async with app.db.transaction() as conn:
        await _room(conn, account_id, more_filters=1, more_keywords=len(words))
        filter_id = await filters.create(conn, account_id, new)
        await filters.add_keywords(conn, filter_id, words)
        await filters.changed(conn, account_id)
        return await filters.own(conn, account_id, filter_id)


async def update(app: App, account_id: int, filter_id: int, changes: Changes) -> Whole:
    async with app.db.transaction() as conn:
        whole = await filters.own(conn, account_id, filter_id)
        await filters.update(conn, filter_id, _applied(whole.filter, changes))
        await _change_keywords(conn, account_id, whole, changes.keywords)
        await filters.changed(conn, account_id)
        return await filters.own(conn, account_id, filter_id)


async def _change_keywords(conn: Conn, account_id: int, whole: Whole, changes: Sequence[KeywordChange]) -> None:
    known = {keyword.id: keyword for keyword in whole.keywords}
    if any(each.id is not None and each.id not in known for each in changes):
        raise errors.NotFound
    added = [_word(each) for each in changes if each.id is None and not each.destroy]
    removed = [each.id for each in changes if each.id is not None and each.destroy]
    await _room(conn, account_id, more_keywords=len(added) - len(removed))
    if removed:
        await filters.remove_keywords(conn, removed)
    for each in changes:  # As many as the client sends: few.
        if each.id is not None and not each.destroy:
            await filters.write_keyword(conn, each.id, _word(each, known[each.id]))
    if added:
        await filters.add_keywords(conn, whole.filter.id, added)


async def delete(app: App, account_id: int, filter_id: int) -> None:
    async with app.db.transaction() as conn:
        whole = await filters.own(conn, account_id, filter_id)
        await filters.delete(conn, whole.filter.id)
        await filters.changed(conn, account_id)


# ------------------------------------------------------------ keywords and posts of a filter


async def add_keyword(app: App, account_id: int, filter_id: int, change: KeywordChange) -> Keyword:
    word = _word(change)
    async with app.db.transaction() as conn:
        whole = await filters.own(conn, account_id, filter_id)
        await _room(conn, account_id, more_keywords=1)
        (keyword_id,) = await filters.add_keywords(conn, whole.filter.id, [word])
        await filters.changed(conn, account_id)
    return Keyword(keyword_id, filter_id, word.keyword, word.whole_word)


async def change_keyword(app: App, account_id: int, keyword_id: int, change: KeywordChange) -> Keyword:
    async with app.db.transaction() as conn:
        known = await filters.own_keyword(conn, account_id, keyword_id)
        word = _word(change, known)
        await filters.write_keyword(conn, keyword_id, word)
        await filters.changed(conn, account_id)
    return Keyword(keyword_id, known.filter_id, word.keyword, word.whole_word)


async def remove_keyword(app: App, account_id: int, keyword_id: int) -> None:
    async with app.db.transaction() as conn:
        known = await filters.own_keyword(conn, account_id, keyword_id)
        await filters.remove_keywords(conn, [known.id])
        await filters.changed(conn, account_id)


async def add_status(app: App, account_id: int, filter_id: int, status_id: int) -> Entry:
    """A post that the reader can see; naming it twice is naming it once."""
    async with app.db.transaction() as conn:
        whole = await filters.own(conn, account_id, filter_id)
        status = await access.visible_status(conn, account_id, status_id)
        if (await filters.counts(conn, account_id))[2] >= MAX_STATUSES:
            raise errors.Invalid(f"You can filter at most {MAX_STATUSES} single posts")
        entry_id = await filters.add_status(conn, whole.filter.id, status.id)
        await filters.changed(conn, account_id)
    return Entry(entry_id, filter_id, status.id)


async def remove_status(app: App, account_id: int, entry_id: int) -> None:
    async with app.db.transaction() as conn:
        entry = await filters.own_entry(conn, account_id, entry_id)
        await filters.remove_status(conn, entry.id)
        await filters.changed(conn, account_id)


# ------------------------------------------------------------ the old kind: one keyword


async def update_by_keyword(app: App, account_id: int, keyword_id: int, change: KeywordChange, group: Changes) -> Whole:
    """Change a keyword and, if it is its filter's only one, the filter with it."""
    async with app.db.transaction() as conn:
        known = await filters.own_keyword(conn, account_id, keyword_id)
        whole = await filters.own(conn, account_id, known.filter_id)
        new = _applied(whole.filter, group)
        if len(whole.keywords) > 1 and _differs(new, whole.filter):
            raise errors.Unprocessable(
                "These parameters cannot be changed from this application because they apply to more than one "
                "filter keyword. Use a more recent application or the web interface."
            )
        await filters.update(conn, known.filter_id, new)
        await filters.write_keyword(conn, keyword_id, _word(change, known))
        await filters.changed(conn, account_id)
        return await filters.own(conn, account_id, known.filter_id)


async def delete_by_keyword(app: App, account_id: int, keyword_id: int) -> None:
    """With the last thing it looks for, a filter goes too."""
    async with app.db.transaction() as conn:
        known = await filters.own_keyword(conn, account_id, keyword_id)
        whole = await filters.own(conn, account_id, known.filter_id)
        if len(whole.keywords) == 1 and not whole.statuses:
            await filters.delete(conn, known.filter_id)
        else:
            await filters.remove_keywords(conn, [keyword_id])
        await filters.changed(conn, account_id)


# ------------------------------------------------------------ rules


def _applied(known: Filter, changes: Changes) -> New:
    """The filter as it is to be; `Invalid` when it cannot be."""
    title = compose.single_line(known.title if changes.title is None else changes.title)
    context = list(dict.fromkeys(known.context if changes.context is None else changes.context))
    if not title:
        raise errors.Invalid("Title can't be blank")
    if len(title) > MAX_TITLE_CHARS:
        raise errors.Invalid(f"Title is too long (maximum is {MAX_TITLE_CHARS} characters)")
    if not context:
        raise errors.Invalid("Context can't be blank")
    return New(
        title=title,
        context=msgspec.convert(context, list[Context]),
        action=msgspec.convert(changes.action or known.action, Action),
        expires_at=_expiry(known.expires_at, changes.expires_in),
    )


def _expiry(known: datetime | None, seconds: int | None | UnsetType) -> datetime | None:
    if seconds is UNSET:
        return known
    if seconds is None:
        return None
    return datetime.now(UTC) + timedelta(seconds=max(min(seconds, MAX_SECONDS), 0))


def _differs(new: New, known: Filter) -> bool:
    """Titles are not looked at: the old kind has none."""
    return (sorted(new.context), new.action, new.expires_at) != (sorted(known.context), known.action, known.expires_at)


def _word(change: KeywordChange, known: Keyword | None = None) -> Word:
    keyword = change.keyword if change.keyword is not None else known.keyword if known else ""
    whole_word = change.whole_word if change.whole_word is not None else known.whole_word if known else True
    keyword = compose.single_line(keyword)
    if not keyword:
        raise errors.Invalid("Keyword can't be blank")
    if len(keyword) > MAX_KEYWORD_CHARS:
        raise errors.Invalid(f"Keyword is too long (maximum is {MAX_KEYWORD_CHARS} characters)")
    return Word(keyword, whole_word)


async def _room(conn: Conn, account_id: int, *, more_filters: int = 0, more_keywords: int = 0) -> None:
    known_filters, known_keywords, _ = await filters.counts(conn, account_id)
    if more_filters > 0 and known_filters + more_filters > MAX_FILTERS:
        raise errors.Invalid(f"You can have at most {MAX_FILTERS} filters")
    if more_keywords > 0 and known_keywords + more_keywords > MAX_KEYWORDS:
        raise errors.Invalid(f"You can have at most {MAX_KEYWORDS} keywords")
