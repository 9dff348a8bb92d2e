"""Where a post of one's own went: for its author. Not of Mastodon; see docs/clients.md."""

from fedi import access
from fedi.entities import delivery
from fedi.entities.delivery import Deliveries
from fedi.http import paging
from fedi.http.endpoint import Call, get, user
from fedi.http.paging import PageParams
from storage import ledger

DEFAULT, MOST = 100, 500


async def index(call: Call[PageParams]) -> Deliveries:
    """Each inbox that something about the post was meant for, newest first."""
    page = paging.page(call.params, default=DEFAULT, most=MOST)
    async with call.read() as conn:
        status = await access.own_status(conn, call.user.account_id, call.id())
        counts = await ledger.counts(conn, status.uri)
        entries = await ledger.of_object(conn, status.uri, page)
    paging.link(call, [entry.id for entry in entries], full=len(entries) == page.size)
    return Deliveries(counts, [delivery.delivery(entry) for entry in entries])


ROUTES = [get("/api/v1/fedi/statuses/:id/deliveries", index, access=user("read:statuses"), params=PageParams)]
