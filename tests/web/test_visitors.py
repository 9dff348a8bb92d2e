"""From a page here to the visitor's own server, and nowhere else."""

from typing import Any
from urllib.parse import quote

import pytest

from storage import domains
from tests.support.browser import Browser, browser
from tests.support.puppet import Puppet
from tests.support.servers import Node, drain

pytestmark = pytest.mark.anyio

ACTOR = "application/activity+json"
SUBSCRIBE = "http://ostatus.org/schema/1.0/subscribe"
OBJECT = "https://w3id.org/fep/3b86/Object"


async def visit(window: Browser, page: str, handle: str) -> None:
    await window.open(page, headers={"Accept": "text/html"})
    await window.submit("/visitors", {"handle": handle})


def declares(puppet: Puppet, *links: dict[str, str], actor: str | None = None) -> None:
    resource = quote(f"acct:you@{puppet.host}", safe="")
    puppet.documents[f"/.well-known/webfinger?resource={resource}"] = {
        "subject": f"acct:you@{puppet.host}",
        "links": [{"rel": "self", "type": ACTOR, "href": actor or f"https://{puppet.host}/users/you"}, *links],
    }


async def test_a_visitor_goes_home_follows_and_answers_there(servers: Any) -> None:
    """The whole way: bob's page, alice's server, a follow and an answer that reach bob."""
    a, b = await servers("a.test", "b.test")
    await a.person("alice")
    bob = await b.person("bob")
    post = await bob.posts("anybody there?")
    async with browser(b) as there, browser(a) as home:
        await home.log_in("alice")
        for page, uri in (("/@bob", bob.uri), (post["url"], post["uri"])):
            await visit(there, page, "@alice@a.test")
            assert there.status == 303
            assert there.location == f"https://a.test/authorize_interaction?uri={quote(uri, safe='')}"
            await home.open(there.location)
            assert home.status == 200
            action = home.html.split('<form method="post" action="')[1].split('"')[0]
            if uri == bob.uri:
                await home.submit(action, {"do": "follow"})
            else:
                await home.submit(f"{action}/replies", {"text": "@bob@b.test I am"})
            assert home.status == 303
    await drain(a, b)
    assert sorted(each["type"] for each in await bob.notifications()) == ["follow", "mention"]


@pytest.mark.parametrize(
    "handle", ["you@there.test", "@you@THERE.test", "acct:you@there.test", "https://there.test/@you"]
)
async def test_an_address_may_be_written_in_any_way(server: Node, handle: str) -> None:
    await server.person("alice")
    declares(Puppet(server.network, "there.test"), {"rel": SUBSCRIBE, "template": "https://there.test/go?uri={uri}"})
    async with browser(server) as window:
        await visit(window, "/@alice", handle)
        assert window.location == "https://there.test/go?uri=https%3A%2F%2Fexample.test%2Fusers%2Falice"


@pytest.mark.parametrize(
    ("link", "place"),
    [
        ({"rel": OBJECT, "template": "https://there.test/do?o={object}"}, "https://there.test/do?o="),
        # The handle's domain is not where the account lives.
        ({"rel": SUBSCRIBE, "template": "https://social.there.test/go?uri={uri}"}, "https://social.there.test/go?uri="),
    ],
)
async def test_servers_say_in_different_ways_where_to_go(server: Node, link: dict[str, str], place: str) -> None:
    await server.person("alice")
    declares(Puppet(server.network, "there.test"), link, actor="https://social.there.test/users/you")
    async with browser(server) as window:
        await visit(window, "/@alice", "you@there.test")
        assert window.location.startswith(place)


@pytest.mark.parametrize(
    "template",
    [
        "https://elsewhere.test/?uri={uri}",
        "http://there.test/?uri={uri}",
        "javascript:alert('{uri}')",
        "//there.test/{uri}",
        "https://there.test@elsewhere.test/{uri}",
        "https://there.test.elsewhere.test/{uri}",
        "https://{uri}/",
        "https://there.test/without",
    ],
)
async def test_nobody_is_sent_to_a_place_that_is_not_their_servers(server: Node, template: str) -> None:
    await server.person("alice")
    declares(Puppet(server.network, "there.test"), {"rel": SUBSCRIBE, "template": template})
    async with browser(server) as window:
        await visit(window, "/@alice", "you@there.test")
        assert window.status == 422
        assert "does not say where to go" in window.html
        assert window.form("/visitors")["handle"] == "you@there.test"


async def test_only_a_form_of_ours_sends_anybody_away(server: Node) -> None:
    """The page would be an open redirect otherwise."""
    await server.person("alice")
    puppet = Puppet(server.network, "there.test")
    declares(puppet, {"rel": SUBSCRIBE, "template": "https://there.test/go?uri={uri}"})
    sent = {"uri": "https://example.test/users/alice", "handle": "you@there.test"}
    async with browser(server) as window:
        assert (await window.client.get("/visitors", params=sent)).status_code == 405
        assert (await window.client.post("/visitors", data=sent)).status_code == 422
        await window.open("/@alice", headers={"Accept": "text/html"})
        await window.submit("/visitors", sent, headers={"Sec-Fetch-Site": "cross-site"})
        assert window.status == 422
        await window.open("/@alice", headers={"Accept": "text/html"})
        await window.submit("/visitors", {**sent, "uri": "https://elsewhere.test/x"})
        assert window.status == 404
    assert puppet.requests == []


async def test_whose_account_is_here_stays(server: Node) -> None:
    alice = await server.person("alice")
    async with browser(server) as window:
        await visit(window, "/@alice", "@bob@example.test")
        assert window.location == f"/authorize_interaction?uri={quote(alice.uri, safe='')}"
        await window.log_in("alice")
        await window.open("/@alice", headers={"Accept": "text/html"})
        assert "/visitors" not in window.html


@pytest.mark.parametrize(
    ("handle", "said"),
    [
        ("", "not an address"),
        ("somebody", "not an address"),
        ("https://there.test/users/you", "not an address"),
        ("you@127.0.0.1.", "not an address"),
        ("you@down.test", "down.test does not answer"),
        ("nobody@there.test", "there.test does not know"),
        ("you@blocked.test", "blocked.test does not know"),
    ],
)
async def test_what_goes_wrong_is_said(server: Node, handle: str, said: str) -> None:
    await server.person("alice")
    Puppet(server.network, "there.test")
    async with server.db.transaction() as conn:
        await domains.block(conn, "blocked.test")
    async with browser(server) as window:
        await visit(window, "/@alice", handle)
        assert window.status == 422
        assert said in window.html
        assert "https://example.test/users/alice" in window.html


async def test_asking_other_servers_is_limited_by_address(servers: Any) -> None:
    (server,) = await servers("example.test", rate_limiting="true")
    await server.person("alice")
    async with browser(server) as window:
        codes = set()
        for _ in range(31):
            await visit(window, "/@alice", "no address")
            codes.add(window.status)
            assert len(codes) == 1 or window.status == 429
    assert codes == {422, 429}


async def test_a_server_may_take_visitors_only_to_follow(server: Node) -> None:
    alice = await server.person("alice")
    post = await alice.posts("hello")
    follow = {"rel": "https://w3id.org/fep/3b86/Follow", "template": "https://there.test/follow?who={object}"}
    declares(Puppet(server.network, "there.test"), follow)
    async with browser(server) as window:
        await visit(window, "/@alice", "@you@there.test")
        assert window.location == "https://there.test/follow?who=https%3A%2F%2Fexample.test%2Fusers%2Falice"
        await visit(window, post["url"], "@you@there.test")
        assert window.status == 422
