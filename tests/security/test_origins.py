"""Who may say what: forged, planted and passed-on activities (classes 1 to 5, 20, 21)."""

import pytest

from federation import resolve
from federation.errors import SignatureError
from storage import keys
from tests.security.conftest import Stage
from tests.support.puppet import pair
from tests.support.servers import drain

pytestmark = pytest.mark.anyio


async def _suspended(stage: Stage, uri: str) -> bool:
    async with stage.server.db.read() as conn:
        return bool(await conn.fetchval("select suspended_at is not null from accounts where uri = $1", uri))


async def test_a_dead_key_on_a_host_does_not_bury_its_other_people(stage: Stage) -> None:
    """Whoever knows an address that answers 410 could otherwise delete everybody of that host, unsigned."""
    stage.puppet.documents["/users/left"] = 410
    stage.evil.actor("left", publicKey={"id": "https://puppet.test/users/left#main-key"})
    forged = stage.puppet.activity("Delete", stage.pat, stage.pat["id"], "farewell")
    signer = {"id": stage.mallory["id"], "publicKey": {"id": "https://puppet.test/users/left#main-key"}}
    response = await stage.evil.send(stage.server, forged, signer)
    assert response.status_code == 401
    await drain(stage.server)
    assert not await _suspended(stage, stage.pat["id"])


async def test_the_farewell_of_somebody_whose_key_is_gone_is_believed_when_they_are_gone_too(stage: Stage) -> None:
    stage.puppet.documents["/users/pat"] = 410
    farewell = stage.puppet.activity("Delete", stage.pat, stage.pat["id"], "farewell")
    signer = {"id": stage.pat["id"], "publicKey": {"id": "https://puppet.test/users/pat#another-key"}}
    assert (await stage.puppet.send(stage.server, farewell, signer)).status_code == 202
    await drain(stage.server)
    assert await _suspended(stage, stage.pat["id"])


async def test_nobody_uses_up_the_ids_of_somebody_elses_activities(stage: Stage) -> None:
    """An id that arrived is not heard again: planted by somebody else, it would silence the one it belongs to."""
    genuine = stage.puppet.create(stage.puppet.note(stage.pat, "1"))
    planted = stage.evil.activity("Like", stage.mallory, stage.pat["id"], "x", id=genuine["id"])
    await stage.evil.send(stage.server, planted, stage.mallory)
    await drain(stage.server)
    await stage.puppet.send(stage.server, genuine, stage.pat)
    assert await stage.home() == [genuine["object"]["id"]]


async def test_passing_on_a_fake_does_not_use_up_the_id_of_the_genuine(stage: Stage) -> None:
    genuine = stage.puppet.create(stage.puppet.note(stage.pat, "1"))
    fake = {**genuine, "object": {**genuine["object"], "id": "https://puppet.test/notes/none", "content": "lies"}}
    await stage.evil.send(stage.server, fake, stage.mallory)
    await drain(stage.server)
    await stage.puppet.send(stage.server, genuine, stage.pat)
    assert await stage.home() == [genuine["object"]["id"]]


async def test_a_boost_does_not_take_the_address_of_somebody_elses_post(stage: Stage) -> None:
    mine = await stage.alice.posts("boost me")
    note = stage.puppet.note(stage.pat, "1")
    squatter = stage.evil.activity("Announce", stage.mallory, mine["uri"], "x", id=note["id"], to=note["to"])
    await stage.evil.send(stage.server, squatter, stage.mallory)
    await drain(stage.server)
    await stage.puppet.send(stage.server, stage.puppet.create(note), stage.pat)
    assert note["id"] in await stage.home()


async def test_a_follow_does_not_take_the_address_of_somebody_elses_follow(stage: Stage) -> None:
    """An Accept names the Follow by its id; a second row of that id would stand in its way."""
    quinn = stage.puppet.actor("quinn")
    found = await stage.alice.get("/api/v2/search", q="@quinn@puppet.test", resolve="true", type="accounts")
    quinn_id = found["accounts"][0]["id"]
    await stage.alice.post(f"/api/v1/accounts/{quinn_id}/follow")
    await drain(stage.server)
    asked = stage.puppet.inbox[-1]
    squatter = stage.evil.activity("Follow", stage.mallory, stage.alice.uri, "x", id=asked["id"])
    await stage.evil.send(stage.server, squatter, stage.mallory)
    await drain(stage.server)
    accept = stage.puppet.activity("Accept", quinn, asked["id"], "accept-quinn")
    await stage.puppet.send(stage.server, accept, quinn)
    await drain(stage.server)
    [relation] = await stage.alice.get("/api/v1/accounts/relationships", **{"id[]": quinn_id})
    assert relation["following"]


async def test_an_acceptance_nobody_asked_for_makes_no_follow(stage: Stage) -> None:
    claimed = {"type": "Follow", "actor": stage.alice.uri, "object": stage.mallory["id"]}
    await stage.evil.send(stage.server, stage.evil.activity("Accept", stage.mallory, claimed, "a"), stage.mallory)
    await drain(stage.server)
    assert (await stage.alice.get(f"/api/v1/accounts/{stage.alice.id}"))["following_count"] == 1


@pytest.mark.parametrize("kind", ["Update", "Delete", "Undo", "Like", "Announce", "Add", "Remove", "Block", "Flag"])
async def test_nobody_speaks_in_the_name_of_another(stage: Stage, kind: str) -> None:
    mine = await stage.alice.posts("mine")
    note = stage.puppet.note(stage.pat, "1")
    await stage.puppet.send(stage.server, stage.puppet.create(note), stage.pat)
    await drain(stage.server)
    before = (await stage.alice.sees(note["id"]), await stage.alice.get(f"/api/v1/statuses/{mine['id']}"))
    for obj in (note["id"], {**note, "content": "forged", "updated": "2030-01-01T00:00:00Z"}, mine["uri"]):
        named = {**stage.evil.activity(kind, stage.mallory, obj, f"{kind}-{len(str(obj))}"), "actor": stage.pat["id"]}
        assert (await stage.evil.send(stage.server, named, stage.mallory)).status_code in (202, 401)
    await drain(stage.server)
    after = (await stage.alice.sees(note["id"]), await stage.alice.get(f"/api/v1/statuses/{mine['id']}"))
    assert after == before


async def test_a_delivered_activity_does_nothing_the_second_time(stage: Stage) -> None:
    mine = await stage.alice.posts("mine")
    like = stage.puppet.activity("Like", stage.pat, mine["uri"], "like")
    undo = stage.puppet.activity("Undo", stage.pat, like, "undo")
    for document in (like, undo, like):
        assert (await stage.puppet.send(stage.server, document, stage.pat)).status_code == 202
        await drain(stage.server)
    assert (await stage.alice.get(f"/api/v1/statuses/{mine['id']}"))["favourites_count"] == 0


async def test_a_deleted_post_does_not_come_back(stage: Stage) -> None:
    note = stage.puppet.note(stage.pat, "1")
    create = stage.puppet.create(note)
    await stage.puppet.send(stage.server, create, stage.pat)
    await stage.puppet.send(stage.server, stage.puppet.activity("Delete", stage.pat, note["id"], "d"), stage.pat)
    await drain(stage.server)
    await stage.puppet.send(stage.server, {**create, "id": f"{create['id']}-again"}, stage.pat)
    update = stage.puppet.activity("Update", stage.pat, {**note, "updated": "2030-01-01T00:00:00Z"}, "u")
    await stage.puppet.send(stage.server, update, stage.pat)
    assert await stage.home() == []


async def test_storage_gives_no_key_of_one_actor_to_another(stage: Stage) -> None:
    fed = stage.server.app.fed
    held = await resolve.key(fed, stage.pat["publicKey"]["id"])
    thief = await resolve.actor(fed, stage.puppet.actor("eve")["id"])
    async with fed.db.transaction() as conn:
        await keys.replace(conn, thief.id, [keys.Public(held.key.uri, "rsa", pair(5).public_pem)])
        now = await keys.with_owner(conn, held.key.uri)
    assert now is not None
    assert (now[0].account_id, now[0].public_pem) == (held.key.account_id, held.public_pem)


async def test_a_key_claimed_first_by_a_neighbour_goes_to_whose_address_it_is(stage: Stage) -> None:
    """Otherwise anybody of a host could make its other people unheard, by listing their key ids first."""
    fed = stage.server.app.fed
    victim = stage.puppet.actor("victim")
    eve = stage.puppet.actor("eve", key=4)
    eve_keys = [{"id": victim["publicKey"]["id"], "owner": eve["id"], "publicKeyPem": pair(4).public_pem}]
    stage.puppet.documents["/users/eve"] = {**eve, "publicKey": eve_keys}
    await resolve.actor(fed, eve["id"])
    await resolve.actor(fed, victim["id"])
    found = await resolve.key(fed, victim["publicKey"]["id"])
    assert found.owner == victim["id"]


async def test_the_blocked_are_not_heard_whatever_they_say(stage: Stage) -> None:
    mine = await stage.alice.posts("mine")
    await stage.evil.send(
        stage.server, stage.evil.activity("Follow", stage.mallory, stage.alice.uri, "f"), stage.mallory
    )
    await drain(stage.server)
    found = await stage.alice.get("/api/v2/search", q="@mallory@evil.test", resolve="true", type="accounts")
    await stage.alice.post(f"/api/v1/accounts/{found['accounts'][0]['id']}/block")
    answer = stage.evil.note(stage.mallory, "1", inReplyTo=mine["uri"], to=[stage.alice.uri])
    for document in (
        stage.evil.activity("Like", stage.mallory, mine["uri"], "l"),
        stage.evil.activity("Announce", stage.mallory, mine["uri"], "b", to=["as:Public"]),
        stage.evil.activity("Follow", stage.mallory, stage.alice.uri, "f2"),
        stage.evil.create(answer),
    ):
        await stage.evil.send(stage.server, document, stage.mallory)
    await drain(stage.server)
    now = await stage.alice.get(f"/api/v1/statuses/{mine['id']}")
    assert (now["favourites_count"], now["reblogs_count"], now["replies_count"]) == (0, 0, 0)
    assert (await stage.alice.get(f"/api/v1/accounts/{stage.alice.id}"))["followers_count"] == 0
    kinds = {one["type"] for one in await stage.alice.notifications()}
    assert kinds <= {"follow"}


async def test_only_answers_and_undos_are_heard_from_the_suspended(stage: Stage) -> None:
    async with stage.server.db.transaction() as conn:
        await conn.execute("update accounts set suspended_at = now() where uri = $1", stage.pat["id"])
    await stage.puppet.send(stage.server, stage.puppet.create(stage.puppet.note(stage.pat, "1")), stage.pat)
    assert await stage.home() == []


async def test_a_signature_is_good_for_this_host_only(stage: Stage) -> None:
    body = stage.puppet.create(stage.puppet.note(stage.pat, "1"))
    assert (await stage.puppet.send(stage.server, body, stage.pat, host="other.test")).status_code == 401


async def test_a_key_of_another_host_proves_nobody(stage: Stage) -> None:
    """publicKey.owner says Pat, at evil.test."""
    stage.evil.documents["/key"] = {
        "id": "https://evil.test/key",
        "type": "Key",
        "owner": stage.pat["id"],
        "publicKeyPem": pair(3).public_pem,
    }
    with pytest.raises(SignatureError):
        await resolve.key(stage.server.app.fed, "https://evil.test/key")
