"""Posts: made, read, edited, deleted; and the thread around one."""

import msgspec

from federation import threads as surroundings
from fedi import access, entities, errors
from fedi.api.scheduled import entity as scheduled_entity
from fedi.entities import async_refresh
from fedi.entities.context import Context
from fedi.entities.scheduled_status import ScheduledStatus
from fedi.entities.status import Status, as_source
from fedi.http.endpoint import Call, NoParams, delete, get, patch, post, public, put, user
from fedi.services import quotes, revisions, scheduling
from fedi.services import statuses as posting
from fedi.services.drafts import Draft, Revision
from storage import ids, threads

MAX_IDS = 20
# What of a thread is shown: to anybody, and to people here. (ancestors, descendants, depth)
PUBLIC_CONTEXT = (40, 60, 20)
USER_CONTEXT = (4096, 4096, 1000)


class Ids(msgspec.Struct, frozen=True):
    id: list[str] = []


class Deletion(msgspec.Struct, frozen=True):
    delete_media: bool = False


async def publish(call: Call[Draft]) -> Status | ScheduledStatus:
    key = call.request.headers.get("idempotency-key")
    if scheduling.is_for_later(call.params):
        scheduled_id = await scheduling.schedule(call.app, call.user, call.params, key=key)
        return await scheduled_entity(call.app, call.user.account_id, scheduled_id)
    status_id = await posting.publish(call.app, call.user, call.params, key=key)
    async with call.read() as conn:
        return await entities.status(call.app, conn, status_id, call.user.account_id)


async def show(call: Call[NoParams]) -> Status:
    async with call.read() as conn:
        return await entities.status(call.app, conn, call.id(), call.viewer_id)


async def index(call: Call[Ids]) -> list[Status]:
    """Those of the ids that exist and may be read."""
    wanted = ids.parse_all(call.params.id)
    if len(wanted) > MAX_IDS:
        raise errors.Unprocessable(f"Too many statuses (maximum is {MAX_IDS})")
    async with call.read() as conn:
        return await entities.statuses(call.app, conn, wanted, call.viewer_id)


async def edit(call: Call[Revision]) -> Status:
    await revisions.edit(call.app, call.user, call.id(), call.params)
    async with call.read() as conn:
        return await entities.status(call.app, conn, call.id(), call.user.account_id)


async def destroy(call: Call[Deletion]) -> Status:
    """Answers what is needed to write it again."""
    async with call.read() as conn:
        row = await access.own_status(conn, call.user.account_id, call.id())
        status = await entities.status(call.app, conn, row.id, call.user.account_id)
        quoted_id = await quotes.quoted_id(conn, row.id)
        quoted = await entities.statuses(call.app, conn, [quoted_id] if quoted_id else [], call.user.account_id)
    await posting.delete(call.app, call.user, row.id, delete_media=call.params.delete_media)
    return as_source(status, row.text or "", quoted=quoted[0] if quoted else None)


async def context(call: Call[NoParams]) -> Context:
    above, below, depth = PUBLIC_CONTEXT if call.viewer_id is None else USER_CONTEXT
    async with call.read() as conn:
        status = await access.proper_status(conn, call.viewer_id, call.id())
        answers = status.in_reply_to_id is not None
        ancestors = await threads.ancestors(conn, call.viewer_id, status.id, most=above) if answers else []
        descendants = await threads.descendants(conn, call.viewer_id, status.id, most=below, depth=depth)
        found = await entities.statuses(
            call.app, conn, [*ancestors, *descendants], call.viewer_id, filter_context="thread"
        )
    if call.viewer_id is not None:
        refresh = await surroundings.look_around(call.app.fed, status)
        if refresh is not None:
            call.headers["Mastodon-Async-Refresh"] = async_refresh.header(refresh)
    shown = {each.id: each for each in found}
    return Context(
        ancestors=[shown[str(each)] for each in ancestors if str(each) in shown],
        descendants=[shown[str(each)] for each in descendants if str(each) in shown],
    )


ROUTES = [
    post("/api/v1/statuses", publish, access=user("write:statuses"), params=Draft, limit="statuses"),
    get("/api/v1/statuses", index, access=public("read:statuses"), params=Ids),
    get("/api/v1/statuses/:id", show, access=public("read:statuses")),
    put("/api/v1/statuses/:id", edit, access=user("write:statuses"), params=Revision, limit="thumbnails"),
    patch("/api/v1/statuses/:id", edit, access=user("write:statuses"), params=Revision, limit="thumbnails"),
    delete("/api/v1/statuses/:id", destroy, access=user("write:statuses"), params=Deletion, limit="deletes"),
    get("/api/v1/statuses/:id/context", context, access=public("read:statuses")),
]
