"""Polls: how one stands, and voting."""

import msgspec

from fedi import entities
from fedi.entities.poll import Poll
from fedi.http.endpoint import Call, NoParams, get, post, public, user
from fedi.services import polls


class Vote(msgspec.Struct, frozen=True):
    choices: list[int] = []


async def show(call: Call[NoParams]) -> Poll:
    if call.viewer_id is not None:
        await polls.look(call.app, call.viewer_id, call.id())
    async with call.read() as conn:
        return await entities.poll(call.app, conn, call.id(), call.viewer_id)


async def vote(call: Call[Vote]) -> Poll:
    await polls.vote(call.app, call.user, call.id(), call.params.choices)
    async with call.read() as conn:
        return await entities.poll(call.app, conn, call.id(), call.user.account_id)


ROUTES = [
    get("/api/v1/polls/:id", show, access=public("read:statuses")),
    post("/api/v1/polls/:id/votes", vote, access=user("write:statuses"), params=Vote),
]
