"""Rules about other servers."""

import msgspec
from msgspec import UNSET, UnsetType

from fedi import errors, roles
from fedi.api.admin import listing
from fedi.entities.admin_block import AdminDomainBlock, domain_block
from fedi.http.endpoint import Call, Endpoint, NoParams, delete, get, patch, post, put, staff
from fedi.http.paging import PageParams
from fedi.services import domain_rules
from fedi.services import staff as deciding
from storage import domains
from storage.domains import Severity

READ = staff("admin:read:domain_blocks", roles.MANAGE_FEDERATION)
WRITE = staff("admin:write:domain_blocks", roles.MANAGE_FEDERATION)


async def index(call: Call[PageParams]) -> list[AdminDomainBlock]:
    page = listing.page(call.params)
    async with call.read() as conn:
        rows = await domains.page(conn, page)
    listing.link(call, rows, page.size)
    return [domain_block(row) for row in rows]


async def show(call: Call[NoParams]) -> AdminDomainBlock:
    async with call.read() as conn:
        row = await domains.by_id(conn, call.id())
    if row is None:
        raise errors.NotFound
    return domain_block(row)


class New(domain_rules.Terms, frozen=True, kw_only=True):
    domain: str


async def create(call: Call[New]) -> AdminDomainBlock:
    """Not below a rule that says more already: 422, with that rule."""
    domain = domain_rules.normal(call.params.domain)
    async with call.app.db.transaction() as conn:
        existing = (await domains.rules_for(conn, [domain])).get(domain)
        if existing is not None and (
            existing.domain == domain or not domain_rules.stricter(call.params, than=existing)
        ):
            raise errors.Unprocessable(
                f"You have already imposed stricter limits on {existing.domain}.",
                extra={"existing_domain_block": domain_block(existing)},
            )
        terms = msgspec.convert(msgspec.to_builtins(call.params), domain_rules.Terms)
        made = await domain_rules.block(conn, call.app.settings, deciding.by(call.user), domain, terms)
    return domain_block(made)


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    severity: Severity | UnsetType = UNSET
    reject_media: bool | UnsetType = UNSET
    reject_reports: bool | UnsetType = UNSET
    public_comment: str | None | UnsetType = UNSET
    private_comment: str | None | UnsetType = UNSET
    obfuscate: bool | UnsetType = UNSET


async def update(call: Call[Changes]) -> AdminDomainBlock:
    """What is absent stays; null and nothing leave a switch as it is."""
    async with call.app.db.transaction() as conn:
        before = await domains.by_id(conn, call.id())
        if before is None:
            raise errors.NotFound
        given = msgspec.structs.asdict(call.params)
        values = {
            name: getattr(before, name)
            if given[name] is UNSET or (given[name] is None and "comment" not in name)
            else given[name]
            for name in given
        }
        terms = domain_rules.Terms(**values)
        made = await domain_rules.block(conn, call.app.settings, deciding.by(call.user), before.domain, terms)
    return domain_block(made)


async def destroy(call: Call[NoParams]) -> None:
    async with call.app.db.transaction() as conn:
        row = await domains.by_id(conn, call.id())
        if row is None or not await domain_rules.unblock(conn, deciding.by(call.user), row.domain):
            raise errors.NotFound


ROUTES: list[Endpoint] = [
    get("/api/v1/admin/domain_blocks", index, access=READ, params=PageParams),
    get("/api/v1/admin/domain_blocks/:id", show, access=READ),
    post("/api/v1/admin/domain_blocks", create, access=WRITE, params=New),
    put("/api/v1/admin/domain_blocks/:id", update, access=WRITE, params=Changes),
    patch("/api/v1/admin/domain_blocks/:id", update, access=WRITE, params=Changes),
    delete("/api/v1/admin/domain_blocks/:id", destroy, access=WRITE),
]
