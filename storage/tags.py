"""Hashtags: found or made by name, attached to posts, counted per day and person."""

import unicodedata
from collections.abc import Sequence
from datetime import datetime

import msgspec

from storage.db import Conn
from storage.rows import columns, struct, structs


class Tag(msgspec.Struct, frozen=True):
    id: int
    name: str
    display_name: str
    usable: bool
    listable: bool
    trendable: bool
    last_status_at: datetime | None


COLUMNS = columns(Tag)
MAX_NAME_CHARS = 255
_FOLDED = str.maketrans("ðđħıĸłŋøŧſ", "ddhiklnots")


def normalise(name: str) -> str:
    """What makes two spellings the same tag: compatibility forms, case and Latin accents do not matter, so that
    `Montréal` is `montreal`."""
    folded = unicodedata.normalize("NFKC", name).lower().translate(_FOLDED)
    return "".join(_letter(char) for char in unicodedata.normalize("NFC", folded))[:MAX_NAME_CHARS]


def _letter(char: str) -> str:
    if char.isascii():
        return char
    plain = unicodedata.normalize("NFD", char)[0]
    return plain if plain.isascii() and plain.isalpha() else char


async def by_name(conn: Conn, name: str) -> Tag | None:
    return struct(Tag, await conn.fetchrow(f"select {COLUMNS} from tags where name = $1", normalise(name)))


async def ensure(conn: Conn, names: Sequence[str]) -> list[Tag]:
    """The tags of these spellings, made where they are new, in the order of their names."""
    display = {normalise(name): name[:MAX_NAME_CHARS] for name in reversed(names)}
    found = await _by_names(conn, list(display))
    if len(found) < len(display):
        await conn.execute(
            """
            insert into tags (name, display_name) select n, d from unnest($1::text[], $2::text[]) t(n, d) order by n
            on conflict (name) do nothing
            """,
            list(display), list(display.values()),
        )  # fmt: skip
        found = await _by_names(conn, list(display))
    return found


async def _by_names(conn: Conn, names: Sequence[str]) -> list[Tag]:
    records = await conn.fetch(f"select {COLUMNS} from tags where name = any($1) order by name", names)
    return structs(Tag, records)


async def attach(conn: Conn, status_id: int, names: Sequence[str], *, account_id: int, count: bool) -> None:
    """Add tags to a post; `count` it for history and trends, as is done for public posts."""
    if not names:
        return
    ids = [tag.id for tag in await ensure(conn, names)]
    new = await conn.fetch(
        """
        insert into status_tags (tag_id, status_id) select unnest($1::bigint[]), $2
        on conflict do nothing returning tag_id
        """,
        ids, status_id,
    )  # fmt: skip
    if count and new:
        await _count(conn, [record[0] for record in new], account_id)


async def count(conn: Conn, status_id: int, *, account_id: int) -> None:
    """Count the tags of a post that were not when they were attached."""
    records = await conn.fetch("select tag_id from status_tags where status_id = $1", status_id)
    if records:
        await _count(conn, [record[0] for record in records], account_id)


async def _count(conn: Conn, fresh: list[int], account_id: int) -> None:
    await conn.execute(
        """
        insert into tag_uses as u (tag_id, day, account_id) select unnest($1::bigint[]), current_date, $2
        on conflict (tag_id, day, account_id) do update set uses = u.uses + 1
        """,
        fresh, account_id,
    )  # fmt: skip
    # In id order, and no more than once a minute: posts that share tags arrive together.
    await conn.execute(
        """
        with due as (
            select id from tags where id = any($1)
              and (last_status_at is null or last_status_at < now() - interval '1 minute')
            order by id for update)
        update tags t set last_status_at = now() from due where t.id = due.id
        """,
        fresh,
    )


async def replace(conn: Conn, status_id: int, names: Sequence[str], *, account_id: int, count: bool) -> None:
    """Make these the tags of a post."""
    await conn.execute(
        """
        delete from status_tags st using tags t
        where st.status_id = $1 and t.id = st.tag_id and t.name <> all($2)
        """,
        status_id, [normalise(name) for name in names],
    )  # fmt: skip
    await attach(conn, status_id, names, account_id=account_id, count=count)
