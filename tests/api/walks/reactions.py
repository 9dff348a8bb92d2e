"""Reactions: given in the ways of two kinds of clients, listed, taken back, told of."""

from urllib.parse import quote

from tests.support.servers import drain
from tests.support.walk import Walk

PARTY, HEART = quote("🎉"), quote("❤️")


async def walk(walk: Walk) -> None:
    alice, bob = await walk.server.person("alice"), await walk.server.person("bob")
    status = await walk.post(alice, "/api/v1/statuses", {"status": "we are one"})
    path = f"/api/v1/pleroma/statuses/{status['id']}/reactions"
    assert await walk.get(None, path) == []
    given = await walk.call(bob, "PUT", f"{path}/{PARTY}")
    assert given["reactions"] == given["emoji_reactions"] == [{"name": "🎉", "count": 1, "me": True}]
    await walk.post(alice, f"/api/v1/statuses/{status['id']}/react/{PARTY}")
    await walk.post(alice, f"/api/v1/statuses/{status['id']}/react/{HEART}")
    listed = await walk.some(bob, path)
    assert [(each["name"], each["count"], each["me"]) for each in listed] == [("🎉", 2, True), ("❤️", 1, False)]
    assert [each["username"] for each in listed[0]["accounts"]] == ["bob", "alice"]
    assert [each["name"] for each in await walk.some(bob, f"{path}/{HEART}")] == ["❤️"]
    await drain(walk.server)
    told = await walk.some(alice, "/api/v1/notifications", **{"types[]": "pleroma:emoji_reaction"})
    assert [(each["type"], each["emoji"]) for each in told] == [("pleroma:emoji_reaction", "🎉")]
    assert (await walk.call(bob, "DELETE", f"{path}/{PARTY}"))["reactions"][0]["me"] is False
    left = await walk.post(alice, f"/api/v1/statuses/{status['id']}/unreact/{PARTY}")
    assert [each["name"] for each in left["reactions"]] == ["❤️"]
