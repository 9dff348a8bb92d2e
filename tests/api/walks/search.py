"""Search in its older form; the newer one is of the first tier."""

from tests.support.servers import drain
from tests.support.walk import Walk


async def walk(walk: Walk) -> None:
    alice, bob = [await walk.server.person(name) for name in ("alice", "bob")]
    post = await walk.post(bob, "/api/v1/statuses", {"status": "@alice tea #tea"})
    await drain(walk.server)
    found = await walk.get(alice, "/api/v1/search", q="tea", type="statuses")
    assert [each["id"] for each in found["statuses"]] == [post["id"]]
    found = await walk.get(alice, "/api/v1/search", q="tea")
    assert found["hashtags"] == ["tea"]
    assert (await walk.get(alice, "/api/v1/search", q="bo"))["accounts"][0]["acct"] == "bob"
    found = await walk.get(alice, "/api/v2/search", q="from:bob has:nothing OR is:sensitive", type="statuses")
    assert found["statuses"] == []
