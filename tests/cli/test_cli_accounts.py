"""`fedi account` and `fedi invite`."""

import json
from typing import Any

import pytest

from fedi import config_sources
from fedi.app import running
from fedi.auth import passwords, tokens
from fedi.services import signup
from storage import audit, invites, users
from storage.db import Database
from tests.cli.conftest import Fedi
from tests.support.network import Network
from tests.support.servers import SECRET

pytestmark = pytest.mark.anyio


async def created(fedi: Fedi, *arguments: str, **more: str) -> dict[str, Any]:
    result = await fedi("account", "create", *arguments, "--json", **more)
    assert result.exit_code == 0, result.output
    body: dict[str, Any] = json.loads(result.stdout)
    return body


async def test_an_account_is_made_with_a_password_that_works(fedi: Fedi, database_url: str) -> None:
    made = await created(fedi, "alice", "--email", "alice@mail.test", "--role", "owner")
    assert made["acct"] == "alice@social.example.test"
    assert "token" not in made
    db = await Database(database_url).open()
    async with db.read() as conn:
        known = await users.credentials(conn, "alice@mail.test")
        person = await users.by_username(conn, "alice")
    await db.close()
    assert known is not None
    assert await passwords.matches(known.password_hash, made["password"])
    assert person is not None
    assert person.role == "owner"
    assert person.active


async def test_a_token_speaks_for_the_account_with_the_scopes_asked_for(fedi: Fedi, database_url: str) -> None:
    made = await created(fedi, "alice", "--token", "--scopes", "read write:statuses")
    env = {"BASE_URL": "https://social.example.test", "DATABASE_URL": database_url, "SECRET_KEY": SECRET}
    settings = config_sources.load({f"FEDI_{name}": value for name, value in env.items()})
    async with running(settings, database_url, transport=Network(), shared_bus=False) as server:
        viewer = await tokens.authenticate(server.app, made["token"])
        assert viewer is not None
        assert str(viewer.account_id) == made["account_id"]
        assert viewer.scopes == {"read", "write:statuses"}
        later = (await fedi("account", "token", "alice", "--scopes", "read")).stdout.strip()
        again = await tokens.authenticate(server.app, later)
        assert again is not None
        assert again.scopes == {"read"}


async def test_a_given_password_is_not_printed(fedi: Fedi) -> None:
    made = await created(fedi, "alice", "--password-file", "-", stdin="correct horse\n")
    assert "password" not in made
    prompted = await fedi("account", "reset-password", "alice", "--prompt", stdin="battery staple\nbattery staple\n")
    assert prompted.exit_code == 0
    assert "staple" not in prompted.output


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "words"),
    [
        (("create", "a b"), "", 1, "Username must contain only letters"),
        (("create", "admin"), "", 1, "Username is reserved"),
        (("create", "bob", "--password-file", "-"), "short\n", 1, "Password is too short"),
        (("create", "bob", "--token", "--scopes", "read everything"), "", 2, "unknown scope 'everything'"),
        (("create", "bob", "--role", "king"), "", 1, "there is no role called king"),
        (("suspend", "carol"), "", 1, "there is no account called carol"),
        (("reset-password", "carol"), "", 1, "there is no account called carol"),
        (("token", "carol"), "", 1, "there is no account called carol"),
        (("set-role", "carol", "admin"), "", 1, "there is no account called carol"),
        (("set-role", "carol", "king"), "", 1, "there is no role called king"),
    ],
)
async def test_what_cannot_be_done_is_one_line_on_stderr(
    fedi: Fedi, arguments: tuple[str, ...], stdin: str, code: int, words: str
) -> None:
    result = await fedi("account", *arguments, stdin=stdin)
    assert result.exit_code == code
    assert result.stdout == ""
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("Error: ")
    assert words in last
    if code == 1:
        assert len(result.stderr.strip().splitlines()) == 1


async def test_a_name_is_taken_once(fedi: Fedi) -> None:
    await created(fedi, "alice")
    again = await fedi("account", "create", "Alice")
    assert (again.exit_code, again.stderr) == (1, "Error: Username has already been taken\n")


async def test_roles_suspensions_and_the_list(fedi: Fedi) -> None:
    await created(fedi, "alice")
    assert (await fedi("account", "set-role", "alice", "admin")).stdout == "alice is admin now\n"
    assert (await fedi("account", "suspend", "alice")).stdout == "alice is suspended\n"
    assert (await fedi("account", "suspend", "alice")).stdout == "alice was already suspended\n"
    listed = json.loads((await fedi("account", "list", "--json")).stdout)
    assert [(line["username"], line["role"], line["state"]) for line in listed] == [("alice", "admin", "suspended")]
    assert (await fedi("account", "unsuspend", "alice")).stdout == "alice is back\n"
    assert "active" in (await fedi("account", "list")).stdout


async def test_who_is_warned_reads_it_among_their_notifications(fedi: Fedi, database_url: str) -> None:
    await created(fedi, "alice")
    assert (await fedi("account", "warn", "alice", "Mind the rules")).stdout == "alice is warned\n"
    for arguments in (("alice", " "), ("nobody", "Mind the rules")):
        assert (await fedi("account", "warn", *arguments)).exit_code == 1
    db = await Database(database_url).open()
    async with db.read() as conn:
        row = await conn.fetchrow("select action, text from account_warnings")
        entries = await audit.latest(conn)
    await db.close()
    assert tuple(row or ()) == ("none", "Mind the rules")
    assert entries[0].action == "account.warn"


async def test_who_asked_to_join_is_let_in(fedi: Fedi, database_url: str) -> None:
    env = {"BASE_URL": "https://social.example.test", "DATABASE_URL": database_url, "SECRET_KEY": SECRET}
    settings = config_sources.load({f"FEDI_{name}": value for name, value in env.items()})
    async with running(settings, database_url, transport=Network(), shared_bus=False) as server:
        form = signup.Form(username="bob", email="bob@example.com", password="correct horse", agreement=True)
        await signup.sign_up(server.app, form, ip=None)
    assert "waiting" in (await fedi("account", "list", "--waiting")).stdout
    assert (await fedi("account", "approve", "bob")).stdout == "bob may come in\n"
    assert (await fedi("account", "approve", "bob")).stdout == "bob was approved already\n"
    assert (await fedi("account", "list", "--waiting")).stdout == "Nobody waits.\n"


async def test_the_owner_link_is_for_an_empty_server(fedi: Fedi) -> None:
    link = (await fedi("account", "owner-link")).stdout
    assert link.startswith("https://social.example.test/auth/sign_up?owner=")
    await created(fedi, "alice")
    assert (await fedi("account", "owner-link")).exit_code == 1


async def test_what_was_done_is_in_the_audit_log_without_secrets(fedi: Fedi, database_url: str) -> None:
    made = await created(fedi, "alice", "--token")
    await fedi("account", "suspend", "alice")
    await fedi("account", "suspend", "alice")
    db = await Database(database_url).open()
    async with db.read() as conn:
        entries = await audit.latest(conn)
    await db.close()
    assert [(entry.actor, entry.action, entry.target) for entry in entries] == [
        ("cli", "account.suspend", "alice"),
        ("cli", "account.create", "alice"),
    ]
    assert made["token"] not in str(entries)
    assert made["password"] not in str(entries)


async def test_an_invitation_counts_its_uses(fedi: Fedi, database_url: str) -> None:
    made = json.loads((await fedi("invite", "create", "--uses", "1", "--days", "7", "--json")).stdout)
    assert made["link"] == f"https://social.example.test/auth/sign_up?invite={made['code']}"
    db = await Database(database_url).open()
    async with db.transaction() as conn:
        assert await invites.use(conn, made["code"]) is not None
        assert await invites.use(conn, made["code"]) is None
    await db.close()
    assert (await fedi("invite", "create", "--by", "nobody")).exit_code == 1


async def test_keys_are_replaced_from_the_command_line(fedi: Fedi) -> None:
    await created(fedi, "alice")
    assert (await fedi("account", "rotate-keys", "alice")).output == "alice signs with new keys in 5 minutes\n"
    at_once = await fedi("account", "rotate-keys", "--server", "--at-once")
    assert at_once.output == "The server signs with new keys from now on\n"
    assert (await fedi("account", "rotate-keys")).exit_code == 2
    missing = await fedi("account", "rotate-keys", "nobody")
    assert missing.exit_code == 1
    assert "no account" in missing.output
