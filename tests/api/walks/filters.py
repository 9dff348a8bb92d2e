"""Filters in both versions: made, changed, found to work, taken apart and deleted."""

from tests.support.servers import drain
from tests.support.walk import Walk

V1, V2 = "/api/v1/filters", "/api/v2/filters"


async def walk(walk: Walk) -> None:
    alice, bob = [await walk.server.person(name) for name in ("alice", "bob")]
    post = await walk.post(bob, "/api/v1/statuses", {"status": "coffee and tea"})
    await drain(walk.server)
    made = await walk.post(
        alice,
        V2,
        {
            "title": "Drinks",
            "context": ["home", "public"],
            "filter_action": "blur",
            "expires_in": 3600,
            "keywords_attributes": [{"keyword": "coffee", "whole_word": True}],
        },
    )
    path = f"{V2}/{made['id']}"
    assert (await walk.get(alice, path))["filter_action"] == "blur"
    changed = await walk.call(alice, "PUT", path, {"title": "All drinks", "context": ["thread"], "expires_in": ""})
    assert (changed["title"], changed["context"], changed["expires_at"]) == ("All drinks", ["thread"], None)
    word = await walk.post(alice, f"{path}/keywords", {"keyword": "tea", "whole_word": False})
    assert len(await walk.some(alice, f"{path}/keywords")) == 2
    assert (await walk.get(alice, f"{V2}/keywords/{word['id']}"))["keyword"] == "tea"
    assert (await walk.call(alice, "PUT", f"{V2}/keywords/{word['id']}", {"keyword": "te"}))["keyword"] == "te"
    entry = await walk.post(alice, f"{path}/statuses", {"status_id": post["id"]})
    await walk.some(alice, f"{path}/statuses")
    assert (await walk.get(alice, f"{V2}/statuses/{entry['id']}"))["status_id"] == post["id"]
    [found] = (await walk.get(alice, f"/api/v1/statuses/{post['id']}"))["filtered"]
    assert (found["keyword_matches"], found["status_matches"]) == (["coffee", "te"], [post["id"]])
    await walk.call(alice, "DELETE", f"{V2}/statuses/{entry['id']}")
    await walk.call(alice, "DELETE", f"{V2}/keywords/{word['id']}")
    await walk.call(alice, "DELETE", path)
    assert (await walk.get(alice, f"/api/v1/statuses/{post['id']}"))["filtered"] == []
    old = await walk.post(alice, V1, {"phrase": "tea", "context": ["home"], "irreversible": True, "whole_word": True})
    assert (await walk.get(alice, f"{V1}/{old['id']}"))["irreversible"]
    changed = await walk.call(alice, "PUT", f"{V1}/{old['id']}", {"phrase": "milk", "context": ["home"]})
    assert changed["phrase"] == "milk"
    await walk.call(alice, "DELETE", f"{V1}/{old['id']}")
    assert await walk.get(alice, V2) == []
