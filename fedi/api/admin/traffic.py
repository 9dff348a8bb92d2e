"""What waits for other servers, and what of theirs could not be handled: for the staff. Not of Mastodon."""

import msgspec

from fedi import errors, roles
from fedi.api.admin import listing
from fedi.entities import delivery
from fedi.entities.delivery import Delivery, DeliveryHost
from fedi.entities.parked import ParkedActivity, parked
from fedi.http.endpoint import Call, Endpoint, NoParams, delete, get, post, staff
from fedi.http.paging import PageParams
from fedi.services import ledger as verbs
from fedi.services import staff as deciding
from storage import hosts, ledger
from storage import parked as rows

READ = staff("admin:read", roles.MANAGE_FEDERATION)
WRITE = staff("admin:write", roles.MANAGE_FEDERATION)


class Hosts(msgspec.Struct, frozen=True, kw_only=True):
    """By name: `after` is the last one of the page before."""

    after: str = ""
    limit: int = 100


async def servers(call: Call[Hosts]) -> list[DeliveryHost]:
    """For which something waits, or which do not answer."""
    async with call.read() as conn:
        found = await hosts.queues(conn, after=call.params.after, limit=min(abs(call.params.limit), 500))
    return [delivery.host(queue) for queue in found]


class OfHost(PageParams, frozen=True, kw_only=True):
    failed: bool = False


async def deliveries(call: Call[OfHost]) -> list[Delivery]:
    """What waits for a server; with `failed` what it did not take."""
    page = listing.page(call.params)
    async with call.read() as conn:
        entries = await ledger.of_host(conn, call.path["host"].lower(), page, failed=call.params.failed)
    listing.link(call, entries, page.size)
    return [delivery.delivery(entry) for entry in entries]


class Retried(msgspec.Struct, frozen=True):
    retried: int


class Retry(msgspec.Struct, frozen=True, kw_only=True):
    ended: bool = False


async def retry(call: Call[Retry]) -> Retried:
    """Send now what waits for a server; with `ended` also what it did not take."""
    async with call.app.db.transaction() as conn:
        who = deciding.by(call.user)
        return Retried(await verbs.retry_host(conn, who, call.path["host"].lower(), ended=call.params.ended))


async def failed(call: Call[PageParams]) -> list[ParkedActivity]:
    """Activities that could not be handled."""
    page = listing.page(call.params)
    async with call.read() as conn:
        found = await rows.page(conn, page)
    listing.link(call, found, page.size)
    return [parked(row, whole=False) for row in found]


async def show(call: Call[NoParams]) -> ParkedActivity:
    """With what it failed, and what it says."""
    async with call.read() as conn:
        row = await rows.by_id(conn, call.id())
    if row is None:
        raise errors.NotFound
    return parked(row, whole=True)


async def replay(call: Call[NoParams]) -> None:
    async with call.app.db.transaction() as conn:
        await verbs.replay(conn, deciding.by(call.user), [call.id()])


async def drop(call: Call[NoParams]) -> None:
    async with call.app.db.transaction() as conn:
        await verbs.drop(conn, deciding.by(call.user), [call.id()])


A = "/api/v1/fedi/admin"

ROUTES: list[Endpoint] = [
    get(f"{A}/hosts", servers, access=READ, params=Hosts),
    get(f"{A}/hosts/:host/deliveries", deliveries, access=READ, params=OfHost),
    post(f"{A}/hosts/:host/retry", retry, access=WRITE, params=Retry),
    get(f"{A}/inbox", failed, access=READ, params=PageParams),
    get(f"{A}/inbox/:id", show, access=READ),
    post(f"{A}/inbox/:id/replay", replay, access=WRITE),
    delete(f"{A}/inbox/:id", drop, access=WRITE),
]
