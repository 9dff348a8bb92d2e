"""Providers of e-mail whose addresses may not join, or only with approval."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from fedi import errors, roles
from fedi.api.admin import listing
from fedi.entities.admin_block import AdminEmailDomainBlock, email_domain_block
from fedi.http.endpoint import Call, Endpoint, NoParams, delete, get, post, staff
from fedi.http.paging import PageParams
from fedi.services import gates
from fedi.services import staff as deciding
from storage import email_blocks
from storage.db import Conn

READ = staff("admin:read:email_domain_blocks", roles.MANAGE_BLOCKS)
WRITE = staff("admin:write:email_domain_blocks", roles.MANAGE_BLOCKS)


async def index(call: Call[PageParams]) -> list[AdminEmailDomainBlock]:
    page = listing.page(call.params)
    async with call.read() as conn:
        rows = await email_blocks.domains(conn, page)
        found = await _entities(conn, rows)
    listing.link(call, rows, page.size)
    return found


async def show(call: Call[NoParams]) -> AdminEmailDomainBlock:
    async with call.read() as conn:
        return await _shown(conn, call.id())


async def _shown(conn: Conn, block_id: int) -> AdminEmailDomainBlock:
    row = await email_blocks.domain(conn, block_id)
    if row is None:
        raise errors.NotFound
    return (await _entities(conn, [row]))[0]


async def _entities(conn: Conn, rows: Sequence[email_blocks.DomainBlock]) -> list[AdminEmailDomainBlock]:
    attempts, today = await email_blocks.attempts(conn, [row.id for row in rows]), datetime.now(UTC).date()
    return [email_domain_block(row, attempts, today=today) for row in rows]


class New(msgspec.Struct, frozen=True, kw_only=True):
    domain: str
    allow_with_approval: bool = False


async def create(call: Call[New]) -> AdminEmailDomainBlock:
    who, params = deciding.by(call.user), call.params
    async with call.app.db.transaction() as conn:
        block_id = await gates.block_domain(conn, who, params.domain, allow_with_approval=params.allow_with_approval)
        return await _shown(conn, block_id)


async def destroy(call: Call[NoParams]) -> None:
    async with call.app.db.transaction() as conn:
        await gates.unblock_domain(conn, deciding.by(call.user), call.id())


ROUTES: list[Endpoint] = [
    get("/api/v1/admin/email_domain_blocks", index, access=READ, params=PageParams),
    get("/api/v1/admin/email_domain_blocks/:id", show, access=READ),
    post("/api/v1/admin/email_domain_blocks", create, access=WRITE, params=New),
    delete("/api/v1/admin/email_domain_blocks/:id", destroy, access=WRITE),
]
