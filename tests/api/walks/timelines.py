"""Timelines beyond home and public, threads, tags that are followed."""

from federation import resolve
from tests.support.puppet import Puppet
from tests.support.servers import Person, drain
from tests.support.walk import Walk


async def walk(walk: Walk) -> None:
    alice, bob = [await walk.server.person(name) for name in ("alice", "bob")]
    await walk.post(alice, f"/api/v1/accounts/{bob.id}/follow")
    tag = await walk.post(alice, "/api/v1/tags/tea/follow")
    assert tag["following"]
    post = await walk.post(bob, "/api/v1/statuses", {"status": "about #tea"})
    whisper = await walk.post(bob, "/api/v1/statuses", {"status": "@alice psst", "visibility": "direct"})
    await drain(walk.server)
    assert (await walk.get(None, "/api/v1/tags/tea"))["history"][0]["uses"] == "1"
    assert (await walk.get(alice, "/api/v1/tags/tea"))["following"]
    assert not (await walk.post(alice, "/api/v1/tags/tea/unfollow"))["following"]
    found = await walk.some(alice, "/api/v1/statuses", id=[post["id"], whisper["id"]])
    assert [each["id"] for each in found] == [post["id"], whisper["id"]]
    assert (await walk.post(alice, f"/api/v1/statuses/{whisper['id']}/mute"))["muted"]
    assert not (await walk.post(alice, f"/api/v1/statuses/{whisper['id']}/unmute"))["muted"]
    made = await walk.post(alice, "/api/v1/lists", {"title": "friends"})
    await walk.post(alice, f"/api/v1/lists/{made['id']}/accounts", {"account_ids": [bob.id]})
    shown = await walk.some(alice, f"/api/v1/timelines/list/{made['id']}")
    assert [each["id"] for each in shown] == [post["id"]]
    await completed(walk, alice)


async def completed(walk: Walk, alice: Person) -> None:
    """A thread of another server, and how it goes."""
    peer = Puppet(walk.server.network, "peer.test")
    note = peer.note(peer.actor("eve"), "top", replies="https://peer.test/replies")
    found = await resolve.status(walk.server.app.fed, note["id"])
    path = f"/api/v1/statuses/{found.id}/context"
    response = await walk.server.client.get(path, headers={"Authorization": f"Bearer {alice.token}"})
    walk.judge("GET", path, response, user=True)
    ident = response.headers["Mastodon-Async-Refresh"].split('"')[1]
    for state in ("running", "finished"):
        answer = await walk.get(alice, f"/api/v1_alpha/async_refreshes/{ident}")
        assert answer["async_refresh"]["status"] == state
        await drain(walk.server)
