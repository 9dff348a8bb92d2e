"""Hashtags: looked at, and followed into the home timeline."""

from fedi import entities, errors
from fedi.entities.tag import Tag
from fedi.http.endpoint import PUBLIC, Call, NoParams, get, post, user
from fedi.http.paging import PageParams, link, page
from fedi.text import tags as names
from storage import tag_follows, tags


async def show(call: Call[NoParams]) -> Tag:
    """One that nobody has used yet is there too, with an empty week."""
    async with call.read() as conn:
        return (await entities.tags(call.app, conn, [_name(call)], call.viewer_id))[0]


async def follow(call: Call[NoParams]) -> Tag:
    name = _name(call)
    async with call.app.db.transaction() as conn:
        (tag,) = await tags.ensure(conn, [name])
        await tag_follows.add(conn, call.user.account_id, tag.id)
        return (await entities.tags(call.app, conn, [name], call.viewer_id))[0]


async def unfollow(call: Call[NoParams]) -> Tag:
    name = _name(call)
    async with call.app.db.transaction() as conn:
        tag = await tags.by_name(conn, name)
        if tag is not None:
            await tag_follows.remove(conn, call.user.account_id, tag.id)
        return (await entities.tags(call.app, conn, [name], call.viewer_id))[0]


async def followed(call: Call[PageParams]) -> list[Tag]:
    wanted = page(call.params, default=100, most=200)
    async with call.read() as conn:
        rows = await tag_follows.names(conn, call.user.account_id, wanted)
        link(call, [cursor for cursor, _ in rows], full=len(rows) == wanted.size)
        return await entities.tags(call.app, conn, [name for _, name in rows], call.viewer_id)


def _name(call: Call[NoParams]) -> str:
    name = names.whole(call.path["name"])
    if name is None:
        raise errors.NotFound
    return name


ROUTES = [
    get("/api/v1/tags/:name", show, access=PUBLIC),
    post("/api/v1/tags/:name/follow", follow, access=user("write:follows")),
    post("/api/v1/tags/:name/unfollow", unfollow, access=user("write:follows")),
    get("/api/v1/followed_tags", followed, access=user("read:follows"), params=PageParams),
]
