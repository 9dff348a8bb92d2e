"""Lists: made, changed, filled, emptied, thrown away."""

from tests.support.servers import drain
from tests.support.walk import Walk


async def walk(walk: Walk) -> None:
    alice, bob, carol = [await walk.server.person(name) for name in ("alice", "bob", "carol")]
    for friend in (bob, carol):
        await alice.follow(friend)
    await drain(walk.server)
    made = await walk.post(alice, "/api/v1/lists", {"title": "friends", "replies_policy": "none", "exclusive": True})
    assert (made["title"], made["replies_policy"], made["exclusive"]) == ("friends", "none", True)
    path = f"/api/v1/lists/{made['id']}"
    assert await walk.get(alice, path) == made
    changed = await walk.call(alice, "PUT", path, {"title": "best friends", "exclusive": False})
    assert changed == {**made, "title": "best friends", "exclusive": False}
    await walk.post(alice, f"{path}/accounts", {"account_ids": [bob.id, carol.id]})
    members = await walk.some(alice, f"{path}/accounts", limit=0)
    assert {each["id"] for each in members} == {bob.id, carol.id}
    await walk.call(alice, "DELETE", f"{path}/accounts", {"account_ids": [carol.id]})
    assert [each["id"] for each in await walk.some(alice, f"{path}/accounts")] == [bob.id]
    await walk.call(alice, "DELETE", path)
    assert await walk.get(alice, "/api/v1/lists") == []
