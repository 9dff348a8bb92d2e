"""People whom somebody shows on their profile as worth following. "Pin" is the older word."""

from fedi import access, entities, errors
from fedi.entities.account import Account
from fedi.entities.relationship import Relationship
from fedi.http.endpoint import Call, NoParams, get, post, public, user
from fedi.http.paging import PageParams, link, page
from storage import endorsements


async def index(call: Call[PageParams]) -> list[Account]:
    return await _list(call, call.user.account_id)


async def of_account(call: Call[PageParams]) -> list[Account]:
    """Empty for others when the account does not show what it features."""
    async with call.read() as conn:
        account = await access.account(conn, call.viewer_id, call.id())
    if account.suspended_at is not None or (not account.show_featured and account.id != call.viewer_id):
        return []
    return await _list(call, account.id)


async def _list(call: Call[PageParams], account_id: int) -> list[Account]:
    wanted = page(call.params, default=40, most=80)
    async with call.read() as conn:
        rows = await endorsements.target_ids(conn, account_id, wanted)
        link(call, [cursor for cursor, _ in rows], full=len(rows) == wanted.size)
        return await entities.accounts(call.app, conn, [target_id for _, target_id in rows], call.viewer_id)


async def add(call: Call[NoParams]) -> Relationship:
    async with call.app.db.transaction() as conn:
        target = await access.active_account(conn, call.user.account_id, call.id())
        await endorsements.add(conn, call.user.account_id, target.id)
    return await _relationship(call)


async def remove(call: Call[NoParams]) -> Relationship:
    async with call.app.db.transaction() as conn:
        target = await access.account(conn, call.user.account_id, call.id())
        await endorsements.remove(conn, call.user.account_id, target.id)
    return await _relationship(call)


async def _relationship(call: Call[NoParams]) -> Relationship:
    async with call.read() as conn:
        found = await entities.relationships(conn, call.user.account_id, [call.id()])
    if not found:
        raise errors.NotFound
    return found[0]


_WRITE = user("write:accounts")

ROUTES = [
    get("/api/v1/endorsements", index, access=user("read:accounts"), params=PageParams),
    get("/api/v1/accounts/:id/endorsements", of_account, access=public("read:accounts"), params=PageParams),
    post("/api/v1/accounts/:id/endorse", add, access=_WRITE),
    post("/api/v1/accounts/:id/unendorse", remove, access=_WRITE),
    post("/api/v1/accounts/:id/pin", add, access=_WRITE),
    post("/api/v1/accounts/:id/unpin", remove, access=_WRITE),
]
