"""Tags: whether they may be used, stand in lists and trend."""

from collections.abc import Sequence

from fedi import entities, errors, roles
from fedi.api.admin import listing
from fedi.context import App
from fedi.entities import admin_trend
from fedi.entities.admin_trend import AdminTag
from fedi.http.endpoint import Call, Endpoint, NoParams, get, patch, put, staff
from fedi.http.paging import PageParams
from fedi.services import curation, trends
from fedi.services import staff as deciding
from storage import reviews
from storage.db import Conn

READ = staff("admin:read", roles.MANAGE_TAXONOMIES)
WRITE = staff("admin:write", roles.MANAGE_TAXONOMIES)


async def index(call: Call[PageParams]) -> list[AdminTag]:
    page = listing.page(call.params)
    async with call.read() as conn:
        rows = await reviews.tags(conn, page)
        found = await shown(call.app, conn, rows, call.user.account_id)
    listing.link(call, rows, page.size)
    return found


async def shown(app: App, conn: Conn, rows: Sequence[reviews.Tag], viewer_id: int) -> list[AdminTag]:
    """Two queries at most."""
    public = await entities.tags(app, conn, [row.name for row in rows], viewer_id)
    return [admin_trend.tag(each, row) for each, row in zip(public, rows, strict=True)]


async def show(call: Call[NoParams]) -> AdminTag:
    async with call.read() as conn:
        row = await reviews.tag(conn, call.id())
        if row is None:
            raise errors.NotFound
        return (await shown(call.app, conn, [row], call.user.account_id))[0]


async def update(call: Call[curation.Changes]) -> AdminTag:
    async with call.app.db.transaction() as conn:
        row = await curation.change_tag(conn, deciding.by(call.user), call.id(), call.params)
        changed = (await shown(call.app, conn, [row], call.user.account_id))[0]
    trends.forget(call.app)
    return changed


ROUTES: list[Endpoint] = [
    get("/api/v1/admin/tags", index, access=READ, params=PageParams),
    get("/api/v1/admin/tags/:id", show, access=READ),
    put("/api/v1/admin/tags/:id", update, access=WRITE, params=curation.Changes),
    patch("/api/v1/admin/tags/:id", update, access=WRITE, params=curation.Changes),
]
