"""Announcements for a reader: rows in, entities out, with whom and what their texts name, loaded together."""

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from federation import uris
from fedi.context import App
from fedi.entities import rendering
from fedi.entities.announcement import Announcement, Linked, Parts, Reaction, ReactionNews, build
from fedi.entities.emoji import CustomEmoji
from fedi.entities.status import Mention, mention
from fedi.entities.tag import StatusTag
from fedi.text import compose, emoji
from fedi.text.tags import normalise
from storage import accounts, announcements, emojis, ids, statuses
from storage.accounts import Account
from storage.db import Conn
from storage.statuses import Status


class _Named:
    """What the texts and reactions of a page name."""

    def __init__(self) -> None:
        self.people: dict[tuple[str, str], Account] = {}
        self.posts: dict[str, Status] = {}
        self.emojis: dict[str, CustomEmoji] = {}


async def announced(
    app: App, conn: Conn, rows: Sequence[announcements.Announcement], viewer_id: int
) -> list[Announcement]:
    """In the order given; at most six queries."""
    if not rows:
        return []
    wanted = [row.id for row in rows]
    read = await announcements.read_ids(conn, viewer_id, wanted)
    given = defaultdict(list)
    for reaction in await announcements.reactions(conn, viewer_id, wanted):
        given[reaction.announcement_id].append(reaction)
    named = await _named(app, conn, rows, [each.name for page in given.values() for each in page])
    return [
        build(
            _parts(app, row, named),
            reactions=tuple(_reaction(each, named) for each in given[row.id]),
            read=row.id in read,
        )
        for row in rows
    ]


async def announced_each(
    app: App, conn: Conn, row: announcements.Announcement, viewer_ids: Sequence[int]
) -> dict[int, Announcement]:
    """One, as `announced` has it for each viewer; at most six queries."""
    readers = await announcements.readers(conn, row.id, viewer_ids)
    given = await announcements.givers(conn, row.id, viewer_ids)
    named = await _named(app, conn, [row], [each.reaction.name for each in given])
    parts = _parts(app, row, named)
    found = {}
    for viewer_id in viewer_ids:
        own = [msgspec.structs.replace(each.reaction, me=viewer_id in each.account_ids) for each in given]
        reactions = tuple(_reaction(each, named) for each in own)
        found[viewer_id] = build(parts, reactions=reactions, read=viewer_id in readers)
    return found


async def reacted(app: App, conn: Conn, announcement_id: int, name: str) -> ReactionNews | None:
    """None when the announcement is gone."""
    count = await announcements.reaction_count(conn, announcement_id, name)
    if count is None:
        return None
    for row in await emojis.ours(conn, [name]):
        picture = rendering.emoji(app.settings.base_url, row)
        if picture is not None:
            return ReactionNews(str(announcement_id), name, count, picture.url, picture.static_url)
    return ReactionNews(str(announcement_id), name, count)


async def _named(app: App, conn: Conn, rows: Sequence[announcements.Announcement], reactions: Sequence[str]) -> _Named:
    named, here = _Named(), app.fed.site.domain.lower()
    found = [compose.extract(row.text) for row in rows]
    handles = {(name, domain or here) for each in found for name, domain in each.mentions}
    if handles:
        people = await accounts.by_handles(conn, sorted(handles))
        named.people = {(row.username.lower(), row.domain.lower()): row for row in people if row.suspended_at is None}
    links = {url: ids.parse(url.rpartition("/")[2]) for each in found for url in each.urls}
    if links:
        known = await statuses.visible_rows(conn, None, [status_id for status_id in links.values() if status_id])
        named.posts = {row.url: row for row in known if row.url in links}
    codes = {code for row in rows for code in emoji.shortcodes(row.text)} | set(reactions)
    if codes:
        pictures = [rendering.emoji(app.settings.base_url, row) for row in await emojis.ours(conn, sorted(codes))]
        named.emojis = {each.shortcode: each for each in pictures if each is not None}
    return named


def _parts(app: App, row: announcements.Announcement, named: _Named) -> Parts:
    found, here = compose.extract(row.text), app.fed.site.domain.lower()
    people = [named.people.get((name, domain or here)) for name, domain in found.mentions]
    return Parts(
        id=row.id,
        content=row.content,
        published_at=row.published_at,
        updated_at=row.updated_at,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        all_day=row.all_day,
        mentions=tuple(_mention(each) for each in people if each is not None),
        statuses=tuple(Linked(str(named.posts[url].id), url) for url in found.urls if url in named.posts),
        tags=tuple(_tag(app.settings.base_url, name) for name in found.hashtags),
        emojis=tuple(named.emojis[code] for code in emoji.shortcodes(row.text) if code in named.emojis),
    )


def _mention(row: Account) -> Mention:
    return mention(row.id, username=row.username, acct=row.acct, url=row.url, uri=row.uri)


def _tag(base_url: str, name: str) -> StatusTag:
    return StatusTag(normalise(name), uris.tag_page(base_url, normalise(name)))


def _reaction(row: announcements.Reaction, named: _Named) -> Reaction:
    picture = named.emojis.get(row.name)
    if picture is None:
        return Reaction(row.name, row.count, row.me)
    return Reaction(row.name, row.count, row.me, picture.url, picture.static_url)
