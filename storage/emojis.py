"""Custom emojis: pictures for shortcodes, ours (domain '') and those that remote authors use, by their domain."""

from collections.abc import Sequence

import msgspec

from storage.bundles import Emoji
from storage.db import Conn
from storage.rows import columns, structs


class Remote(msgspec.Struct, frozen=True):
    """A picture as an author's document names it."""

    shortcode: str
    url: str
    uri: str | None = None


async def learn(conn: Conn, domain: str, emojis: Sequence[Remote]) -> None:
    """Write down what the emojis of a domain look like; nothing is written for those that look the same."""
    if not emojis:
        return
    # Sorted, so that two posts with the same emojis never wait for each other's rows.
    rows = sorted({emoji.shortcode: emoji for emoji in emojis}.values(), key=lambda emoji: emoji.shortcode)
    await conn.execute(
        """
        insert into custom_emojis as e (shortcode, domain, uri, remote_url, static_remote_url, visible_in_picker)
        select s, lower($1), i, u, u, false from unnest($2::text[], $3::text[], $4::text[]) t(s, u, i)
        on conflict (domain, shortcode) do update set uri = excluded.uri, remote_url = excluded.remote_url,
            static_remote_url = excluded.static_remote_url, updated_at = now()
        where e.domain <> '' and e.remote_url is distinct from excluded.remote_url
        """,
        domain, [row.shortcode for row in rows], [row.url for row in rows], [row.uri for row in rows],
    )  # fmt: skip


async def listed(conn: Conn) -> list[Emoji]:
    """Ours that may be used and picked, by category and name."""
    records = await conn.fetch(
        f"""
        select {columns(Emoji)} from custom_emojis
        where domain = '' and not disabled and visible_in_picker order by category nulls first, shortcode
        """
    )
    return structs(Emoji, records)


async def ours(conn: Conn, shortcodes: Sequence[str]) -> list[Emoji]:
    """Those of ours that may be used, among the shortcodes."""
    records = await conn.fetch(
        f"""
        select {columns(Emoji)} from custom_emojis
        where domain = '' and not disabled and shortcode = any($1) order by shortcode
        """,
        list(shortcodes),
    )
    return structs(Emoji, records)


async def put(conn: Conn, *, shortcode: str, file: str, static_file: str, category: str | None) -> list[str]:
    """Add one of ours or give it another picture; names of the files that it had before."""
    record = await conn.fetchrow(
        "select file, static_file from custom_emojis where domain = '' and shortcode = $1 for update", shortcode
    )
    await conn.execute(
        """
        insert into custom_emojis (shortcode, file, static_file, category) values ($1, $2, $3, $4)
        on conflict (domain, shortcode) do update set file = excluded.file, static_file = excluded.static_file,
            category = excluded.category, disabled = false, updated_at = now()
        """,
        shortcode, file, static_file, category,
    )  # fmt: skip
    return sorted({name for name in record.values() if name}) if record else []


async def remove(conn: Conn, shortcode: str) -> list[str] | None:
    """Forget one of ours; names of its files, or None if there was none. Texts that use it show the shortcode again."""
    record = await conn.fetchrow(
        "delete from custom_emojis where domain = '' and shortcode = $1 returning file, static_file", shortcode
    )
    return None if record is None else sorted({name for name in record.values() if name})
