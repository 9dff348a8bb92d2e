"""Quotes: made, listed, taken back, and who may make them."""

from tests.support.servers import drain
from tests.support.walk import Walk


async def walk(walk: Walk) -> None:
    alice, bob = await walk.server.person("alice"), await walk.server.person("bob")
    await walk.call(alice, "PATCH", "/api/v1/accounts/update_credentials", {"source": {"quote_policy": "followers"}})
    shown = await walk.get(alice, "/api/v1/accounts/verify_credentials")
    assert shown["source"]["quote_policy"] == "followers"
    preferences = await walk.get(alice, "/api/v1/preferences")
    assert preferences["posting:default:quote_policy"] == "followers"
    post = await walk.post(alice, "/api/v1/statuses", {"status": "quote me"})
    path = f"/api/v1/statuses/{post['id']}"
    assert post["quote_approval"] == {"automatic": ["followers"], "manual": [], "current_user": "automatic"}
    changed = await walk.call(alice, "PUT", f"{path}/interaction_policy", {"quote_approval_policy": "public"})
    assert changed["quote_approval"]["automatic"] == ["public"]
    quoting = await walk.post(
        bob,
        "/api/v1/statuses",
        {"status": "look", "quoted_status_id": post["id"], "quote_approval_policy": "nobody"},
    )
    assert (quoting["quote"]["state"], quoting["quote"]["quoted_status"]["id"]) == ("accepted", post["id"])
    assert quoting["quote_approval"]["automatic"] == []
    await drain(walk.server)
    assert [each["id"] for each in await walk.some(alice, f"{path}/quotes")] == [quoting["id"]]
    assert (await walk.get(None, path))["quotes_count"] == 1
    told = await walk.some(alice, "/api/v1/notifications", **{"types[]": "quote"})
    assert [each["status"]["id"] for each in told] == [quoting["id"]]
    revoked = await walk.post(alice, f"{path}/quotes/{quoting['id']}/revoke")
    assert (revoked["id"], revoked["quote"]) == (quoting["id"], {"state": "revoked", "quoted_status": None})
