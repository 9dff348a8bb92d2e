"""People: one's own profile, whom one shows on it, whom one finds, avoids and remembers."""

from tests.support import factories
from tests.support.pictures import picture
from tests.support.servers import Person, drain
from tests.support.walk import Walk


async def walk(walk: Walk) -> None:
    alice, bob, carol = [await walk.server.person(name) for name in ("alice", "bob", "carol")]
    await profile(walk, alice)
    await tags(walk, alice)
    await shown(walk, alice, bob)
    await found(walk, alice, bob, carol)
    await avoided(walk, alice, bob, carol)


async def profile(walk: Walk, alice: Person) -> None:
    files = {} if walk.encoding in ("json", "form") else {"header": ("h.png", picture(), "image/png")}
    changed = await walk.call(
        alice,
        "PATCH",
        "/api/v1/profile",
        {
            "display_name": "Alice",
            "note": "hello",
            "show_media": False,
            "header_description": "a red field",
            "fields_attributes": {"0": {"name": "web", "value": "https://example.org"}},
            "attribution_domains": ["news.example.org"],
        },
        **files,
    )
    assert (changed["note"], changed["show_media"], changed["fields"][0]["value"]) == (
        "hello",
        False,
        "https://example.org",
    )
    assert changed["attribution_domains"] == ["news.example.org"]
    assert bool(changed["header"]) == bool(files)
    assert (await walk.get(alice, "/api/v1/profile")) == changed
    again = await walk.call(alice, "PUT", "/api/v1/accounts/update_credentials", {"bot": True})
    assert (again["bot"], again["show_media"]) == (True, False)
    for kind in ("avatar", "header"):
        await walk.call(alice, "DELETE", f"/api/v1/profile/{kind}")
    assert (await walk.get(alice, "/api/v1/profile"))["header"] is None


async def tags(walk: Walk, alice: Person) -> None:
    await alice.posts("#tea #coffee")
    await drain(walk.server)
    assert {each["name"] for each in await walk.some(alice, "/api/v1/featured_tags/suggestions")} == {"tea", "coffee"}
    made = await walk.post(alice, "/api/v1/featured_tags", {"name": "tea"})
    assert (await walk.post(alice, "/api/v1/tags/coffee/feature"))["featuring"]
    assert len(await walk.some(None, f"/api/v1/accounts/{alice.id}/featured_tags")) == 2
    assert not (await walk.post(alice, "/api/v1/tags/coffee/unfeature"))["featuring"]
    assert [each["name"] for each in await walk.some(alice, "/api/v1/featured_tags")] == ["tea"]
    await walk.call(alice, "DELETE", f"/api/v1/featured_tags/{made['id']}")
    assert await walk.get(alice, "/api/v1/featured_tags") == []


async def shown(walk: Walk, alice: Person, bob: Person) -> None:
    await alice.follow(bob)
    await drain(walk.server)
    for add, remove in (("endorse", "unendorse"), ("pin", "unpin")):
        assert (await walk.post(alice, f"/api/v1/accounts/{bob.id}/{add}"))["endorsed"]
        for path in ("/api/v1/endorsements", f"/api/v1/accounts/{alice.id}/endorsements"):
            assert [each["id"] for each in await walk.some(alice, path)] == [bob.id]
        assert not (await walk.post(alice, f"/api/v1/accounts/{bob.id}/{remove}"))["endorsed"]
    assert await walk.get(alice, "/api/v1/endorsements") == []


async def found(walk: Walk, alice: Person, bob: Person, carol: Person) -> None:
    await bob.posts("hello")
    await drain(walk.server)
    assert [each["id"] for each in await walk.some(None, "/api/v1/directory", order="active", limit=1)] == [bob.id]
    (newest, *_) = await walk.some(alice, "/api/v1/directory", order="new", local="true")
    assert newest["id"] == carol.id
    assert bob.id in [each["id"] for each in await walk.some(carol, "/api/v1/suggestions")]
    await walk.call(carol, "DELETE", f"/api/v1/suggestions/{bob.id}")
    assert bob.id not in [each["id"] for each in await walk.get(carol, "/api/v1/suggestions")]
    assert len(await walk.some(None, "/api/v1/accounts", id=[alice.id, bob.id])) == 2
    await carol.follow(alice)
    await drain(walk.server)
    (familiar,) = await walk.some(carol, "/api/v1/accounts/familiar_followers", id=[bob.id])
    assert [each["id"] for each in familiar["accounts"]] == [alice.id]
    assert await walk.get(alice, f"/api/v1/accounts/{bob.id}/identity_proofs") == []
    made = await alice.post("/api/v1/lists", {"title": "friends"})
    await alice.post(f"/api/v1/lists/{made['id']}/accounts", {"account_ids": [bob.id]})
    await walk.some(alice, f"/api/v1/accounts/{bob.id}/lists")


async def avoided(walk: Walk, alice: Person, bob: Person, carol: Person) -> None:
    assert (await walk.post(alice, f"/api/v1/accounts/{bob.id}/note", {"comment": "kind"}))["note"] == "kind"
    assert not (await walk.post(alice, f"/api/v1/accounts/{carol.id}/remove_from_followers"))["followed_by"]
    await alice.post(f"/api/v1/accounts/{carol.id}/block")
    assert [each["id"] for each in await walk.some(alice, "/api/v1/blocks")] == [carol.id]
    await alice.post(f"/api/v1/accounts/{carol.id}/mute", {"duration": 60})
    assert [each["id"] for each in await walk.some(alice, "/api/v1/mutes")] == [carol.id]
    async with walk.server.db.transaction() as conn:
        far = await factories.remote(conn, "far", "far.test")
        await factories.follow(conn, alice.account_id, far)
        await factories.follow(conn, far, alice.account_id)
    seen = await walk.get(alice, "/api/v1/domain_blocks/preview", domain="far.test")
    assert seen == {"following_count": 1, "followers_count": 1}
    await walk.post(alice, "/api/v1/domain_blocks", {"domain": "far.test"})
    assert await walk.some(alice, "/api/v1/domain_blocks") == ["far.test"]
    seen = await walk.get(alice, "/api/v1/domain_blocks/preview", domain="far.test")
    assert seen == {"following_count": 0, "followers_count": 0}
    await walk.call(alice, "DELETE", "/api/v1/domain_blocks", {"domain": "far.test"})
    assert await walk.get(alice, "/api/v1/domain_blocks") == []
