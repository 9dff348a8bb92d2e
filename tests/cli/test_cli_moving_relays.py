"""`fedi move` and `fedi relay`."""

import json

import pytest

from storage import relays
from storage.db import Database
from tests.cli.conftest import Fedi

pytestmark = pytest.mark.anyio


async def test_an_account_moves_to_one_that_names_it_and_comes_back(fedi: Fedi) -> None:
    for name in ("alice", "nora"):
        assert (await fedi("account", "create", name, "--email", f"{name}@mail.test")).exit_code == 0
    refused = await fedi("move", "to", "alice", "nora", "--yes")
    assert (refused.exit_code, "must name this one" in refused.stderr) == (1, True)
    assert (await fedi("move", "aliases", "nora")).stdout == "nora names no other account.\n"
    named = await fedi("move", "alias", "nora", "@alice@social.example.test")
    assert named.stdout == "@alice@social.example.test can move to nora now\n"
    assert "alice@social.example.test" in (await fedi("move", "aliases", "nora")).stdout
    assert (await fedi("move", "to", "alice", "nora", stdin="n\n")).exit_code == 1
    done = await fedi("move", "to", "alice", "nora", "--yes")
    assert done.stdout == "alice is @nora@social.example.test now\n"
    again = await fedi("move", "to", "alice", "nora", "--yes")
    assert "moved not long ago" in again.stderr
    assert (await fedi("move", "to", "alice", "nora", "--redirect-only")).exit_code == 0
    assert (await fedi("move", "back", "alice")).stdout == "alice is here again\n"
    assert (await fedi("move", "back", "alice")).stdout == "alice had not moved\n"
    assert (await fedi("move", "unalias", "nora", "alice@social.example.test")).exit_code == 0
    assert (await fedi("move", "unalias", "nora", "alice@social.example.test")).exit_code == 1
    assert json.loads((await fedi("move", "aliases", "nora", "--json")).stdout) == []
    assert "no account called bob" in (await fedi("move", "alias", "bob", "alice")).stderr


async def test_relays_are_asked_listed_and_left(fedi: Fedi, database_url: str) -> None:
    assert (await fedi("relay", "list")).stdout == "There are no relays.\n"
    assert (
        await fedi("relay", "add", "https://relay.example/inbox")
    ).stdout == "https://relay.example/inbox is asked\n"
    again = await fedi("relay", "add", "https://relay.example/inbox")
    assert (again.exit_code, "already" in again.stderr) == (1, True)
    assert (await fedi("relay", "add", "not an address")).exit_code == 1
    assert "pending" in (await fedi("relay", "list")).stdout
    async with (db := await Database(database_url).open()).transaction() as conn:
        sent = await conn.fetchval("select body from activities")
        await conn.execute("update relays set created_at = now() - interval '8 days'")
        assert [row.condition for row in await relays.listed(conn)] == ["silent"]
    await db.close()
    assert json.loads(sent)["object"] == "https://www.w3.org/ns/activitystreams#Public"
    shown = json.loads((await fedi("relay", "list", "--json")).stdout)
    assert shown == [{"actor": None, "inbox": "https://relay.example/inbox", "state": "silent"}]
    assert (await fedi("relay", "remove", "https://relay.example/inbox")).exit_code == 0
    assert (await fedi("relay", "remove", "https://relay.example/inbox")).exit_code == 1
