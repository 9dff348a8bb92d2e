"""Quotes of a post: who quotes it, who may, and taking oneself out of one."""

import msgspec

from fedi import access, entities
from fedi.entities.status import Status
from fedi.http.endpoint import Call, NoParams, get, patch, post, put, user
from fedi.http.paging import PageParams, link, page
from fedi.services import quotes as quoting
from storage import quotes
from storage.quote_policies import Name


class PolicyParams(msgspec.Struct, frozen=True):
    quote_approval_policy: Name | None = None


async def index(call: Call[PageParams]) -> list[Status]:
    wanted = page(call.params, default=20, most=40)
    async with call.read() as conn:
        status = await access.proper_status(conn, call.user.account_id, call.id())
        found = await quotes.of_status(conn, call.user.account_id, status.id, wanted)
        shown = await entities.statuses(call.app, conn, found, call.user.account_id)
    link(call, found, full=len(found) == wanted.size)
    return shown


async def revoke(call: Call[NoParams]) -> Status:
    """Answers the post that quoted; whoever may not read it gets their own."""
    viewer_id, quoting_id = call.user.account_id, call.id("quoting_status_id")
    await quoting.revoke(call.app, call.user, call.id(), quoting_id)
    async with call.read() as conn:
        shown = await access.visible_statuses(conn, viewer_id, [quoting_id, call.id()])
        return await entities.status(call.app, conn, shown[0], viewer_id)


async def change_policy(call: Call[PolicyParams]) -> Status:
    await quoting.change_policy(call.app, call.user, call.id(), call.params.quote_approval_policy)
    async with call.read() as conn:
        return await entities.status(call.app, conn, call.id(), call.user.account_id)


_POLICY = "/api/v1/statuses/:id/interaction_policy"

ROUTES = [
    get("/api/v1/statuses/:id/quotes", index, access=user("read:statuses"), params=PageParams),
    post("/api/v1/statuses/:id/quotes/:quoting_status_id/revoke", revoke, access=user("write:statuses")),
    put(_POLICY, change_policy, access=user("write:statuses"), params=PolicyParams),
    patch(_POLICY, change_policy, access=user("write:statuses"), params=PolicyParams),
]
