"""Rules about networks."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from fedi import errors, roles
from fedi.api.admin import listing
from fedi.auth import sessions
from fedi.entities.admin_block import AdminIpBlock, ip_block
from fedi.http.endpoint import Call, Endpoint, NoParams, delete, get, patch, post, put, staff
from fedi.http.paging import PageParams
from fedi.services import gates
from fedi.services import staff as deciding
from storage import ip_blocks
from storage.db import Conn
from storage.ip_blocks import Severity

READ = staff("admin:read:ip_blocks", roles.MANAGE_BLOCKS)
WRITE = staff("admin:write:ip_blocks", roles.MANAGE_BLOCKS)


async def index(call: Call[PageParams]) -> list[AdminIpBlock]:
    page = listing.page(call.params)
    async with call.read() as conn:
        rows = await ip_blocks.page(conn, page)
    listing.link(call, rows, page.size)
    return [ip_block(row) for row in rows]


async def show(call: Call[NoParams]) -> AdminIpBlock:
    async with call.read() as conn:
        return ip_block(await _found(call, conn))


async def _found(call: Call[Any], conn: Conn, block_id: int | None = None) -> ip_blocks.Block:
    """Any: no parameter matters."""
    row = await ip_blocks.by_id(conn, block_id or call.id())
    if row is None:
        raise errors.NotFound
    return row


class New(msgspec.Struct, frozen=True, kw_only=True):
    ip: str
    severity: Severity
    comment: str = ""
    expires_in: int | None = None  # seconds


async def create(call: Call[New]) -> AdminIpBlock:
    params = call.params
    rule = gates.Network(
        ip=gates.network(params.ip),
        severity=params.severity,
        comment=params.comment,
        expires_at=gates.expiry(params.expires_in),
        own=sessions.address(call.request),
    )
    async with call.app.db.transaction() as conn:
        made = await _found(call, conn, await gates.block_network(conn, deciding.by(call.user), rule))
    gates.changed(call.app)
    return ip_block(made)


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    ip: str | None = None
    severity: Severity | None = None
    comment: str | None = None
    expires_in: int | None | UnsetType = UNSET


async def update(call: Call[Changes]) -> AdminIpBlock:
    """What is absent stays. An empty or zero `expires_in` is for good."""
    params = call.params
    async with call.app.db.transaction() as conn:
        before = await _found(call, conn)
        rule = gates.Network(
            ip=gates.network(params.ip) if params.ip else before.ip,
            severity=params.severity or before.severity,
            comment=before.comment if params.comment is None else params.comment,
            expires_at=before.expires_at if params.expires_in is UNSET else gates.expiry(params.expires_in),
            own=sessions.address(call.request),
        )
        await gates.change_network(conn, deciding.by(call.user), before, rule)
        changed = await _found(call, conn)
    gates.changed(call.app)
    return ip_block(changed)


async def destroy(call: Call[NoParams]) -> None:
    async with call.app.db.transaction() as conn:
        await gates.unblock_network(conn, deciding.by(call.user), call.id())
    gates.changed(call.app)


ROUTES: list[Endpoint] = [
    get("/api/v1/admin/ip_blocks", index, access=READ, params=PageParams),
    get("/api/v1/admin/ip_blocks/:id", show, access=READ),
    post("/api/v1/admin/ip_blocks", create, access=WRITE, params=New),
    put("/api/v1/admin/ip_blocks/:id", update, access=WRITE, params=Changes),
    patch("/api/v1/admin/ip_blocks/:id", update, access=WRITE, params=Changes),
    delete("/api/v1/admin/ip_blocks/:id", destroy, access=WRITE),
]
