"""Servers under test: several in one process, federating over an in-memory network, each on its own database.

async def test_something(servers):
    a, b = await servers("a.test", "b.test")
    alice, bob = await a.person("alice"), await b.person("bob")
    await alice.follow(bob)
    await drain(a, b)
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

from federation import delivery
from fedi import config_sources
from fedi.app import Server, running
from fedi.auth import passwords, tokens
from fedi.services import accounts
from storage import users
from storage.db import Database, query_log
from tests.support import checker
from tests.support.network import Network

ALL_SCOPES = "read write follow push"
# Commands and several servers of one test work on one database, and so need one secret.
SECRET = "wQ7zR2mK9vT4bN1cX8jH5gF3dS6aP0eL2uYi"
PASSWORD = "correct horse battery staple"
WINDOW_SECONDS, WINDOW_MARGIN_SECONDS = 300, 10


class Person:
    """Somebody with an account and a token. Answers are checked strictly unless `strict=False`."""

    def __init__(self, node: "Node", username: str, user_id: int, account_id: int, token: str) -> None:
        self.node = node
        self.username = username
        self.user_id = user_id
        self.id = str(account_id)
        self.account_id = account_id
        self.token = token

    @property
    def handle(self) -> str:
        return f"{self.username}@{self.node.domain}"

    @property
    def uri(self) -> str:
        return f"{self.node.base_url}/users/{self.username}"

    async def api(self, method: str, path: str, *, status: int | None = 200, strict: bool = True, **kwargs: Any) -> Any:
        """Call the client API; the decoded body. Asserts the status code, and the shape of the answer."""
        response = await self.call(method, path, **kwargs)
        return _checked(response, method, path, status=status, strict=strict)

    async def call(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """The bare response."""
        headers = {"Authorization": f"Bearer {self.token}", **kwargs.pop("headers", {})}
        return await self.node.client.request(method, path, headers=headers, **kwargs)

    async def get(self, path: str, **params: Any) -> Any:
        return await self.api("GET", path, params=params)

    async def post(self, path: str, body: Mapping[str, Any] | None = None, *, status: int = 200) -> Any:
        return await self.api("POST", path, json=dict(body or {}), status=status)

    async def posts(self, text: str, **more: Any) -> Any:
        """Publish; the Status."""
        return await self.post("/api/v1/statuses", {"status": text, **more})

    async def replies(self, status: Mapping[str, Any], text: str, **more: Any) -> Any:
        """Answer a status of this server's view, mentioning its author."""
        text = f"@{status['account']['acct']} {text}"
        return await self.posts(text, in_reply_to_id=status["id"], **more)

    async def finds(self, other: "Person") -> Any:
        """Another person as this one's server knows them: the Account, resolved if need be."""
        if other.node is self.node:
            return await self.get(f"/api/v1/accounts/{other.id}")
        found = await self.get("/api/v2/search", q=f"@{other.handle}", type="accounts", resolve="true")
        assert found["accounts"], f"{other.handle} was not found"
        return found["accounts"][0]

    async def sees(self, uri: str) -> Any:
        """A status by its URI, fetched if need be."""
        found = await self.get("/api/v2/search", q=uri, type="statuses", resolve="true")
        assert found["statuses"], f"{uri} was not found"
        return found["statuses"][0]

    async def follow(self, other: "Person") -> Any:
        account = await self.finds(other)
        return await self.post(f"/api/v1/accounts/{account['id']}/follow")

    async def home(self) -> Any:
        return await self.get("/api/v1/timelines/home")

    async def welcomes(self) -> None:
        """Private mentions by people one does not follow are not put aside."""
        await self.api("PATCH", "/api/v2/notifications/policy", json={"for_private_mentions": "accept"})

    async def notifications(self) -> Any:
        return await self.get("/api/v1/notifications")


class Node:
    """One server."""

    def __init__(self, domain: str, server: Server, client: httpx.AsyncClient, network: Network) -> None:
        self.domain = domain
        self.server = server
        self.app = server.app
        self.db = server.app.db
        self.client = client
        self.network = network
        self.base_url = server.app.settings.base_url

    async def person(
        self, username: str, *, scopes: str = ALL_SCOPES, locked: bool = False, bot: bool = False, **login: Any
    ) -> Person:
        """A confirmed, approved person with a token. `login`: see `accounts.Login`."""
        password_hash, pairs = await _password_hash(), await _pairs(next(self.network.people))
        async with self.db.transaction() as conn:
            user_id = await accounts.create_login(
                conn, accounts.Login(**login), email=f"{username}@mail.test", password_hash=password_hash
            )
            account_id = await accounts.create_account(
                conn, self.app, username=username, pairs=pairs, user_id=user_id, locked=locked, bot=bot
            )
            await users.announce(conn, user_id)
        token = await self.issue(user_id=user_id, account_id=account_id, scopes=scopes)
        return Person(self, username, user_id, account_id, token)

    async def issue(self, *, user_id: int, account_id: int, scopes: str) -> str:
        """Another access token."""
        async with self.db.transaction() as conn:
            return await tokens.mint(conn, user_id=user_id, account_id=account_id, scopes=scopes)

    async def api(self, method: str, path: str, *, status: int | None = 200, strict: bool = True, **kwargs: Any) -> Any:
        """Call the client API as nobody."""
        return _checked(await self.client.request(method, path, **kwargs), method, path, status=status, strict=strict)

    async def document(self, uri: str) -> Any:
        """What others are shown at one of our URIs, or the status they are answered."""
        path = uri.removeprefix(self.base_url)
        response = await self.client.get(path, headers={"Accept": "application/activity+json"})
        return response.json() if response.status_code == 200 else response.status_code

    async def drain(self) -> bool:
        """Run events, jobs and deliveries that are due; whether there were any."""
        ran = await self.server.worker.drain()
        return await delivery.drain(self.app.fed) or ran


# Making these anew for everybody would take the better half of the time of the tests.
_made: dict[str, str] = {}
_made_pairs: list[accounts.Pairs] = []


async def _password_hash() -> str:
    if PASSWORD not in _made:
        _made[PASSWORD] = await passwords.hashed(PASSWORD)
    return _made[PASSWORD]


async def _pairs(number: int) -> accounts.Pairs:
    """Those of the nth person of a test: no two of one test have the same."""
    while len(_made_pairs) <= number:
        _made_pairs.append(await accounts.new_pairs())
    return _made_pairs[number]


def _checked(response: httpx.Response, method: str, path: str, *, status: int | None, strict: bool) -> Any:
    if status is not None:
        assert response.status_code == status, f"{method} {path}: {response.status_code} {response.text[:500]}"
    body = response.json()
    if strict:
        violations = checker.check(method, path, response.status_code, body)
        assert not violations, f"{method} {path}: " + "; ".join(violations[:10])
    return body


async def drain(*nodes: Node) -> None:
    """Run all nodes until none has anything left that is due now."""
    for _round in range(100):
        ran = [await node.drain() for node in nodes]
        if not any(ran):
            return
    raise AssertionError("the servers keep each other busy")


@contextlib.asynccontextmanager
async def node(
    domain: str,
    dsn: str,
    network: Network,
    directory: Path,
    pool: Database | None = None,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    **settings: Any,
) -> AsyncIterator[Node]:
    """A server at https://domain on the database `dsn`. `settings`: FEDI_* values by lower-case name. `transport`: the
    way to the network, if it is not straight there."""
    values = {
        "base_url": f"https://{domain}",
        "data_dir": str(directory),
        "secret_key": SECRET,
        "media_dir": str(directory / "media"),
        "database_url": dsn,
        "database_pool_size": "6",
        "development": "true",
        "allow_private_peers": "true",
        "registrations": "open",
        "rate_limiting": "false",
        **{name: str(value) for name, value in settings.items()},
    }
    env = {f"FEDI_{name.upper()}": value for name, value in values.items()}
    if values["rate_limiting"].lower() == "true":
        await _early_in_a_window()
    pairs = await _pairs(next(network.people))
    loaded = config_sources.load(env)
    way = transport or network
    async with running(loaded, dsn, transport=way, shared_bus=False, pairs=pairs, pool=pool) as server:
        entrance = httpx.ASGITransport(server.asgi, raise_app_exceptions=True, client=("192.0.2.1", 50000))
        async with httpx.AsyncClient(transport=entrance, base_url=f"https://{domain}") as client:
            network.apps[domain] = server.asgi
            network.ours.add(domain)
            yield Node(domain, server, client, network)


async def _early_in_a_window() -> None:
    """Calls are counted in windows by the clock, of five minutes and multiples of it: a test is to see one of them."""
    left = WINDOW_SECONDS - time.time() % WINDOW_SECONDS
    if left < WINDOW_MARGIN_SECONDS:
        await asyncio.sleep(left)


# What the driver asks on its own: transactions, and the types of arrays once a connection.
_NOT_OURS = ("BEGIN", "COMMIT", "ROLLBACK", "typeinfo_tree", "set_config('jit'")


@contextlib.contextmanager
def queries(*, at_most: int) -> Iterator[list[str]]:
    """Count the statements that run inside; more than `at_most` fails with their texts."""
    log: list[str] = []
    token = query_log.set(log)
    try:
        yield log
    finally:
        query_log.reset(token)
    wanted = [query for query in log if not any(mark in query for mark in _NOT_OURS)]
    assert len(wanted) <= at_most, f"{len(wanted)} queries:\n" + "\n---\n".join(wanted)
