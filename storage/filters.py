"""Filters of readers: a title, where it works, what it does, its keywords and single posts. Matching is elsewhere:
`fedi.entities.matching` on what `storage.bundles.filters` reads."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from storage import events
from storage.db import Conn
from storage.errors import Missing
from storage.rows import columns, struct, structs

Context = Literal["home", "notifications", "public", "thread", "account"]
Action = Literal["warn", "hide", "blur"]


class Keyword(msgspec.Struct, frozen=True):
    id: int
    filter_id: int
    keyword: str
    whole_word: bool


class Entry(msgspec.Struct, frozen=True):
    """A single post that a filter names."""

    id: int
    filter_id: int
    status_id: int


class Filter(msgspec.Struct, frozen=True):
    id: int
    title: str
    context: list[str]
    action: str
    expires_at: datetime | None


class Whole(msgspec.Struct, frozen=True):
    """A filter with all that belongs to it."""

    filter: Filter
    keywords: list[Keyword]
    statuses: list[Entry]


class New(msgspec.Struct, frozen=True, kw_only=True):
    """The whole state of a filter but its keywords and posts."""

    title: str
    context: list[Context]
    action: Action
    expires_at: datetime | None


class Word(msgspec.Struct, frozen=True):
    keyword: str
    whole_word: bool


_COLUMNS = columns(Filter, "f")
_KEYWORD = columns(Keyword, "k")
_ENTRY = columns(Entry, "e")


async def of_account(conn: Conn, account_id: int) -> list[Whole]:
    """All of them, expired ones too, oldest first."""
    found = structs(
        Filter, await conn.fetch(f"select {_COLUMNS} from filters f where f.account_id = $1 order by f.id", account_id)
    )
    return await _complete(conn, found)


async def own(conn: Conn, account_id: int, filter_id: int) -> Whole:
    """`Missing` when it is not the account's."""
    record = await conn.fetchrow(
        f"select {_COLUMNS} from filters f where f.id = $2 and f.account_id = $1", account_id, filter_id
    )
    found = struct(Filter, record)
    if found is None:
        raise Missing("There is no such filter")
    return (await _complete(conn, [found]))[0]


async def _complete(conn: Conn, found: Sequence[Filter]) -> list[Whole]:
    ids = [each.id for each in found]
    keywords = structs(
        Keyword,
        await conn.fetch(f"select {_KEYWORD} from filter_keywords k where k.filter_id = any($1) order by k.id", ids),
    )
    entries = structs(
        Entry,
        await conn.fetch(f"select {_ENTRY} from filter_statuses e where e.filter_id = any($1) order by e.id", ids),
    )
    wholes = {each.id: Whole(each, [], []) for each in found}
    for keyword in keywords:
        wholes[keyword.filter_id].keywords.append(keyword)
    for entry in entries:
        wholes[entry.filter_id].statuses.append(entry)
    return list(wholes.values())


async def own_keyword(conn: Conn, account_id: int, keyword_id: int) -> Keyword:
    record = await conn.fetchrow(
        f"""
        select {_KEYWORD} from filter_keywords k join filters f on f.id = k.filter_id
        where k.id = $2 and f.account_id = $1
        """,
        account_id, keyword_id,
    )  # fmt: skip
    found = struct(Keyword, record)
    if found is None:
        raise Missing("There is no such keyword")
    return found


async def own_entry(conn: Conn, account_id: int, entry_id: int) -> Entry:
    record = await conn.fetchrow(
        f"""
        select {_ENTRY} from filter_statuses e join filters f on f.id = e.filter_id
        where e.id = $2 and f.account_id = $1
        """,
        account_id, entry_id,
    )  # fmt: skip
    found = struct(Entry, record)
    if found is None:
        raise Missing("There is no such entry")
    return found


async def counts(conn: Conn, account_id: int) -> tuple[int, int, int]:
    """How many filters, keywords and single posts the account has."""
    record = await conn.fetchrow(
        """
        select count(*), coalesce(sum((select count(*) from filter_keywords k where k.filter_id = f.id)), 0)::bigint,
            coalesce(sum((select count(*) from filter_statuses e where e.filter_id = f.id)), 0)::bigint
        from filters f where f.account_id = $1
        """,
        account_id,
    )
    assert record is not None
    return record[0], record[1], record[2]


# Every change below ends with `changed`, called once by whoever has made all the changes of a request.


async def changed(conn: Conn, account_id: int) -> None:
    """Emit `FiltersChanged`."""
    await events.emit(conn, events.FiltersChanged(account_id))


async def create(conn: Conn, account_id: int, new: New) -> int:
    filter_id: int = await conn.fetchval(
        "insert into filters (account_id, title, context, action, expires_at) values ($1, $2, $3, $4, $5) returning id",
        account_id, new.title, new.context, new.action, new.expires_at,
    )  # fmt: skip
    return filter_id


async def update(conn: Conn, filter_id: int, new: New) -> None:
    await conn.execute(
        "update filters set title = $2, context = $3, action = $4, expires_at = $5 where id = $1",
        filter_id, new.title, new.context, new.action, new.expires_at,
    )  # fmt: skip


async def delete(conn: Conn, filter_id: int) -> None:
    await conn.execute("delete from filters where id = $1", filter_id)


async def add_keywords(conn: Conn, filter_id: int, words: Sequence[Word]) -> list[int]:
    """Ids, in the order given."""
    records = await conn.fetch(
        """
        insert into filter_keywords (filter_id, keyword, whole_word)
        select $1, w, b from unnest($2::text[], $3::bool[]) with ordinality t(w, b, place) order by place returning id
        """,
        filter_id, [word.keyword for word in words], [word.whole_word for word in words],
    )  # fmt: skip
    return [record[0] for record in records]


async def write_keyword(conn: Conn, keyword_id: int, word: Word) -> None:
    await conn.execute(
        "update filter_keywords set keyword = $2, whole_word = $3 where id = $1",
        keyword_id,
        word.keyword,
        word.whole_word,
    )


async def remove_keywords(conn: Conn, keyword_ids: Sequence[int]) -> None:
    await conn.execute("delete from filter_keywords where id = any($1)", list(keyword_ids))


async def add_status(conn: Conn, filter_id: int, status_id: int) -> int:
    """Its entry, which may have been there."""
    entry_id: int = await conn.fetchval(
        """
        insert into filter_statuses (filter_id, status_id) values ($1, $2)
        on conflict (filter_id, status_id) do update set status_id = excluded.status_id returning id
        """,
        filter_id, status_id,
    )  # fmt: skip
    return entry_id


async def remove_status(conn: Conn, entry_id: int) -> None:
    await conn.execute("delete from filter_statuses where id = $1", entry_id)
