"""The allow-list of servers."""

import msgspec

from fedi import errors, roles
from fedi.api.admin import listing
from fedi.entities.admin_block import AdminDomainAllow, domain_allow
from fedi.http.endpoint import Call, Endpoint, NoParams, delete, get, post, staff
from fedi.http.paging import PageParams
from fedi.services import domain_rules
from fedi.services import staff as deciding
from storage import domains

READ = staff("admin:read:domain_allows", roles.MANAGE_FEDERATION)
WRITE = staff("admin:write:domain_allows", roles.MANAGE_FEDERATION)


async def index(call: Call[PageParams]) -> list[AdminDomainAllow]:
    page = listing.page(call.params)
    async with call.read() as conn:
        rows = await domains.allows_page(conn, page)
    listing.link(call, rows, page.size)
    return [domain_allow(row) for row in rows]


async def show(call: Call[NoParams]) -> AdminDomainAllow:
    async with call.read() as conn:
        row = await domains.allow_by_id(conn, call.id())
    if row is None:
        raise errors.NotFound
    return domain_allow(row)


class New(msgspec.Struct, frozen=True, kw_only=True):
    domain: str


async def create(call: Call[New]) -> AdminDomainAllow:
    """Also answers for one that was on the list already."""
    domain = domain_rules.normal(call.params.domain)
    async with call.app.db.transaction() as conn:
        await domain_rules.allow(conn, deciding.by(call.user), domain)
        row = await domains.allow_of(conn, domain)
    if row is None:
        raise errors.NotFound
    return domain_allow(row)


async def destroy(call: Call[NoParams]) -> None:
    async with call.app.db.transaction() as conn:
        row = await domains.allow_by_id(conn, call.id())
        if row is None or not await domain_rules.disallow(conn, deciding.by(call.user), row.domain):
            raise errors.NotFound


ROUTES: list[Endpoint] = [
    get("/api/v1/admin/domain_allows", index, access=READ, params=PageParams),
    get("/api/v1/admin/domain_allows/:id", show, access=READ),
    post("/api/v1/admin/domain_allows", create, access=WRITE, params=New),
    delete("/api/v1/admin/domain_allows/:id", destroy, access=WRITE),
]
