"""Reports, and the work on them."""

from collections.abc import Awaitable, Callable
from typing import Any

from fedi import errors, roles
from fedi.api.admin import listing
from fedi.entities import admin_report
from fedi.entities.admin_report import AdminReport
from fedi.http.endpoint import Call, Endpoint, NoParams, get, patch, post, put, staff
from fedi.http.paging import PageParams
from fedi.services import casework
from fedi.services import staff as deciding
from fedi.services.staff import By
from storage import reports
from storage.db import Conn

READ = staff("admin:read:reports", roles.MANAGE_REPORTS)
WRITE = staff("admin:write:reports", roles.MANAGE_REPORTS)


class Search(PageParams, frozen=True, kw_only=True):
    resolved: bool = False
    account_id: int | None = None
    target_account_id: int | None = None
    by_target_domain: str | None = None


async def index(call: Call[Search]) -> list[AdminReport]:
    params, page = call.params, listing.page(call.params)
    wanted = reports.Filter(
        resolved=params.resolved,
        account_id=params.account_id,
        target_id=params.target_account_id,
        target_domain=params.by_target_domain or None,
    )
    async with call.read() as conn:
        rows = await reports.listed(conn, wanted, page)
        found = await admin_report.load(call.app, conn, rows, call.user.account_id)
    listing.link(call, rows, page.size)
    return found


async def show(call: Call[NoParams]) -> AdminReport:
    async with call.read() as conn:
        return await _shown(call, conn)


async def _shown(call: Call[Any], conn: Conn) -> AdminReport:  # Any: no parameter matters
    row = await reports.by_id(conn, call.id())
    found = await admin_report.load(call.app, conn, [row] if row else [], call.user.account_id)
    if not found:
        raise errors.NotFound
    return found[0]


async def update(call: Call[casework.Changes]) -> AdminReport:
    async with call.app.db.transaction() as conn:
        await casework.update(conn, deciding.by(call.user), call.id(), call.params)
        return await _shown(call, conn)


async def assign_to_self(call: Call[NoParams]) -> AdminReport:
    return await _done(call, casework.assign)


async def unassign(call: Call[NoParams]) -> AdminReport:
    return await _done(call, casework.unassign)


async def resolve(call: Call[NoParams]) -> AdminReport:
    return await _done(call, casework.resolve)


async def reopen(call: Call[NoParams]) -> AdminReport:
    return await _done(call, casework.reopen)


async def _done(call: Call[Any], verb: Callable[[Conn, By, int], Awaitable[None]]) -> AdminReport:
    """Any: no parameter matters."""
    async with call.app.db.transaction() as conn:
        await verb(conn, deciding.by(call.user), call.id())
        return await _shown(call, conn)


ROUTES: list[Endpoint] = [
    get("/api/v1/admin/reports", index, access=READ, params=Search),
    get("/api/v1/admin/reports/:id", show, access=READ),
    put("/api/v1/admin/reports/:id", update, access=WRITE, params=casework.Changes),
    patch("/api/v1/admin/reports/:id", update, access=WRITE, params=casework.Changes),
    post("/api/v1/admin/reports/:id/assign_to_self", assign_to_self, access=WRITE),
    post("/api/v1/admin/reports/:id/unassign", unassign, access=WRITE),
    post("/api/v1/admin/reports/:id/resolve", resolve, access=WRITE),
    post("/api/v1/admin/reports/:id/reopen", reopen, access=WRITE),
]
