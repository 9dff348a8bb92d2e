"""Hashtags on one's own profile, and the reading of others'."""

import msgspec

from federation import uris
from fedi import access, entities, errors
from fedi.context import App
from fedi.entities.featured_tag import FeaturedTag, build
from fedi.entities.tag import Tag
from fedi.http.endpoint import Call, NoParams, delete, get, post, public, user
from fedi.text import tags as names
from storage import featured_tags, tags
from storage.db import Conn

SUGGESTED = 10


class TagParams(msgspec.Struct, frozen=True):
    name: str


async def shown(call: Call[NoParams]) -> list[FeaturedTag]:
    """Those on anybody's profile."""
    async with call.read() as conn:
        account = await access.account(conn, call.viewer_id, call.id())
        return await _of(call.app, conn, account.id) if account.suspended_at is None else []


async def _of(app: App, conn: Conn, account_id: int) -> list[FeaturedTag]:
    rows = await featured_tags.of(conn, account_id)
    return [_entity(app, row) for row in rows]


def _entity(app: App, row: featured_tags.Featured) -> FeaturedTag:
    url = uris.tag_page(app.settings.base_url, row.name)
    return build(row.id, name=row.name, url=url, uses=row.statuses_count, last_used_at=row.last_status_at)


async def index(call: Call[NoParams]) -> list[FeaturedTag]:
    async with call.read() as conn:
        return await _of(call.app, conn, call.user.account_id)


async def add(call: Call[TagParams]) -> FeaturedTag:
    name = names.whole(call.params.name)
    if name is None:
        raise errors.Invalid("Tag is invalid")
    async with call.app.db.transaction() as conn:
        (tag,) = await tags.ensure(conn, [name])
        entry = await featured_tags.add(conn, call.user.account_id, tag.id)
        rows = await featured_tags.of(conn, call.user.account_id)
    return next(_entity(call.app, row) for row in rows if row.id == entry)


async def remove(call: Call[NoParams]) -> None:
    async with call.app.db.transaction() as conn:
        await featured_tags.remove(conn, call.user.account_id, call.id())


async def suggestions(call: Call[NoParams]) -> list[Tag]:
    """What you use most and do not show yet."""
    async with call.read() as conn:
        found = await featured_tags.suggestions(conn, call.user.account_id, limit=SUGGESTED)
        return await entities.tags(call.app, conn, found, call.user.account_id)


ROUTES = [
    get("/api/v1/accounts/:id/featured_tags", shown, access=public("read:accounts")),
    get("/api/v1/featured_tags", index, access=user("read:accounts")),
    post("/api/v1/featured_tags", add, access=user("write:accounts"), params=TagParams),
    get("/api/v1/featured_tags/suggestions", suggestions, access=user("read:accounts")),
    delete("/api/v1/featured_tags/:id", remove, access=user("write:accounts")),
]
