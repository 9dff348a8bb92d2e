"""How far a timeline was read."""

import asyncio
from typing import Any

import pytest

from tests.support.database import WAITING
from tests.support.servers import Node, Person

pytestmark = pytest.mark.anyio

PATH = "/api/v1/markers"


async def read(person: Person, *timelines: str) -> Any:
    return await person.get(PATH, **{"timeline[]": list(timelines)})


async def test_what_was_never_written_has_no_key(server: Node) -> None:
    alice = await server.person("alice")
    assert await read(alice, "home", "notifications", "local") == {}
    assert await alice.get(PATH) == {}


async def test_a_marker_is_written_and_read_in_every_encoding(server: Node) -> None:
    alice = await server.person("alice")
    first = await alice.post(PATH, {"home": {"last_read_id": "12"}})
    assert (first["home"]["last_read_id"], first["home"]["version"]) == ("12", 1)
    assert set(first) == {"home"}
    second = await alice.api("POST", PATH, data={"home[last_read_id]": "7", "notifications[last_read_id]": "99"})
    assert (second["home"]["last_read_id"], second["home"]["version"]) == ("7", 2)
    assert (second["notifications"]["last_read_id"], second["notifications"]["version"]) == ("99", 1)
    assert await read(alice, "home", "notifications") == second
    assert await read(alice, "notifications") == {"notifications": second["notifications"]}


async def test_unknown_timelines_are_ignored(server: Node) -> None:
    alice = await server.person("alice")
    assert await alice.post(PATH, {"local": {"last_read_id": "1"}, "home": {}, "notifications": None}) == {}


@pytest.mark.parametrize("ident", ["x", "-1", "01H"])
async def test_what_is_no_id_is_refused(server: Node, ident: str) -> None:
    alice = await server.person("alice")
    await alice.post(PATH, {"home": {"last_read_id": ident}}, status=422)


async def test_markers_are_a_persons_own(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    await alice.post(PATH, {"home": {"last_read_id": "12"}})
    assert await read(bob, "home") == {}
    async with server.db.transaction() as conn:  # Bob helps with Alice's account.
        await conn.execute(
            "insert into memberships (user_id, account_id, role) values ($1, $2, 'editor')",
            bob.user_id,
            alice.account_id,
        )
    token = await server.issue(user_id=bob.user_id, account_id=alice.account_id, scopes="read write")
    helper = Person(server, "alice", bob.user_id, alice.account_id, token)
    assert await read(helper, "home") == {}
    await helper.post(PATH, {"home": {"last_read_id": "34"}})
    assert (await read(alice, "home"))["home"]["last_read_id"] == "12"


async def test_two_devices_at_once_are_a_conflict(server: Node) -> None:
    alice = await server.person("alice")
    await alice.post(PATH, {"home": {"last_read_id": "12"}})
    async with server.db.transaction() as conn:
        await conn.execute("update markers set last_read_id = 20, version = version + 1")
        late = asyncio.create_task(alice.call("POST", PATH, json={"home": {"last_read_id": "15"}}))
        async with server.db.read() as other, asyncio.timeout(10):
            while not await other.fetchval(WAITING):  # noqa: ASYNC110 (nothing tells when)
                await asyncio.sleep(0.01)
    response = await late
    assert (response.status_code, response.json()) == (409, {"error": "Conflict during update, please try again"})
    assert (await read(alice, "home"))["home"]["last_read_id"] == "20"
