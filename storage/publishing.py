"""What another server is told about a post of ours, read in a fixed number of queries for any number of posts."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import msgspec

from storage import approvals, tagged_collections
from storage.db import Conn
from storage.rows import columns, struct, structs
from storage.statuses import Status


class Mentioned(msgspec.Struct, frozen=True):
    status_id: int
    account_id: int
    uri: str
    username: str
    domain: str
    is_local: bool
    silent: bool
    community: bool


class Medium(msgspec.Struct, frozen=True):
    id: int
    type: str
    file: str | None
    preview_file: str | None
    content_type: str | None
    preview_content_type: str | None
    remote_url: str | None
    description: str | None
    width: int | None
    height: int | None
    duration: float | None
    focus_x: float | None
    focus_y: float | None
    blurhash: str | None


class PollRow(msgspec.Struct, frozen=True):
    id: int
    status_id: int
    options: list[str]
    tallies: list[int]
    voters_count: int | None
    multiple: bool
    hide_totals: bool
    expires_at: datetime | None
    closed_at: datetime | None


class EmojiRow(msgspec.Struct, frozen=True):
    id: int
    shortcode: str
    file: str | None
    updated_at: datetime


class Parent(msgspec.Struct, frozen=True):
    id: int
    uri: str
    account_id: int
    account_uri: str
    username: str
    domain: str


class QuoteRow(msgspec.Struct, frozen=True):
    status_id: int
    uri: str | None
    url: str | None
    state: str
    approval_uri: str | None


class Author(msgspec.Struct, frozen=True):
    id: int
    uri: str
    url: str
    followers_uri: str | None
    sensitized_at: datetime | None


class Material(msgspec.Struct, frozen=True):
    """Everything around the statuses, by their ids."""

    authors: dict[int, Author]
    mentions: dict[int, list[Mentioned]]
    tags: dict[int, list[str]]
    media: dict[int, Medium]
    polls: dict[int, PollRow]
    parents: dict[int, Parent]
    quotes: dict[int, QuoteRow]
    emojis: dict[str, EmojiRow]
    collections: dict[int, list[str]]
    approvals: dict[int, str]
    """Of authors elsewhere to what is answered or boosted."""


async def load(conn: Conn, statuses: Sequence[Status]) -> Material:
    """Ten queries."""
    ids = [status.id for status in statuses]
    mentions: dict[int, list[Mentioned]] = defaultdict(list)
    for mention in structs(
        Mentioned,
        await conn.fetch(
            """
            select m.status_id, a.id as account_id, a.uri, a.username, a.domain, a.is_local, m.silent,
                a."group" and not a.is_local as community
            from mentions m join accounts a on a.id = m.account_id
            where m.status_id = any($1) order by m.status_id, a.id
            """,
            ids,
        ),
    ):
        mentions[mention.status_id].append(mention)
    tags: dict[int, list[str]] = defaultdict(list)
    for record in await conn.fetch(
        """
        select st.status_id, t.name from status_tags st join tags t on t.id = st.tag_id
        where st.status_id = any($1) order by st.status_id, t.name
        """,
        ids,
    ):
        tags[record[0]].append(record[1])
    return Material(
        authors=await _authors(conn, statuses),
        mentions=mentions,
        tags=tags,
        media=await _media(conn, statuses),
        polls=await _polls(conn, ids),
        parents=await _parents(conn, statuses),
        quotes=await _quotes(conn, ids),
        emojis=await _emojis(conn, statuses),
        collections=await tagged_collections.uris_of(conn, ids),
        approvals=await approvals.approved_by(conn, ids),
    )


async def _authors(conn: Conn, statuses: Sequence[Status]) -> dict[int, Author]:
    records = await conn.fetch(
        f"select {columns(Author)} from accounts where id = any($1)", list({status.account_id for status in statuses})
    )
    return {author.id: author for author in structs(Author, records)}


async def _media(conn: Conn, statuses: Sequence[Status]) -> dict[int, Medium]:
    wanted = [media_id for status in statuses for media_id in status.media_ids]
    records = await conn.fetch(f"select {columns(Medium)} from media_attachments where id = any($1)", wanted)
    return {medium.id: medium for medium in structs(Medium, records)}


async def _polls(conn: Conn, ids: Sequence[int]) -> dict[int, PollRow]:
    records = await conn.fetch(f"select {columns(PollRow)} from polls where status_id = any($1)", ids)
    return {poll.status_id: poll for poll in structs(PollRow, records)}


async def _parents(conn: Conn, statuses: Sequence[Status]) -> dict[int, Parent]:
    wanted = [
        parent for status in statuses for parent in (status.in_reply_to_id, status.reblog_of_id) if parent is not None
    ]
    records = await conn.fetch(
        """
        select s.id, s.uri, s.account_id, a.uri as account_uri, a.username, a.domain
        from statuses s join accounts a on a.id = s.account_id where s.id = any($1)
        """,
        wanted,
    )
    return {parent.id: parent for parent in structs(Parent, records)}


async def _quotes(conn: Conn, ids: Sequence[int]) -> dict[int, QuoteRow]:
    records = await conn.fetch(
        """
        select q.status_id, q.quoted_uri as uri, s.url, q.state, q.approval_uri
        from quotes q left join statuses s on s.id = q.quoted_id
        where q.status_id = any($1)
        """,
        ids,
    )
    return {quote.status_id: quote for quote in structs(QuoteRow, records)}


async def _emojis(conn: Conn, statuses: Sequence[Status]) -> dict[str, EmojiRow]:
    wanted = list({shortcode for status in statuses for shortcode in status.emojis})
    return await local_emojis(conn, wanted)


async def local_emojis(conn: Conn, shortcodes: Sequence[str]) -> dict[str, EmojiRow]:
    """Our own enabled emojis among the shortcodes."""
    records = await conn.fetch(
        f"""
        select {columns(EmojiRow)} from custom_emojis where domain = '' and not disabled and shortcode = any($1)
        """,
        shortcodes,
    )
    return {emoji.shortcode: emoji for emoji in structs(EmojiRow, records)}


async def emoji(conn: Conn, emoji_id: int) -> EmojiRow | None:
    """One of our own enabled emojis."""
    record = await conn.fetchrow(
        f"select {columns(EmojiRow)} from custom_emojis where domain = '' and not disabled and id = $1", emoji_id
    )
    return struct(EmojiRow, record)
