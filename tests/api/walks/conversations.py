"""What is said between a few: read, not read after all, thrown away."""

from tests.support.servers import drain
from tests.support.walk import Walk


async def walk(walk: Walk) -> None:
    alice, bob = [await walk.server.person(name) for name in ("alice", "bob")]
    await bob.welcomes()
    said = await alice.posts("@bob psst", visibility="direct")
    await drain(walk.server)
    (talk,) = await walk.some(bob, "/api/v1/conversations")
    assert (talk["last_status"]["id"], talk["unread"]) == (said["id"], True)
    path = f"/api/v1/conversations/{talk['id']}"
    assert await walk.post(bob, f"{path}/read") == {**talk, "unread": False}
    assert await walk.post(bob, f"{path}/unread") == talk
    await walk.call(bob, "DELETE", path)
    assert await walk.get(bob, "/api/v1/conversations") == []
    assert [each["id"] for each in await walk.some(alice, "/api/v1/conversations")] != [talk["id"]]
