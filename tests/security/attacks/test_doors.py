"""Tokens, sessions, limits, sign-up, enumeration and what other sites can make a browser do (22 to 28)."""

import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from storage import users
from tests.support import mailbox, routes
from tests.support.browser import Browser, browser
from tests.support.database import Databases
from tests.support.network import Network
from tests.support.puppet import PUBLIC
from tests.support.servers import ALL_SCOPES, PASSWORD, Person, node
from tests.support.siege import JSON, Siege, attacks

pytestmark = pytest.mark.anyio

# What may change however nothing has happened: clocks, queues, what was counted, who was seen.
_RESTLESS = frozenset(
    ["jobs", "rate_limits", "hosts", "inbox_log", "events", "usage", "sessions", "oauth_grants", "oauth_tokens"]
)
SAME_SITE = {"Sec-Fetch-Site": "same-origin"}
EVERYTHING = f"{ALL_SCOPES} profile admin:read admin:write"


async def everything(siege: Siege) -> dict[str, tuple[int, int]]:
    """All that is stored, by table."""
    await siege.settle()
    found = {}
    async with siege.server.db.read() as conn:
        names = await conn.fetch(
            "select table_name from information_schema.tables where table_schema = current_schema() "
            "and table_type = 'BASE TABLE'"
        )
        for (name,) in names:
            if name not in _RESTLESS:
                [row] = await conn.fetch(f"select count(*), coalesce(sum(hashtext(t::text)), 0) from {name} t")
                found[name] = (int(row[0]), int(row[1]))
    return found


async def same(siege: Siege, before: dict[str, tuple[int, int]]) -> None:
    after = await everything(siege)
    changed = [name for name, value in after.items() if before.get(name) != value]
    assert not changed, f"changed: {changed}"


def answered(siege: Siege, answer: httpx.Response) -> httpx.Response:
    siege.answers.append(answer.status_code)
    return answer


# ---------------------------------------------------------------- 22: whose it is


async def _what_belongs_to_somebody_else(siege: Siege) -> None:
    """Bob has Alice's ids and every scope: her held posts, deliveries, files, drafts, filters, lists, collections."""
    alice, bob = siege.alice, siege.bob
    await alice.api("PATCH", "/api/v1/fedi/preferences", json={"hold_seconds": 3600, "hold_locally": False})
    held = await alice.posts("held")
    await alice.api("PATCH", "/api/v1/fedi/preferences", json={"hold_seconds": 0})
    await siege.ready()
    post = await siege.mine("mine")
    quoting = await bob.posts("quote", quoted_status_id=post["id"])
    filtered = await alice.api(
        "POST", "/api/v2/filters", json={"title": "f", "context": ["home"], "keywords_attributes": [{"keyword": "x"}]}
    )
    listed = await alice.post("/api/v1/lists", {"title": "l"})
    later = await alice.api(
        "POST", "/api/v1/statuses", json={"status": "x", "scheduled_at": "2100-01-01T00:00:00Z"}, strict=False
    )
    await siege.ready()
    before = await everything(siege)
    await siege.ready()
    for method, path, body in (
        ("GET", f"/api/v1/statuses/{held['id']}", None),
        ("POST", f"/api/v1/fedi/statuses/{held['id']}/send", {}),
        ("GET", f"/api/v1/fedi/statuses/{held['id']}/deliveries", None),
        ("GET", f"/api/v1/fedi/statuses/{post['id']}/deliveries", None),
        ("PUT", f"/api/v1/statuses/{held['id']}", {"status": "stolen"}),
        ("PUT", f"/api/v1/statuses/{post['id']}", {"status": "stolen"}),
        ("DELETE", f"/api/v1/statuses/{post['id']}", None),
        ("DELETE", f"/api/v1/statuses/{held['id']}", None),
        ("GET", f"/api/v1/statuses/{held['id']}/source", None),
        ("GET", f"/api/v1/statuses/{held['id']}/history", None),
        ("GET", f"/api/v1/statuses/{held['id']}/context", None),
        ("GET", f"/api/v1/statuses/{held['id']}/favourited_by", None),
        ("POST", f"/api/v1/statuses/{held['id']}/favourite", {}),
        ("POST", f"/api/v1/statuses/{held['id']}/reblog", {}),
        ("POST", f"/api/v1/statuses/{held['id']}/bookmark", {}),
        ("POST", f"/api/v1/statuses/{held['id']}/translate", {}),
        ("POST", f"/api/v1/statuses/{post['id']}/pin", {}),
        ("POST", f"/api/v1/statuses/{post['id']}/quotes/{quoting['id']}/revoke", {}),
        ("PUT", f"/api/v1/statuses/{post['id']}/interaction_policy", {"quote_approval_policy": "nobody"}),
        ("GET", f"/api/v2/filters/{filtered['id']}", None),
        ("DELETE", f"/api/v2/filters/{filtered['id']}", None),
        ("DELETE", f"/api/v2/filters/keywords/{filtered['keywords'][0]['id']}", None),
        ("GET", f"/api/v1/lists/{listed['id']}/accounts", None),
        ("DELETE", f"/api/v1/lists/{listed['id']}", None),
        ("GET", f"/api/v1/scheduled_statuses/{later['id']}", None),
        ("DELETE", f"/api/v1/scheduled_statuses/{later['id']}", None),
        ("POST", "/api/v1/statuses", {"status": "re", "in_reply_to_id": held["id"]}),
        ("POST", "/api/v1/statuses", {"status": "q", "quoted_status_id": held["id"]}),
        ("POST", "/api/v1/reports", {"account_id": alice.id, "status_ids": [held["id"]]}),
    ):
        answer = answered(siege, await bob.call(method, path, **({"json": body} if body is not None else {})))
        missing = path.endswith("/reports")  # a report of a post one does not see names none
        assert answer.status_code in ((200,) if missing else (403, 404, 422)), (method, path, answer.status_code)
        assert "held" not in answer.text or "Record" in answer.text, (method, path)
    async with siege.server.db.transaction() as conn:
        assert await conn.fetchval("select bool_and(status_ids = '{}') from reports")
        await conn.execute("delete from reports")
    after = await everything(siege)
    changed = {name for name in after if before.get(name) != after[name]} - {"audit_log", "reports", "notifications"}
    assert not changed, changed


async def _pages_of_somebody_else(siege: Siege) -> None:
    """Their strikes, lost follows, sessions, invitations: by counting ids, signed in as somebody else and as nobody."""
    async with siege.server.db.transaction() as conn:
        strike = await conn.fetchval(
            "insert into account_warnings (account_id, action, text) values ($1, 'none', 'psst') returning id",
            siege.alice.account_id,
        )
    before = await everything(siege)
    async with browser(siege.server) as bob, browser(siege.server) as nobody:
        await bob.log_in("bob")
        before = await everything(siege)
        for path in (
            f"/disputes/strikes/{strike}",
            f"/disputes/strikes/{strike}?token=guess",
            *(
                f"/severed_relationships/{number}/{kind}.csv"
                for number in (1, 2, 3)
                for kind in ("following", "followers")
            ),
            "/auth/appeals",
            "/auth/applications",
        ):
            for window in (bob, nobody):
                answer = answered(siege, await window.open(path))
                assert answer.status_code in (303, 403, 404), (path, answer.status_code)
                assert "psst" not in answer.text
        await bob.open("/auth/sessions")
        token = re.search(r'name="form_token" value="([^"]+)"', bob.html)
        assert token is not None
        for path in (
            f"/disputes/strikes/{strike}/appeal",
            "/auth/appeals/1/approve",
            "/auth/appeals/1/reject",
            *(f"/auth/sessions/{number}/end" for number in range(1, 4)),
            *(f"/auth/apps/{number}/revoke" for number in range(1, 4)),
        ):
            answer = await bob.client.post(
                path, data={"form_token": token[1], "text": "mine"}, headers={"Sec-Fetch-Site": "same-origin"}
            )
            assert answered(siege, answer).status_code in (303, 403, 404), (path, answer.status_code)
        await same(siege, before)
    async with siege.server.db.transaction() as conn:
        await conn.execute("delete from account_warnings where id = $1", strike)


async def test_22_whose_it_is(siege: Siege) -> None:
    await siege.hold(attacks(_what_belongs_to_somebody_else, _pages_of_somebody_else))


# ---------------------------------------------------------------- 23, 24: tokens and sessions


async def _register(siege: Siege, **more: Any) -> JSON:
    body = {"client_name": "x", "redirect_uris": "https://app.test/cb", "scopes": "read write", **more}
    app: JSON = (await siege.server.client.post("/api/v1/apps", json=body)).json()
    return app


async def _code(siege: Siege, app: JSON, login: str = "alice", **more: str) -> str:
    query = {"response_type": "code", "client_id": app["client_id"], "redirect_uri": "https://app.test/cb", **more}
    async with browser(siege.server) as window:
        to = await window.grant(f"/oauth/authorize?{httpx.QueryParams(query)}", login)
    return parse_qs(urlsplit(to).query)["code"][0]


def _exchange(app: JSON, code: str) -> JSON:
    return {
        "grant_type": "authorization_code",
        "client_id": app["client_id"],
        "client_secret": app["client_secret"],
        "redirect_uri": "https://app.test/cb",
        "code": code,
    }


async def _codes_in_the_wrong_hands(siege: Siege) -> None:
    """Another client, another address, no secret, no verifier, a verifier where there was no challenge, twice."""
    app, other = await _register(siege), await _register(siege)
    verifier = "v" * 43
    challenge = "CUZX5qE8Wvye6kS_SasIsa8MMxacJftmWdsIA_iKp3I"
    plain = await _code(siege, app)
    bound = await _code(
        siege, app, code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", code_challenge_method="S256"
    )
    for code, wrong in (
        (plain, {"client_id": other["client_id"], "client_secret": other["client_secret"]}),
        (plain, {"client_secret": other["client_secret"]}),
        (plain, {"client_secret": ""}),
        (plain, {"redirect_uri": "https://app.test/cb/"}),
        (plain, {"redirect_uri": "https://app.test/cb?x"}),
        (plain, {"redirect_uri": "https://APP.test/cb"}),
        (plain, {"redirect_uri": ""}),
        (plain, {"code_verifier": verifier}),
        (bound, {}),
        (bound, {"code_verifier": ""}),
        (bound, {"code_verifier": challenge}),
        (bound, {"code_verifier": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}),
        ("", {}),
        ("x" * 100_000, {}),
        (f"{plain}\0", {"client_id": other["client_id"]}),
    ):
        answer = answered(siege, await siege.server.client.post("/oauth/token", data={**_exchange(app, code), **wrong}))
        assert answer.status_code in (400, 401), wrong
        assert "access_token" not in answer.json()
    first = await siege.server.client.post("/oauth/token", data=_exchange(app, plain))
    token = first.json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    path = "/api/v1/accounts/verify_credentials"
    assert (await siege.server.client.get(path, headers=headers)).status_code == 200
    again = answered(siege, await siege.server.client.post("/oauth/token", data=_exchange(app, plain)))
    assert again.status_code == 400
    assert (await siege.server.client.get(path, headers=headers)).status_code == 401


async def _addresses_an_app_did_not_register(siege: Siege) -> None:
    """Nobody is sent there, nor told a code."""
    app = await _register(siege)
    async with browser(siege.server) as window:
        await window.log_in("alice")
        for uri in (
            "https://evil1.test/cb",
            "https://app.test/cb/../evil",
            "https://app.test/cb%2f..",
            "https://app.test@evil1.test/cb",
            "https://app.test/cb#x",
            "https://app.test/cbx",
            "https://app.test/cb https://evil1.test",
            "javascript:alert(1)",
            "",
            "/auth/log_in",
            "//evil1.test",
            "https://app.test/cb\r\nX: y",
        ):
            query = httpx.QueryParams(
                {"response_type": "code", "client_id": app["client_id"], "redirect_uri": uri, "scope": "read"}
            )
            for answer in (
                await window.open(f"/oauth/authorize?{query}"),
                await window.client.post("/oauth/authorize", data={**query, "decision": "allow"}),
            ):
                answered(siege, answer)
                assert answer.status_code == 400, uri
                assert "location" not in answer.headers
    for bad in (
        "javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "//evil.test",
        "https://a.test/#f",
        "nothing",
        "",
    ):
        answer = answered(
            siege, await siege.server.client.post("/api/v1/apps", json={"client_name": "x", "redirect_uris": bad})
        )
        assert answer.status_code == 422, bad


async def _more_than_was_granted(siege: Siege) -> None:
    """Scopes an app did not register, tokens of applications for people, a narrow token for wide doors."""
    app = await _register(siege, scopes="read:statuses")
    async with browser(siege.server) as window:
        await window.log_in("alice")
        for scope in ("write", "read", "read:statuses write", "admin:read", "push", "READ:STATUSES", "*", "read:*"):
            query = httpx.QueryParams(
                {
                    "response_type": "code",
                    "client_id": app["client_id"],
                    "redirect_uri": "https://app.test/cb",
                    "scope": scope,
                }
            )
            answer = answered(siege, await window.open(f"/oauth/authorize?{query}"))
            assert answer.status_code == 302, scope
            assert "error=invalid_scope" in answer.headers["location"], scope
            assert "code=" not in answer.headers["location"]
    for scope in ("write", "admin:write", "read"):
        answer = answered(
            siege,
            await siege.server.client.post(
                "/oauth/token",
                data={
                    "grant_type": "client_credentials",
                    "client_id": app["client_id"],
                    "client_secret": app["client_secret"],
                    "scope": scope,
                },
            ),
        )
        assert answer.status_code == 400, scope
    for kind in ("password", "refresh_token", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer", ""):
        body = {
            "grant_type": kind,
            "client_id": app["client_id"],
            "client_secret": app["client_secret"],
            "username": "alice",
            "password": PASSWORD,
        }
        assert answered(siege, await siege.server.client.post("/oauth/token", data=body)).status_code == 400
    narrow = await siege.server.issue(
        user_id=siege.alice.user_id, account_id=siege.alice.account_id, scopes="read:statuses"
    )
    headers = {"Authorization": f"Bearer {narrow}"}
    for method, path in (
        ("GET", "/api/v1/accounts/verify_credentials"),
        ("POST", "/api/v1/statuses"),
        ("GET", "/api/v1/notifications"),
        ("GET", "/api/v1/admin/accounts"),
        ("POST", "/api/v1/push/subscription"),
        ("GET", "/api/v1/fedi/preferences"),
        ("PATCH", "/api/v1/fedi/preferences"),
    ):
        answer = answered(siege, await siege.server.client.request(method, path, headers=headers, json={}))
        assert answer.status_code == 403, (method, path)


async def _staff_without_the_role(siege: Siege) -> None:
    """A token with the scopes of staff is nothing without the role; a small role reaches nobody above."""
    owner = await siege.server.person(f"boss{next(siege.numbers)}", role="owner")
    mod = await siege.server.person(f"mod{next(siege.numbers)}", role="moderator", scopes=EVERYTHING)
    token = await siege.server.issue(user_id=siege.bob.user_id, account_id=siege.bob.account_id, scopes=EVERYTHING)
    before = await everything(siege)
    for headers in ({"Authorization": f"Bearer {token}"}, {"Authorization": f"Bearer {mod.token}"}):
        for method, path, body in (
            ("POST", f"/api/v1/admin/accounts/{owner.id}/action", {"type": "suspend"}),
            ("POST", f"/api/v1/admin/accounts/{owner.id}/action", {"type": "disable"}),
            ("POST", f"/api/v1/admin/accounts/{mod.id}/action", {"type": "suspend"}),
            ("DELETE", f"/api/v1/admin/accounts/{owner.id}", None),
            ("POST", f"/api/v1/admin/accounts/{owner.id}/unsuspend", {}),
        ):
            answer = answered(siege, await siege.server.client.request(method, path, headers=headers, json=body))
            assert answer.status_code in (403, 404, 422), (path, answer.status_code, answer.text)
    await same(siege, before)
    await siege.ready()


async def test_23_tokens(siege: Siege) -> None:
    await siege.hold(
        attacks(
            _codes_in_the_wrong_hands,
            _addresses_an_app_did_not_register,
            _more_than_was_granted,
            _staff_without_the_role,
        )
    )


async def _ends(siege: Siege, ending: str, victim: Person, thief: Browser, form: str) -> None:
    if ending == "password":
        async with siege.server.db.transaction() as conn:
            await users.set_password(conn, victim.user_id, "x")
    elif ending == "signed out":
        await thief.submit("/auth/sessions/end_others")
        await thief.client.post("/auth/log_out", data={"form_token": form}, headers=SAME_SITE)
    else:
        mod = await siege.server.person(f"mod{next(siege.numbers)}", role="moderator", scopes=EVERYTHING)
        await mod.post(f"/api/v1/admin/accounts/{victim.id}/action", {"type": ending})
    await siege.settle()


async def _works(siege: Siege, token: str) -> int:
    path, headers = "/api/v1/accounts/verify_credentials", {"Authorization": f"Bearer {token}"}
    return answered(siege, await siege.server.client.get(path, headers=headers)).status_code


async def _what_is_left_of_a_stolen_session(siege: Siege) -> None:
    """Cookie, token, code and form of before are worth nothing after a new password, a log-out or a suspension."""
    for ending in ("password", "signed out", "suspend", "disable"):
        name = f"victim{next(siege.numbers)}"
        victim = await siege.server.person(name)
        app = await _register(siege)
        async with browser(siege.server) as thief:
            await thief.log_in(name)
            code = await _code(siege, app, login=name)
            await thief.open("/auth/sessions")
            form = thief.form("/auth/sessions/end_others")["form_token"]
            await _ends(siege, ending, victim, thief, form)
            if ending != "signed out":
                assert await _works(siege, victim.token) in (401, 403), ending
                exchanged = answered(siege, await siege.server.client.post("/oauth/token", data=_exchange(app, code)))
                assert await _works(siege, exchanged.json().get("access_token", "none")) in (401, 403), ending
            body = {"form_token": form, "old_password": PASSWORD, "password": "another good one"}
            answered(siege, await thief.client.post("/auth/password", data=body, headers=SAME_SITE))
            if ending in ("password", "signed out"):
                assert answered(siege, await thief.open("/auth/sessions")).status_code == 303, ending
            async with browser(siege.server) as window:
                await window.open("/auth/log_in")
                await window.submit("/auth/log_in", {"login": name, "password": "another good one"})
                assert window.status in (403, 422), ending
    await siege.ready()


async def test_24_sessions(siege: Siege) -> None:
    await siege.hold(attacks(_what_is_left_of_a_stolen_session))


# ---------------------------------------------------------------- 25, 26, 27: limits, sign-up, enumeration


@pytest.fixture(scope="module")
async def counted(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Siege]:
    """A server that counts, behind one trusted proxy, with small limits."""
    network, url = Network(), await databases.take()
    numbers = "ip=8 log_in=6 sign_up=4 apps=3 reset=4 oauth=8 interact=4 subscribe=3"
    limits = ",".join(f"{number}/86400" for number in numbers.split())
    directory, pool = tmp_path_factory.mktemp("counted"), await databases.pool(url)
    more: dict[str, Any] = {"rate_limiting": "true", "rate_limits": limits, "trusted_proxies": "10.0.0.0/8"}
    async with mailbox.mailbox() as box:
        more |= mailbox.settings(box)
        async with node("example.test", url, network, directory, pool, **more) as server:
            yield await Siege.begin(server)
    databases.release()


def _from(siege: Siege, address: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(siege.server.server.asgi, client=(address, 50000))
    return httpx.AsyncClient(transport=transport, base_url=siege.server.base_url)


async def _another_address_in_every_header(siege: Siege) -> None:
    """Who is no trusted proxy is counted under the address they come from, whatever they claim."""
    names = (
        "X-Forwarded-For",
        "X-Real-IP",
        "Forwarded",
        "X-Client-IP",
        "CF-Connecting-IP",
        "True-Client-IP",
        "X-Cluster-Client-IP",
        "X-Forwarded",
        "Client-IP",
        "Via",
        "X-Forwarded-Host",
    )
    async with _from(siege, "198.51.100.1") as client:
        statuses = []
        for number, name in enumerate(names):
            value = f"for=203.0.113.{number}" if name == "Forwarded" else f"203.0.113.{number}"
            statuses.append(answered(siege, await client.get("/api/v1/instance", headers={name: value})).status_code)
    assert statuses == [200] * 8 + [429] * (len(names) - 8)


async def _a_chain_of_proxies(siege: Siege) -> None:
    """Behind the trusted one counts what it wrote, at the right end; what the caller wrote before that does not."""
    async with _from(siege, "10.0.0.1") as client:
        statuses = []
        for number in range(10):
            forged = ", ".join([f"203.0.113.{number}", "not an address", "10.9.9.9", "198.51.100.2"])
            headers = {"X-Forwarded-For": forged}
            statuses.append(answered(siege, await client.get("/api/v1/instance", headers=headers)).status_code)
        assert statuses == [200] * 8 + [429] * 2
        other = {"X-Forwarded-For": "198.51.100.2, 198.51.100.3"}
        assert answered(siege, await client.get("/api/v1/instance", headers=other)).status_code == 200


async def _addresses_of_one_network(siege: Siege) -> None:
    """All of an IPv6 /64 are one; an IPv4 address is one however it is wrapped."""
    statuses = []
    for number in range(10):
        async with _from(siege, f"2001:db8:1:2::{number:x}") as client:
            statuses.append(answered(siege, await client.get("/api/v1/instance")).status_code)
    assert statuses == [200] * 8 + [429] * 2
    statuses = []
    for number in range(10):
        async with _from(siege, "::ffff:198.51.100.4" if number % 2 else "198.51.100.4") as client:
            statuses.append(answered(siege, await client.get("/api/v1/instance")).status_code)
    assert statuses == [200] * 8 + [429] * 2


async def _spellings_of_one_route(siege: Siege) -> None:
    """Slashes, capitals of the escapes, dots, parameters: one route, one limit."""
    async with _from(siege, "198.51.100.5") as client:
        statuses = []
        for path in (
            "/api/v1/instance",
            "/api/v1/instance/",
            "//api/v1/instance",
            "/api/v1/%69nstance",
            "/api/v1/instance?x=1",
            "/api/v1/instance.json",
            "/API/V1/instance",
            "/api/v1/instance;x",
            "/api/v1/instance#x",
            "/api/v1/instance?",
            "/api/v2/instance",
            "/api/v2/%69%6E%73tance//",
            "/%61pi/v1/trends/tags",
            "/api/v1/trends/tags/?limit=1",
            "/api/v1/trends/tags",
            "/api/v1/custom_emojis",
        ):
            answer = answered(siege, await client.get(path))
            if answer.status_code != 404:
                statuses.append(answer.status_code)
    assert statuses == [200] * 8 + [429] * (len(statuses) - 8)
    assert 429 in statuses


async def _as_many_tokens_as_one_likes(siege: Siege) -> None:
    """Tokens that anybody gets by registering an app are no way around its limit; nor are made-up ones."""
    tokens = []
    async with _from(siege, "198.51.100.6") as client:
        app = (
            await client.post("/api/v1/apps", json={"client_name": "x", "redirect_uris": "https://app.test/"})
        ).json()
        for _ in range(5):
            body = {
                "grant_type": "client_credentials",
                "client_id": app["client_id"],
                "client_secret": app["client_secret"],
            }
            tokens.append(answered(siege, await client.post("/oauth/token", data=body)).json()["access_token"])
        statuses = []
        for number in range(12):
            headers = {"Authorization": f"Bearer {tokens[number % 5]}"}
            answer = await client.get("/api/v1/apps/verify_credentials", headers=headers)
            statuses.append(answered(siege, answer).status_code)
        assert statuses == [200] * 8 + [429] * 4
    async with _from(siege, "198.51.100.7") as client:
        statuses = []
        for number in range(10):
            headers = {"Authorization": f"Bearer guess{number}"}
            answer = answered(siege, await client.get("/api/v1/timelines/home", headers=headers))
            statuses.append(answer.status_code)
    assert statuses == [401] * 8 + [429] * 2


async def _guesses(siege: Siege, client: httpx.AsyncClient, login: str) -> int:
    window = Browser(client)
    await window.open("/auth/log_in")
    await window.submit("/auth/log_in", {"login": login, "password": "wrong"})
    siege.answers.append(window.status)
    return window.status


async def _guessing_a_password(siege: Siege) -> None:
    """From one address for many people, and from many for one, whose name is spelt in every way."""
    async with _from(siege, "198.51.100.8") as client:
        statuses = [await _guesses(siege, client, f"somebody{number}") for number in range(8)]
    assert statuses == [422] * 6 + [429] * 2
    statuses = []
    for number in range(30):
        async with _from(siege, f"198.18.{number}.1") as client:
            statuses.append(await _guesses(siege, client, ("bob", "BOB", " bob", "@bob", "Bob ")[number % 5]))
    assert statuses == [422] * 25 + [429] * 5


async def _what_is_typed_is_not_kept(siege: Siege) -> None:
    """A megabyte of a name, from a few addresses, stays in no counter."""
    for number in range(4):
        async with _from(siege, f"198.18.100.{number}") as client:
            await _guesses(siege, client, "x" * 900_000 + str(number))
    limits = siege.server.app.memory["limits"]
    assert max(len(str(bucket)) for bucket in limits._counts) < 500


async def _doors_with_their_own_limit(siege: Siege) -> None:
    """Sign-up, apps, codes, new passwords and being sent home: few, and the same for page and API."""
    async with _from(siege, "198.51.100.20") as client:
        window, statuses = Browser(client), []
        await window.open("/auth/sign_up")
        page = window.response
        for number in range(6):
            body = {"username": f"new{number}", "email": f"n{number}@mail.test", "password": "x", "agreement": True}
            if number % 2:
                window.response = page
                statuses.append((await window.submit("/auth/sign_up", {"username": "x"})).status_code)
            else:
                statuses.append((await client.post("/api/v1/accounts", json=body)).status_code)
        siege.answers += statuses
        assert 429 not in statuses[:4]
        assert statuses[4:] == [429, 429], statuses
    async with _from(siege, "198.51.100.21") as client:
        body = {"client_name": "x", "redirect_uris": "a://b"}
        made = [(await client.post("/api/v1/apps", json=body)).status_code for _ in range(5)]
        assert made == [200] * 3 + [429] * 2
    async with _from(siege, "198.51.100.22") as client:
        window, asked, words = Browser(client), [], set()
        await window.open("/auth/password/forgotten")
        page = window.response
        for address in ("alice@mail.test", "nobody@mail.test", "bob@mail.test", "x", "y@mail.test", "z@mail.test"):
            window.response = page
            asked.append((await window.submit("/auth/password/forgotten", {"email": address})).status_code)
            words.add(window.html if asked[-1] == 200 else "")
        assert asked == [200] * 4 + [429] * 2
        assert len(words) == 2, "nobody is told whether there is such a person"


async def _letters_to_somebody_else(siege: Siege) -> None:
    """Who has not confirmed yet has letters sent to others, each time from another address."""
    name = f"late{next(siege.numbers)}"
    late = await siege.server.person(name, confirmed=False)
    statuses = []
    for number in range(8):
        async with _from(siege, f"198.19.{number}.1") as client:
            answer = await client.post(
                "/api/v1/emails/confirmations",
                json={"email": f"v.ictim+{number}@mail.test"},
                headers={"Authorization": f"Bearer {late.token}"},
            )
            statuses.append(answered(siege, answer).status_code)
    assert statuses == [200] * 5 + [429] * 3
    await siege.ready()


async def test_25_limits(counted: Siege) -> None:
    await counted.hold(
        attacks(
            _another_address_in_every_header,
            _a_chain_of_proxies,
            _addresses_of_one_network,
            _spellings_of_one_route,
            _as_many_tokens_as_one_likes,
            _guessing_a_password,
            _what_is_typed_is_not_kept,
            _doors_with_their_own_limit,
            _letters_to_somebody_else,
        )
    )


async def _an_inbox_with_many_addresses(siege: Siege) -> None:
    """A remote server that floods, each time from another address it claims: it is known by its signature."""
    evil = siege.villain()
    server = siege.server.app.fed
    for number in range(12):
        document = evil.host.activity("Like", evil.actor, siege.alice.uri, f"f{number}")
        await evil.sends(document, x_forwarded_for=f"203.0.113.{number}", forwarded=f"for=203.0.113.{number}")
    assert set(siege.answers) <= {202, 429}
    async with server.db.read() as conn:
        sites = await conn.fetchval("select count(distinct lane) from jobs where name = 'inbox'")
    assert sites <= 1
    for host in (f"{evil.host.host}", "example.test", "EXAMPLE.TEST"):
        answer = await evil.host.send(
            siege.server, evil.host.activity("Like", evil.actor, siege.alice.uri, f"h{host}"), evil.actor, host=host
        )
        assert answered(siege, answer).status_code in (202, 400, 401, 421)


async def test_25_a_flood_from_a_remote_server(siege: Siege) -> None:
    await siege.hold(attacks(_an_inbox_with_many_addresses))


ODD_MAIL = (
    "a%b@mail.test",
    'a"b@mail.test',
    "a,b@mail.test",
    "a!b@mail.test",
    "a@b@mail.test",
    "a@mail.test\r\nBcc: x@y.test",
    "a@[127.0.0.1]",
    "a@mail.test,b@mail.test",
    "<a@mail.test>",
    "a@mail.test.",
    "a@.mail.test",
    "a@mail..test",
    "a" * 65 + "@mail.test",
    "a@" + "b" * 320 + ".test",
    '"a b"@mail.test',
    "a b@mail.test",
    "@mail.test",
    "a@",
    "a@mail.test;",
    "ａ@mail.test",
    "a\u202e@mail.test",
)


async def _odd_addresses_of_mail(siege: Siege) -> None:
    """None of them makes a login, by app or by page."""
    before = await everything(siege)
    app = await _register(siege, scopes="read write")
    body = {**_exchange(app, ""), "grant_type": "client_credentials", "scope": "write"}
    token = (await siege.server.client.post("/oauth/token", data=body)).json()["access_token"]
    before = await everything(siege)
    for address in ODD_MAIL:
        form = {"username": "newbie", "email": address, "password": "long enough it is", "agreement": True}
        headers = {"Authorization": f"Bearer {token}"}
        answer = answered(siege, await siege.server.client.post("/api/v1/accounts", json=form, headers=headers))
        assert answer.status_code == 422, address
        assert "email" in answer.json()["details"], address
    await same(siege, before)


async def _names_of_others(siege: Siege) -> None:
    """Like somebody's, like staff's, like a path."""
    app = await _register(siege, scopes="read write")
    body = {**_exchange(app, ""), "grant_type": "client_credentials", "scope": "write"}
    token = (await siege.server.client.post("/oauth/token", data=body)).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    before = await everything(siege)
    for name in ("alice", "ALICE", "аlice", "alice ", "admin", "root", "a@b", "../x", "a/b", "", "a" * 31, "a.b",
                 "support", "example.test", "alice\u200b"):  # fmt: skip
        form = {"username": name, "email": "new@mail.test", "password": "long enough it is", "agreement": True}
        answer = answered(siege, await siege.server.client.post("/api/v1/accounts", json=form, headers=headers))
        assert answer.status_code == 422, name
        assert "username" in answer.json()["details"], name
    await same(siege, before)


async def test_26_signing_up(siege: Siege) -> None:
    await siege.hold(attacks(_odd_addresses_of_mail, _names_of_others))


async def _whether_there_is_such_a_person(siege: Siege) -> None:
    """Who may not log in is told the same words as who is not here."""
    told = []
    for login in ("bob", "nobody", "bob@mail.test", "nobody@mail.test"):
        async with browser(siege.server) as window:
            await window.open("/auth/log_in")
            await window.submit("/auth/log_in", {"login": login, "password": "wrong wrong"})
            told.append((window.status, re.sub(r'value="[^"]*"', "", window.html)))
    assert len(set(told)) == 1


async def _ids_that_can_be_counted(siege: Siege) -> None:
    """Files of others, hidden posts and what never was are answered alike, by id and by signature of a stranger."""
    evil = siege.villain()
    await evil.says("Like", "https://x.test/1")
    await siege.settle()
    hidden = await siege.mine("psst", visibility="direct")
    for path, missing in (
        (f"/api/v1/statuses/{hidden['id']}", "/api/v1/statuses/1"),
        (f"/users/alice/statuses/{hidden['id']}", "/users/alice/statuses/1"),
        (f"/@alice/{hidden['id']}", "/@alice/1"),
        (f"/api/v1/polls/{hidden['id']}", "/api/v1/polls/1"),
        (f"/api/v1/media/{hidden['id']}", "/api/v1/media/1"),
        (f"/api/oembed?url={hidden['url']}", f"/api/oembed?url={siege.server.base_url}/@alice/1"),
        (f"/users/alice/statuses/{hidden['id']}/replies", "/users/alice/statuses/1/replies"),
        ("/media/originals/x", "/media/x"),
    ):
        for headers in ({}, {"Accept": "application/activity+json"}, {"Accept": "text/html"}):
            found = answered(siege, await siege.server.client.get(path, headers=headers))
            nothing = answered(siege, await siege.server.client.get(missing, headers=headers))
            assert found.status_code == nothing.status_code >= 400, path
            strip = re.compile(r'value="[^"]*"|[0-9]{10,}')
            assert strip.sub("", found.text) == strip.sub("", nothing.text), path
            alike = {"content-type", "cache-control", "vary", "content-security-policy"}
            assert {n: v for n, v in found.headers.items() if n in alike} == {
                n: v for n, v in nothing.headers.items() if n in alike
            }
        assert (await evil.host.get(siege.server, path, evil.actor)).status_code in (400, 401, 404, 302, 422)


async def test_27_who_and_what_is_here(siege: Siege) -> None:
    await siege.hold(attacks(_whether_there_is_such_a_person, _ids_that_can_be_counted))


# ---------------------------------------------------------------- 28: what other sites make a browser do


async def _forms_on_a_page_elsewhere(siege: Siege) -> None:
    """A page at evil1.test posts every form that we have, in the browser of somebody signed in."""
    evil = siege.villain()
    forms = [route for route in routes.ROUTES if route.access.kind == "open" and route.method in ("POST", "DELETE")]
    forms = [route for route in forms if "inbox" not in route.path and "/oauth/token" not in route.path]
    assert len(forms) > 30
    fields = {
        "form_token": "0" * 64,
        "login": "mallory",
        "password": PASSWORD,
        "old_password": PASSWORD,
        "email": "evil@mail.test",
        "do": "follow",
        "text": "posted",
        "other": evil.uri,
        "uri": siege.alice.uri,
        "handle": f"mallory@{evil.host.host}",
        "decision": "allow",
        "enabled": "true",
        "account_id": siege.bob.id,
    }
    async with browser(siege.server) as window:
        await window.log_in("alice")
        before = await everything(siege)
        for headers in (
            {"Sec-Fetch-Site": "cross-site", "Origin": f"https://{evil.host.host}"},
            {"Origin": f"https://{evil.host.host}"},
            {"Origin": "null"},
            {},
        ):
            for route in forms:
                path = re.sub(r"[@]?:[a-z_]+", siege.bob.id, route.path)
                answer = answered(siege, await window.client.request(route.method, path, data=fields, headers=headers))
                assert answer.status_code in (303, 400, 403, 404, 405, 410, 422, 200), (path, answer.status_code)
                to = answer.headers.get("location", "/")
                assert to.startswith("/"), (path, to)
            await same(siege, before)
        assert (await window.open("/auth/sessions")).status_code == 200
        assert evil.host.asked == []


async def _where_links_lead(siege: Siege) -> None:
    """No address of ours sends a browser to a place that somebody else chose."""
    evil = siege.villain()
    note = evil.host.note(evil.actor, "n", url=f"https://{evil.host.host}/phish", to=[PUBLIC, siege.alice.uri])
    await evil.sends(evil.host.create(note))
    await siege.settle()
    row = await siege.count("select id from statuses where uri = $1", note["id"])
    bad = evil.host.note(evil.actor, "bad", url="javascript:alert(1)", to=[PUBLIC, siege.alice.uri])
    await evil.sends(evil.host.create(bad))
    await siege.settle()
    worse = await siege.count("select id from statuses where uri = $1", bad["id"])
    name, host = f"mallory@{evil.host.host}", evil.host.host
    async with browser(siege.server) as window:
        for path in (
            f"/@{name}",
            f"/@{name}/{row}",
            f"/@{name}/{worse}",
            f"/users/{name}",
            f"//{host}/",
            f"/\\{host}",
            f"/%2f%2f{host}",
            f"/web//{host}",
            f"/web/{host}",
            f"/@{host}",
            f"/.well-known/change-password//{host}",
            f"/authorize_interaction?uri={evil.uri}",
            f"/invite/{host}",
            f"/oauth/authorize/native?code=https://{host}",
        ):
            answer = answered(siege, await window.open(path))
            to = answer.headers.get("location", "/")
            assert to.startswith("/"), (path, to)
            assert not to.startswith(("//", "/\\")), (path, to)
            assert 'href="javascript' not in window.html
        for following in (
            f"https://{host}",
            f"//{host}",
            f"/\\{host}",
            f"/\t/{host}",
            f"\\\\{host}",
            f"/%0d/{host}",
            "javascript:x",
            f"https:{host}",
            f"/@x:y@{host}//",
            f"///{host}",
            f"\n//{host}",
        ):
            await window.open("/auth/log_in", params={"next": following})
            await window.submit("/auth/log_in", {"login": "bob", "password": PASSWORD})
            landed = urlsplit(str(httpx.URL("https://example.test/auth/log_in").join(window.location)))
            assert (window.status, landed.netloc) == (303, "example.test"), following
            window.client.cookies.clear()


async def _another_host_in_the_header(siege: Siege) -> None:
    """Links, letters and documents name the address of the settings; nothing of a header."""
    for headers in (
        {"Host": "evil1.test"},
        {"X-Forwarded-Host": "evil1.test", "X-Forwarded-Proto": "http"},
        {"Forwarded": "host=evil1.test;proto=http"},
        {"X-Original-URL": "/auth/appeals", "X-Rewrite-URL": "/auth/appeals"},
        {"X-HTTP-Method-Override": "DELETE"},
        {"Origin": "https://evil1.test", "Access-Control-Request-Method": "POST"},
    ):
        for path in (
            "/",
            "/@alice",
            "/users/alice",
            "/auth/log_in",
            "/.well-known/webfinger?resource=acct:alice@example.test",
            "/.well-known/nodeinfo",
            "/.well-known/host-meta",
            "/.well-known/oauth-authorization-server",
            "/api/v2/instance",
            "/api/v1/timelines/public?limit=1",
            "/users/alice/outbox",
        ):
            for accept in ("text/html", "application/activity+json"):
                answer = answered(siege, await siege.server.client.get(path, headers={**headers, "Accept": accept}))
                assert "evil1.test" not in answer.text, (path, headers)
                assert not any("evil1.test" in value for value in answer.headers.values()), (path, headers)
                assert answer.headers.get("access-control-allow-credentials") is None


async def _in_a_frame(siege: Siege) -> None:
    """Nothing but what is made for it is shown in the frames of others."""
    status = await siege.mine("hello")
    pages = ("/", "/@alice", status["url"], "/auth/log_in", "/auth/sign_up", "/auth/password/forgotten", "/nothing")
    for path in pages:
        answer = answered(siege, await siege.server.client.get(path, headers={"Accept": "text/html"}))
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path
        assert answer.headers["x-frame-options"] == "DENY"
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert "<script>" not in answer.text
        assert " onclick" not in answer.text
    await siege.alice.api("DELETE", f"/api/v1/statuses/{status['id']}")
    await siege.ready()


async def _a_session_given_to_somebody(siege: Siege) -> None:
    """Fixation: a cookie that an attacker planted is nobody's session, before or after signing in."""
    async with browser(siege.server) as attacker, browser(siege.server) as victim:
        await attacker.log_in("bob")
        for cookie in list(attacker.client.cookies.jar):
            victim.client.cookies.set(cookie.name, cookie.value or "", domain="example.test")
        planted = {cookie.name: cookie.value for cookie in attacker.client.cookies.jar}
        await victim.open("/auth/log_in", params={"force": "true"})
        await victim.submit("/auth/log_in", {"login": "alice", "password": PASSWORD, "force": "true"})
        assert victim.status == 303
        session = {cookie.value for cookie in victim.client.cookies.jar if "session" in cookie.name}
        assert not session & {value for name, value in planted.items() if "session" in name}
        await attacker.open("/auth/sessions")
        assert "alice" not in attacker.html


async def test_28_what_other_sites_make_a_browser_do(siege: Siege) -> None:
    await siege.hold(
        attacks(
            _forms_on_a_page_elsewhere,
            _where_links_lead,
            _another_host_in_the_header,
            _in_a_frame,
            _a_session_given_to_somebody,
        )
    )
