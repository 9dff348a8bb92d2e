"""Lists of people. What they post there is in `timelines`."""

import msgspec

from fedi import access, entities
from fedi.entities.account import Account
from fedi.entities.user_list import List, build
from fedi.http.endpoint import Call, NoParams, delete, get, patch, post, put, user
from fedi.http.paging import PageParams, link, page
from fedi.services import lists as service
from storage import lists
from storage.lists import RepliesPolicy

READ, WRITE = user("read:lists"), user("write:lists")


class ListParams(msgspec.Struct, frozen=True, kw_only=True):
    title: str | None = None
    replies_policy: RepliesPolicy | None = None
    exclusive: bool | None = None


class Members(msgspec.Struct, frozen=True):
    account_ids: list[int] = []


def _entity(row: lists.List) -> List:
    return build(row.id, title=row.title, replies_policy=row.replies_policy, exclusive=row.exclusive)


async def index(call: Call[NoParams]) -> list[List]:
    async with call.read() as conn:
        return [_entity(row) for row in await lists.of_account(conn, call.user.account_id)]


async def show(call: Call[NoParams]) -> List:
    async with call.read() as conn:
        return _entity(await access.own_list(conn, call.user.account_id, call.id()))


async def create(call: Call[ListParams]) -> List:
    params = call.params
    made = await service.create(
        call.app,
        call.user,
        title=params.title or "",
        replies_policy=params.replies_policy,
        exclusive=params.exclusive is True,
    )
    return _entity(made)


async def update(call: Call[ListParams]) -> List:
    params = call.params
    changed = await service.update(
        call.app,
        call.user,
        call.id(),
        title=params.title,
        replies_policy=params.replies_policy,
        exclusive=params.exclusive,
    )
    return _entity(changed)


async def remove(call: Call[NoParams]) -> None:
    await service.delete(call.app, call.user, call.id())


async def members(call: Call[PageParams]) -> list[Account]:
    """With `limit=0` all of them."""
    wanted = None if call.params.limit == 0 else page(call.params, default=40, most=80)
    async with call.read() as conn:
        known = await access.own_list(conn, call.user.account_id, call.id())
        rows = await lists.members(conn, known.id, wanted)
        if wanted is not None:
            link(call, [cursor for cursor, _ in rows], full=len(rows) == wanted.size)
        return await entities.accounts(call.app, conn, [account_id for _, account_id in rows], call.viewer_id)


async def add(call: Call[Members]) -> None:
    await service.add(call.app, call.user, call.id(), call.params.account_ids)


async def take_off(call: Call[Members]) -> None:
    await service.remove(call.app, call.user, call.id(), call.params.account_ids)


ROUTES = [
    get("/api/v1/lists", index, access=READ),
    post("/api/v1/lists", create, access=WRITE, params=ListParams),
    get("/api/v1/lists/:id", show, access=READ),
    put("/api/v1/lists/:id", update, access=WRITE, params=ListParams),
    patch("/api/v1/lists/:id", update, access=WRITE, params=ListParams),
    delete("/api/v1/lists/:id", remove, access=WRITE),
    get("/api/v1/lists/:id/accounts", members, access=READ, params=PageParams),
    post("/api/v1/lists/:id/accounts", add, access=WRITE, params=Members),
    delete("/api/v1/lists/:id/accounts", take_off, access=WRITE, params=Members),
]
