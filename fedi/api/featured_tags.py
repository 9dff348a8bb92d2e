"""Hashtags on one's own profile, and the reading of others'."""

import msgspec

from fedi import access, entities, errors
from fedi.entities.featured_tag import FeaturedTag
from fedi.entities.tag import Tag
from fedi.http.endpoint import PUBLIC, Call, NoParams, delete, get, post, user
from fedi.text import tags as names
from storage import featured_tags, tags

SUGGESTED = 10


class TagParams(msgspec.Struct, frozen=True):
    name: str


async def shown(call: Call[NoParams]) -> list[FeaturedTag]:
    """Those on anybody's profile."""
    async with call.read() as conn:
        account = await access.account(conn, call.viewer_id, call.id())
        return await entities.featured(call.app, conn, account.id) if account.suspended_at is None else []


async def index(call: Call[NoParams]) -> list[FeaturedTag]:
    async with call.read() as conn:
        return await entities.featured(call.app, conn, call.user.account_id)


async def add(call: Call[TagParams]) -> FeaturedTag:
    name = _whole(call.params.name)
    async with call.app.db.transaction() as conn:
        (tag,) = await tags.ensure(conn, [name])
        entry = str(await featured_tags.add(conn, call.user.account_id, tag.id))
        return next(each for each in await entities.featured(call.app, conn, call.user.account_id) if each.id == entry)


async def feature(call: Call[NoParams]) -> Tag:
    """By name. Featuring what is featured changes nothing."""
    name = _whole(call.path["name"])
    async with call.app.db.transaction() as conn:
        (tag,) = await tags.ensure(conn, [name])
        if not await featured_tags.has(conn, call.user.account_id, tag.id):
            await featured_tags.add(conn, call.user.account_id, tag.id)
        return (await entities.tags(call.app, conn, [name], call.viewer_id))[0]


async def unfeature(call: Call[NoParams]) -> Tag:
    name = _whole(call.path["name"])
    async with call.app.db.transaction() as conn:
        await featured_tags.remove_named(conn, call.user.account_id, name)
        return (await entities.tags(call.app, conn, [name], call.viewer_id))[0]


def _whole(text: str) -> str:
    name = names.whole(text)
    if name is None:
        raise errors.Invalid("Tag is invalid")
    return name


async def remove(call: Call[NoParams]) -> None:
    async with call.app.db.transaction() as conn:
        await featured_tags.remove(conn, call.user.account_id, call.id())


async def suggestions(call: Call[NoParams]) -> list[Tag]:
    """What you use most and do not show yet."""
    async with call.read() as conn:
        found = await featured_tags.suggestions(conn, call.user.account_id, limit=SUGGESTED)
        return await entities.tags(call.app, conn, found, call.user.account_id)


ROUTES = [
    get("/api/v1/accounts/:id/featured_tags", shown, access=PUBLIC),
    get("/api/v1/featured_tags", index, access=user("read:accounts")),
    post("/api/v1/featured_tags", add, access=user("write:accounts"), params=TagParams),
    get("/api/v1/featured_tags/suggestions", suggestions, access=user("read:accounts")),
    post("/api/v1/tags/:name/feature", feature, access=user("write:accounts")),
    post("/api/v1/tags/:name/unfeature", unfeature, access=user("write:accounts")),
    delete("/api/v1/featured_tags/:id", remove, access=user("write:accounts")),
]
