"""Single addresses that may not join, in whatever spelling. Only a hash of each is kept."""

import re

import msgspec

from fedi import errors, roles
from fedi.api.admin import listing
from fedi.entities.admin_block import AdminCanonicalEmailBlock, canonical_email_block
from fedi.http.endpoint import Call, Endpoint, NoParams, delete, get, post, staff
from fedi.http.paging import PageParams
from fedi.services import gates
from fedi.services import staff as deciding
from storage import email_blocks

READ = staff("admin:read:canonical_email_blocks", roles.MANAGE_BLOCKS)
WRITE = staff("admin:write:canonical_email_blocks", roles.MANAGE_BLOCKS)

_HASH = re.compile(r"[0-9a-f]{64}")


async def index(call: Call[PageParams]) -> list[AdminCanonicalEmailBlock]:
    page = listing.page(call.params)
    async with call.read() as conn:
        rows = await email_blocks.canonicals(conn, page)
    listing.link(call, rows, page.size)
    return [canonical_email_block(row) for row in rows]


async def show(call: Call[NoParams]) -> AdminCanonicalEmailBlock:
    async with call.read() as conn:
        row = await email_blocks.canonical(conn, call.id())
    if row is None:
        raise errors.NotFound
    return canonical_email_block(row)


class Address(msgspec.Struct, frozen=True, kw_only=True):
    email: str


async def test(call: Call[Address]) -> list[AdminCanonicalEmailBlock]:
    """The block that an address meets, if any."""
    hashed = gates.canonical_hash(call.params.email)
    async with call.read() as conn:
        return [canonical_email_block(row) for row in await email_blocks.canonicals_of(conn, hashed)]


class New(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two; the address wins."""

    email: str = ""
    canonical_email_hash: str = ""


async def create(call: Call[New]) -> AdminCanonicalEmailBlock:
    params = call.params
    if params.email and "@" not in params.email.strip("@ "):
        raise errors.Invalid("Email is invalid")
    hashed = gates.canonical_hash(params.email) if params.email else params.canonical_email_hash.strip().lower()
    if not hashed:
        raise errors.Invalid("Canonical email hash can't be blank")
    if not _HASH.fullmatch(hashed):
        raise errors.Invalid("Canonical email hash is not a SHA-256 hash in hexadecimal")
    async with call.app.db.transaction() as conn:
        block_id = await gates.block_hash(conn, deciding.by(call.user), hashed)
    return AdminCanonicalEmailBlock(str(block_id), hashed)


async def destroy(call: Call[NoParams]) -> None:
    async with call.app.db.transaction() as conn:
        await gates.unblock_hash(conn, deciding.by(call.user), call.id())


ROUTES: list[Endpoint] = [
    get("/api/v1/admin/canonical_email_blocks", index, access=READ, params=PageParams),
    get("/api/v1/admin/canonical_email_blocks/:id", show, access=READ),
    post("/api/v1/admin/canonical_email_blocks/test", test, access=READ, params=Address),
    post("/api/v1/admin/canonical_email_blocks", create, access=WRITE, params=New),
    delete("/api/v1/admin/canonical_email_blocks/:id", destroy, access=WRITE),
]
