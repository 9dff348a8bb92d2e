"""Emojis under posts: given, taken back, and who gave which. The paths are Akkoma's, and Glitch's for giving."""

from collections import defaultdict

from msgspec import UNSET

from fedi import access, entities
from fedi.entities.reaction import ReactionPeople
from fedi.entities.status import Status
from fedi.http.endpoint import Call, NoParams, delete, get, patch, post, public, put, user
from fedi.services import reactions as service
from storage import reactions

READ, WRITE = public("read:statuses"), user("write:favourites")


async def index(call: Call[NoParams]) -> list[ReactionPeople]:
    """Each reaction with who gave it. With an emoji in the path, only that one."""
    name = call.path.get("emoji")
    key = None if name is None else service.key(call.app, name)
    async with call.read() as conn:
        row = await access.proper_status(conn, call.viewer_id, call.id())
        status = await entities.status(call.app, conn, row.id, call.viewer_id)
        given = await reactions.people(conn, call.viewer_id, row.id, key=key)
        found = await entities.accounts(
            call.app, conn, list(dict.fromkeys(each.account_id for each in given)), call.viewer_id
        )
    people = {int(each.id): each for each in found}
    groups = defaultdict(list)
    for each in given:
        if each.account_id in people:
            groups[each.key].append(people[each.account_id])
    return [
        ReactionPeople(
            name=each.name,
            count=each.count,
            me=each.me,
            accounts=groups[service.key(call.app, each.name)],
            url=each.url or UNSET,
            static_url=each.static_url or UNSET,
        )
        for each in status.reactions
        if key in (None, service.key(call.app, each.name))
    ]


async def react(call: Call[NoParams]) -> Status:
    status_id = await service.react(call.app, call.user, call.id(), call.path["emoji"])
    async with call.read() as conn:
        return await entities.status(call.app, conn, status_id, call.user.account_id)


async def unreact(call: Call[NoParams]) -> Status:
    status_id = await service.unreact(call.app, call.user, call.id(), call.path["emoji"])
    async with call.read() as conn:
        return await entities.status(call.app, conn, status_id, call.user.account_id)


_ALL = "/api/v1/pleroma/statuses/:id/reactions"
_ONE = f"{_ALL}/:emoji"

ROUTES = [
    get(_ALL, index, access=READ),
    get(_ONE, index, access=READ),
    put(_ONE, react, access=WRITE),
    patch(_ONE, react, access=WRITE),
    delete(_ONE, unreact, access=WRITE),
    post("/api/v1/statuses/:id/react/:emoji", react, access=WRITE),
    post("/api/v1/statuses/:id/unreact/:emoji", unreact, access=WRITE),
]
