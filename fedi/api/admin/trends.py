"""Trends under review: all that is popular, whatever was decided about it, and the decisions."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec

from fedi import entities, roles
from fedi.api import trends as public
from fedi.api.admin import listing
from fedi.api.admin.tags import shown
from fedi.api.trends import OffsetParams
from fedi.entities import admin_trend
from fedi.entities.admin_trend import AdminPublisher, AdminTag, AdminTrendLink, AdminTrendStatus
from fedi.http.endpoint import Call, Endpoint, NoParams, get, post, staff
from fedi.http.paging import PageParams
from fedi.services import curation, trends
from fedi.services import staff as deciding
from storage import reviews
from storage.db import Conn
from storage.trends import Link

READ = staff("admin:read", roles.MANAGE_TAXONOMIES)
WRITE = staff("admin:write", roles.MANAGE_TAXONOMIES)


async def tags(call: Call[OffsetParams]) -> list[AdminTag]:
    async with call.read() as conn:
        names = public.part(call, await trends.all_tags(conn), default=10, most=20)
        rows = await reviews.tags_named(conn, names)
        return await shown(call.app, conn, [rows[name] for name in names if name in rows], call.user.account_id)


async def statuses(call: Call[OffsetParams]) -> list[AdminTrendStatus]:
    async with call.read() as conn:
        ids = public.part(call, await trends.all_statuses(conn), default=20, most=40)
        return await _statuses(call, conn, ids)


async def _statuses(call: Call[Any], conn: Conn, ids: Sequence[int]) -> list[AdminTrendStatus]:
    """Any: no parameter matters."""
    decided = await reviews.statuses(conn, ids)
    found = await entities.statuses(call.app, conn, ids, call.user.account_id)
    return [admin_trend.status(each, reviewed=int(each.id) in decided) for each in found]


async def links(call: Call[OffsetParams]) -> list[AdminTrendLink]:
    """Looking at them gives them their numbers."""
    async with call.app.db.transaction() as conn:
        found = public.part(call, await trends.all_links(call.app, conn), default=10, most=20)
        numbered = await reviews.enlist(conn, [link.url for link in found])
        return await _links(call, conn, found, numbered)


async def _links(
    call: Call[Any], conn: Conn, found: Sequence[Link], numbered: dict[str, reviews.LinkReview]
) -> list[AdminTrendLink]:
    """Any: no parameter matters."""
    hosts = await reviews.publishers_of(conn, [trends.host(link.url) for link in found])
    result = []
    for link, entity in zip(found, await public.shown(call, conn, found), strict=True):
        row, publisher = numbered[link.url], hosts.get(trends.host(link.url))
        decided = row.trendable is not None or (publisher is not None and publisher.trendable is not None)
        result.append(admin_trend.link(entity, link_id=row.id, reviewed=decided))
    return result


async def publishers(call: Call[PageParams]) -> list[AdminPublisher]:
    page = listing.page(call.params)
    async with call.read() as conn:
        rows = await reviews.publishers(conn, page)
    listing.link(call, rows, page.size)
    return [admin_trend.publisher(row) for row in rows]


async def _review_tag(call: Call[NoParams], *, trendable: bool) -> AdminTag:
    async with call.app.db.transaction() as conn:
        row = await curation.review_tag(conn, deciding.by(call.user), call.id(), trendable=trendable)
        found = (await shown(call.app, conn, [row], call.user.account_id))[0]
    trends.forget(call.app)
    return found


async def _review_status(call: Call[NoParams], *, trendable: bool) -> AdminTrendStatus:
    async with call.app.db.transaction() as conn:
        status_id = await curation.review_status(conn, deciding.by(call.user), call.id(), trendable=trendable)
        found = admin_trend.status(
            await entities.status(call.app, conn, status_id, call.user.account_id), reviewed=True
        )
    trends.forget(call.app)
    return found


async def _review_link(call: Call[NoParams], *, trendable: bool) -> AdminTrendLink:
    async with call.app.db.transaction() as conn:
        row = await curation.review_link(conn, deciding.by(call.user), call.id(), trendable=trendable)
        found = [link for link in await trends.all_links(call.app, conn) if link.url == row.url]
        # One that trends no more has no numbers.
        link = found[0] if found else msgspec.convert({**_UNKNOWN, "url": row.url}, Link)
        (shown_link,) = await public.shown(call, conn, [link])
    trends.forget(call.app)
    return admin_trend.link(shown_link, link_id=row.id, reviewed=True)


_UNKNOWN = dict.fromkeys(Link.__struct_fields__) | {"usage": "[]"}


async def _review_publisher(call: Call[NoParams], *, trendable: bool) -> AdminPublisher:
    async with call.app.db.transaction() as conn:
        row = await curation.review_publisher(conn, deciding.by(call.user), call.id(), trendable=trendable)
    trends.forget(call.app)
    return admin_trend.publisher(row)


ROUTES: list[Endpoint] = [
    get("/api/v1/admin/trends/tags", tags, access=READ, params=OffsetParams),
    post("/api/v1/admin/trends/tags/:id/approve", partial(_review_tag, trendable=True), access=WRITE),
    post("/api/v1/admin/trends/tags/:id/reject", partial(_review_tag, trendable=False), access=WRITE),
    get("/api/v1/admin/trends/statuses", statuses, access=READ, params=OffsetParams),
    post("/api/v1/admin/trends/statuses/:id/approve", partial(_review_status, trendable=True), access=WRITE),
    post("/api/v1/admin/trends/statuses/:id/reject", partial(_review_status, trendable=False), access=WRITE),
    get("/api/v1/admin/trends/links", links, access=READ, params=OffsetParams),
    post("/api/v1/admin/trends/links/:id/approve", partial(_review_link, trendable=True), access=WRITE),
    post("/api/v1/admin/trends/links/:id/reject", partial(_review_link, trendable=False), access=WRITE),
    get("/api/v1/admin/trends/links/publishers", publishers, access=READ, params=PageParams),
    post("/api/v1/admin/trends/links/publishers/:id/approve", partial(_review_publisher, trendable=True), access=WRITE),
    post("/api/v1/admin/trends/links/publishers/:id/reject", partial(_review_publisher, trendable=False), access=WRITE),
]
