"""`fedi role`: what is made, what it lets people do, and who may grant what."""

import json
from pathlib import Path

import pytest

from storage import audit
from storage.db import Database
from tests.cli.conftest import Fedi
from tests.support.network import Network
from tests.support.servers import Person, node

pytestmark = pytest.mark.anyio

HELPER = ("role", "create", "helper", "--label", "Helper", "--color", "ABC", "--position", "5", "--highlighted",
          "--collections", "3", "--permission", "manage_reports", "--permission", "view_dashboard")  # fmt: skip


async def created(fedi: Fedi, *names: str) -> None:
    for name in names:
        result = await fedi("account", "create", name)
        assert result.exit_code == 0, result.output


async def test_a_role_lets_its_people_do_what_it_names(fedi: Fedi, database_url: str, tmp_path: Path) -> None:
    await created(fedi, "alice", "bob")
    assert (await fedi(*HELPER)).stdout == "helper is a role now\n"
    listed = json.loads((await fedi("role", "list", "--json")).stdout)
    assert [each["name"] for each in listed] == ["owner", "admin", "moderator", "helper", "user"]
    assert listed[3]["permissions"] == ["view_dashboard", "manage_reports", "invite_users"]
    assert "everything" in (await fedi("role", "list")).stdout
    assert (await fedi("account", "set-role", "alice", "helper")).stdout == "alice is helper now\n"
    issued = await fedi("account", "token", "alice", "--scopes", "read write admin:read admin:write")
    token = issued.stdout.split()[-1]
    async with node("social.example.test", database_url, Network(), tmp_path) as server:
        alice = Person(server, "alice", 0, 0, token)
        me = await alice.get("/api/v1/accounts/verify_credentials")
        assert (me["role"]["name"], me["role"]["color"], me["role"]["collection_limit"]) == ("Helper", "#abc", 3)
        assert me["role"]["permissions"] == str((1 << 4) | (1 << 3) | (1 << 16))
        assert me["roles"] == [{"id": me["role"]["id"], "name": "Helper", "color": "#abc"}]
        assert await alice.get("/api/v1/admin/reports") == []
        await alice.api("GET", "/api/v1/admin/domain_blocks", status=403)
        await alice.api("GET", "/api/v1/admin/accounts", status=403)
        for number in range(3):
            await alice.post("/api/v1/collections", {"name": f"Number {number}"})
        await alice.post("/api/v1/collections", {"name": "One too many"}, status=422)
        changed = await fedi("role", "change", "helper", "--permission", "manage_federation", "--plain")
        assert changed.stdout == "helper is changed\n"
        await alice.api("GET", "/api/v1/admin/domain_blocks")
        await alice.api("GET", "/api/v1/admin/reports", status=403)
        assert (await fedi("role", "remove", "helper")).stdout == "helper is removed; 1 had it\n"
        await alice.api("GET", "/api/v1/admin/domain_blocks", status=403)
        me = await alice.get("/api/v1/accounts/verify_credentials")
        assert (me["role"]["id"], me["role"]["permissions"]) == ("-99", "65536")


async def test_nobody_grants_more_than_they_have(fedi: Fedi) -> None:
    await created(fedi, "ada", "bea", "cat", "dan")
    chief = ("role", "create", "chief", "--position", "50", "--permission", "manage_roles",
             "--permission", "manage_reports", "--permission", "manage_users")  # fmt: skip
    assert (await fedi(*chief)).exit_code == 0
    assert (await fedi("account", "set-role", "bea", "chief")).exit_code == 0
    assert (await fedi("account", "set-role", "ada", "admin")).exit_code == 0
    refused = [
        (("role", "create", "x", "--permission", "manage_blocks"), "manage_blocks"),
        (("role", "create", "x", "--permission", "administrator"), "administrator"),
        (("role", "create", "x", "--position", "50"), "as high as yours"),
        (("role", "change", "chief", "--permission", "manage_blocks"), "as high as yours"),
        (("role", "remove", "chief"), "as high as yours"),
        (("account", "set-role", "cat", "chief"), "as high as yours"),
        (("account", "set-role", "cat", "owner"), "as high as yours"),
        (("account", "set-role", "ada", "user"), "not allowed"),
        (("account", "set-role", "bea", "user"), "not allowed"),
    ]
    for arguments, words in refused:
        result = await fedi(*arguments, "--by", "bea")
        assert (result.exit_code, result.stdout) == (1, ""), arguments
        assert words in result.stderr, arguments
    assert (await fedi(*HELPER, "--by", "cat")).exit_code == 1
    assert (await fedi("role", "create", "helper", "--permission", "manage_reports", "--by", "bea")).exit_code == 0
    assert (await fedi("account", "set-role", "cat", "helper", "--by", "bea")).stdout == "cat is helper now\n"
    assert (await fedi("role", "create", "wide", "--permission", "manage_blocks")).exit_code == 0
    assert "manage_blocks" in (await fedi("account", "set-role", "dan", "wide", "--by", "bea")).stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("create", "owner"), "always there"),
        (("create", "A b"), "small letters"),
        (("create", "x", "--color", "red"), "Color must be"),
        (("create", "x", "--position", "1000"), "Position must be"),
        (("create", "x", "--collections", "-1"), "Collection limit"),
        (("create", "x", "--label", " "), "Label must have"),
        (("change", "moderator", "--label", "Mod"), "always there"),
        (("change", "nobody", "--label", "Mod"), "there is no role called nobody"),
        (("remove", "user"), "always there"),
        (("create", "x", "--by", "nobody"), "there is no account called nobody"),
    ],
)
async def test_what_cannot_be_made_is_said(fedi: Fedi, arguments: tuple[str, ...], words: str) -> None:
    result = await fedi("role", *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert words in result.stderr


async def test_a_name_is_given_once_and_all_is_in_the_log(fedi: Fedi, database_url: str) -> None:
    await created(fedi, "alice")
    assert (await fedi(*HELPER)).exit_code == 0
    assert "already" in (await fedi(*HELPER)).stderr
    await fedi("account", "set-role", "alice", "helper")
    await fedi("role", "remove", "helper")
    db = await Database(database_url).open()
    async with db.read() as conn:
        entries = await audit.latest(conn)
    await db.close()
    assert [each.action for each in entries][:3] == ["role.delete", "account.set_role", "role.create"]
