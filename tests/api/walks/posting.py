"""Edited, scheduled, thrown away: posts with everything that hangs on them."""

from tests.support import clips
from tests.support.pictures import picture
from tests.support.servers import Person, drain
from tests.support.walk import Walk

LATER, LATEST = "2100-01-01T00:00:00.000Z", "2100-02-01T00:00:00.000Z"


async def walk(walk: Walk) -> None:
    alice = await walk.server.person("alice")
    await edited(walk, alice)
    await scheduled(walk, alice)
    await filed(walk, alice)
    await pinned(walk, alice)


async def edited(walk: Walk, alice: Person) -> None:
    image = await walk.post(alice, "/api/v2/media", {"description": "red"}, file=("p.png", picture(), "image/png"))
    post = await walk.post(alice, "/api/v1/statuses", {"status": "*one*", "content_type": "text/markdown",
                                                       "media_ids": [image["id"]]})  # fmt: skip
    path = f"/api/v1/statuses/{post['id']}"
    asked = {"options": list("abcde"), "expires_in": 3600, "hide_totals": True, "multiple": True}
    changed = await walk.call(alice, "PUT", path, {"status": "two", "poll": asked, "language": "fr"})
    assert len(changed["poll"]["options"]) == 5
    assert changed["media_attachments"] == []
    source = await walk.get(alice, f"{path}/source")
    assert (source["text"], source["content_type"]) == ("two", "text/markdown")
    before, after = await walk.some(None, f"{path}/history")
    assert [each["description"] for each in before["media_attachments"]] == ["red"]
    assert [each["title"] for each in after["poll"]["options"]] == list("abcde")


async def scheduled(walk: Walk, alice: Person) -> None:
    image = await walk.post(alice, "/api/v2/media", file=("p.png", picture(), "image/png"))
    body = {"status": "later", "scheduled_at": LATER, "sensitive": True, "visibility": "private"}
    first = await walk.post(alice, "/api/v1/statuses", {**body, "media_ids": [image["id"]]})
    assert (first["params"]["media_ids"], first["params"]["quote_approval_policy"]) == ([image["id"]], "public")
    asked = {"options": ["yes", "no"], "expires_in": 3600}
    second = await walk.post(alice, "/api/v1/statuses", {"status": "?", "scheduled_at": LATER, "poll": asked})
    assert second["params"]["poll"]["options"] == ["yes", "no"]
    assert [each["id"] for each in await walk.some(alice, "/api/v1/scheduled_statuses")] == [second["id"], first["id"]]
    path = f"/api/v1/scheduled_statuses/{first['id']}"
    assert await walk.get(alice, path) == first
    assert (await walk.call(alice, "PUT", path, {"scheduled_at": LATEST}))["scheduled_at"] == LATEST
    await walk.call(alice, "DELETE", path)
    assert len(await walk.some(alice, "/api/v1/scheduled_statuses")) == 1


async def filed(walk: Walk, alice: Person) -> None:
    """A file that takes time, and one that nobody wanted in the end."""
    thumbnail = ("t.png", picture(), "image/png")
    film = await walk.post(alice, "/api/v2/media", file=("f.mp4", clips.film(), "video/mp4"), thumbnail=thumbnail)
    path = f"/api/v1/media/{film['id']}"
    assert (await walk.call(alice, "PUT", path, {"description": "a film"}))["url"] is None
    assert (await walk.get(alice, path))["url"] is None
    await drain(walk.server)
    assert (await walk.get(alice, path))["url"]
    post = await walk.post(alice, "/api/v1/statuses", {"media_ids": [film["id"]]})
    attributes = [{"id": film["id"], "description": "another", "focus": "0,0.5"}]
    body = {"media_ids": [film["id"]], "media_attributes": attributes}
    changed = await walk.call(alice, "PUT", f"/api/v1/statuses/{post['id']}", body)
    assert [each["description"] for each in changed["media_attachments"]] == ["another"]
    loose = await walk.post(alice, "/api/v1/media", file=("s.wav", clips.sound(), "audio/wav"))
    await walk.call(alice, "DELETE", f"/api/v1/media/{loose['id']}")


async def pinned(walk: Walk, alice: Person) -> None:
    post = await alice.posts("look at this first")
    path = f"/api/v1/statuses/{post['id']}"
    assert (await walk.post(alice, f"{path}/pin"))["pinned"]
    found = await walk.some(alice, f"/api/v1/accounts/{alice.id}/statuses", pinned=True)
    assert [each["id"] for each in found] == [post["id"]]
    assert not (await walk.post(alice, f"{path}/unpin"))["pinned"]
    assert await walk.get(alice, f"/api/v1/accounts/{alice.id}/statuses", pinned=True) == []
