"""Every stream of server-sent events, with something in it."""

from collections.abc import Awaitable, Callable

from storage import events as happened
from tests.support import factories
from tests.support.events import events
from tests.support.live import listening
from tests.support.servers import drain
from tests.support.walk import Walk

PATH = "/api/v1/streaming"

Post = Callable[[], Awaitable[str]]


async def walk(walk: Walk) -> None:
    server = walk.server
    alice, bob = await server.person("alice"), await server.person("bob")
    await alice.follow(bob)
    await drain(server)
    friends = await alice.post("/api/v1/lists", {"title": "friends"})
    await alice.post(f"/api/v1/lists/{friends['id']}/accounts", {"account_ids": [bob.id]})
    async with listening(server) as address:

        async def heard(path: str, event: str, post: Post, **params: str) -> None:
            """alice hears of the post that is made while she listens."""
            async with events(address, f"{PATH}{path}", alice.token, **params) as stream:
                status_id = await post()
                await drain(server)
                payload = await stream.payload(event)
                about = payload.get("status") or payload.get("last_status") or payload
                assert about["id"] == status_id
                walk.checker.check("GET", f"{PATH}{path}", 200, ":)")

        async def near() -> str:
            return str((await bob.posts("about #cats"))["id"])

        async def named() -> str:
            return str((await bob.posts("@alice hello", visibility="direct"))["id"])

        async def far() -> str:
            async with server.db.transaction() as conn:
                status_id = await factories.status(conn, await factories.remote(conn, "far"))
                await happened.emit(conn, happened.StatusCreated(status_id=status_id))
            return str(status_id)

        await heard("", "update", near, stream="user")
        for path in ("/user", "/public", "/public/local"):
            await heard(path, "update", near)
        for path in ("/hashtag", "/hashtag/local"):
            await heard(path, "update", near, tag="Cats")
        await heard("/public/remote", "update", far)
        await heard("/list", "update", near, list=friends["id"])
        await heard("/user/notification", "notification", named)
        await heard("/direct", "conversation", named)
