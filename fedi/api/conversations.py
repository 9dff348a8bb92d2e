"""Direct conversations: who talks, the last thing said, and whether it was read."""

from fedi import entities, errors
from fedi.entities.conversation import Conversation
from fedi.http.endpoint import Call, NoParams, delete, get, post, user
from fedi.http.paging import PageParams, link, page
from storage import conversations

WRITE = user("write:conversations")


async def index(call: Call[PageParams]) -> list[Conversation]:
    """Those with the newest posts first; the cursors are ids of posts."""
    wanted = page(call.params, default=20, most=40)
    viewer_id = call.user.account_id
    async with call.read() as conn:
        rows = await conversations.page(conn, viewer_id, wanted)
        link(call, [row.last_status_id for row in rows], full=len(rows) == wanted.size)
        return await entities.conversations(call.app, conn, rows, viewer_id)


async def read(call: Call[NoParams]) -> Conversation:
    return await _mark(call, unread=False)


async def unread(call: Call[NoParams]) -> Conversation:
    return await _mark(call, unread=True)


async def _mark(call: Call[NoParams], *, unread: bool) -> Conversation:
    viewer_id = call.user.account_id
    async with call.app.db.transaction() as conn:
        row = await conversations.mark(conn, viewer_id, call.id(), unread=unread)
        if row is None:
            raise errors.NotFound
        return (await entities.conversations(call.app, conn, [row], viewer_id))[0]


async def remove(call: Call[NoParams]) -> None:
    async with call.app.db.transaction() as conn:
        if not await conversations.delete(conn, call.user.account_id, call.id()):
            raise errors.NotFound


ROUTES = [
    get("/api/v1/conversations", index, access=user("read:statuses"), params=PageParams),
    post("/api/v1/conversations/:id/read", read, access=WRITE),
    post("/api/v1/conversations/:id/unread", unread, access=WRITE),
    delete("/api/v1/conversations/:id", remove, access=WRITE),
]
