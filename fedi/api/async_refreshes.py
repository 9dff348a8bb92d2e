"""What was begun for an answer and is not in it yet: clients that were given an id ask how it goes."""

from fedi import errors
from fedi.entities import async_refresh
from fedi.entities.async_refresh import Wrapped
from fedi.http.endpoint import Call, NoParams, get, user
from storage import thread_refreshes


async def show(call: Call[NoParams]) -> Wrapped:
    """Whoever knows the id may ask: it says nothing but a number."""
    async with call.read() as conn:
        found = await thread_refreshes.by_id(conn, call.id())
    if found is None:
        raise errors.NotFound
    return async_refresh.build(found)


ROUTES = [get("/api/v1_alpha/async_refreshes/:id", show, access=user("read"))]
