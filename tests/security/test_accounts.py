"""What a login gives ends with it: passwords, suspension, codes, sessions, tokens, streams (classes 23, 24, 27, 37)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from fedi import config
from fedi.services import accounts
from storage import users
from tests.support import live
from tests.support.browser import browser
from tests.support.pictures import picture
from tests.support.servers import PASSWORD, Node, Person, drain

pytestmark = pytest.mark.anyio

OOB = "urn:ietf:wg:oauth:2.0:oob"


@pytest.fixture
async def address(server: Node) -> AsyncIterator[str]:
    async with live.listening(server) as url:
        yield url


async def _code(server: Node, app: dict[str, Any]) -> str:
    query = f"response_type=code&client_id={app['client_id']}&redirect_uri={OOB}&scope=read"
    async with browser(server) as window:
        location = await window.grant(f"/oauth/authorize?{query}", "alice")
    return location.partition("code=")[2].partition("&")[0]


async def _app(server: Node) -> dict[str, Any]:
    made: dict[str, Any] = await server.api(
        "POST", "/api/v1/apps", json={"client_name": "App", "redirect_uris": OOB, "scopes": "read"}
    )
    return made


async def _redeem(server: Node, app: dict[str, Any], code: str) -> int:
    body = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": OOB,
        "client_id": app["client_id"],
        "client_secret": app["client_secret"],
    }
    return (await server.client.post("/oauth/token", data=body)).status_code


async def _reset(server: Node, alice: Person) -> None:
    await accounts.reset_password(server.app, "alice", "a new password")


async def _suspend(server: Node, alice: Person) -> None:
    await accounts.suspend(server.app, "alice")


async def _disable(server: Node, alice: Person) -> None:
    async with server.db.transaction() as conn:
        await users.disable(conn, alice.user_id)


ENDINGS = pytest.mark.parametrize("ending", [_reset, _suspend, _disable])


@ENDINGS
async def test_whoever_was_in_is_out(server: Node, address: str, ending: Any) -> None:
    """Tokens, sessions and open streams; another person's stay."""
    alice, bob = await server.person("alice"), await server.person("bob")
    async with (
        browser(server) as window,
        live.socket(alice, "user", base_url=address) as heard,
        live.socket(bob, "user", base_url=address) as other,
    ):
        await window.log_in("alice")
        await ending(server, alice)
        await drain(server)
        assert await heard.closed() == 1001
        assert (await alice.call("GET", "/api/v1/timelines/home")).status_code in (401, 403)
        await window.open("/auth/sessions")
        assert window.status == 303
        await bob.posts("still here")
        await drain(server)
        await other.event("update")


@ENDINGS
async def test_a_code_that_was_not_used_yet_is_worth_nothing(server: Node, ending: Any) -> None:
    alice, app = await server.person("alice"), await _app(server)
    code = await _code(server, app)
    await ending(server, alice)
    assert await _redeem(server, app, code) == 400


async def test_a_code_of_an_app_that_was_shut_out_is_worth_nothing(server: Node) -> None:
    await server.person("alice")
    app = await _app(server)
    first, second = await _code(server, app), await _code(server, app)
    assert await _redeem(server, app, first) == 200
    async with browser(server) as window:
        await window.log_in("alice")
        await window.open("/auth/sessions")
        action = next(part.split('"')[0] for part in window.html.split('action="') if "/revoke" in part[:60])
        await window.submit(action)
    assert await _redeem(server, app, second) == 400


async def test_no_secret_is_in_the_database_or_in_what_is_printed(server: Node) -> None:
    alice, app = await server.person("alice"), await _app(server)
    code = await _code(server, app)
    async with server.db.read() as conn:
        tables = await conn.fetch(
            "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
        )
        dump = ""
        for table in tables:
            dump += str([tuple(map(str, row)) for row in await conn.fetch(f'select * from "{table[0]}"')])
    for secret in (alice.token, app["client_secret"], code, PASSWORD):
        assert secret not in dump
        assert secret.encode().hex() not in dump


def test_settings_show_no_secret() -> None:
    settings = config.Settings(secret_key="k" * 40, smtp_password="hunter2", database_url="postgresql://u:pw@h/d")
    for secret in ("kkkk", "hunter2", "pw@h"):
        assert secret not in repr(settings)


async def test_ids_of_files_cannot_be_counted(server: Node) -> None:
    """Addresses of files are random, whatever the ids in the API are."""
    from_one = {(await _file_name(server, await server.person(name))) for name in ("alice", "bob")}
    assert len({name[:8] for name in from_one}) == 2
    assert all(len(name) >= 32 for name in from_one)


async def _file_name(server: Node, person: Person) -> str:
    made = await person.api("POST", "/api/v2/media", files={"file": ("../../evil.php", picture(), "text/html")})
    assert "evil" not in str(made)
    return str(made["url"]).rpartition("/")[2].partition(".")[0]
