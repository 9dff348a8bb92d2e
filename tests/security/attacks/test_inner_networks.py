"""Where no request may ever go, whoever names it and wherever (classes 11 and 37)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.database import Databases
from tests.support.network import Network
from tests.support.puppet import PUBLIC, Page, Puppet
from tests.support.push import Device, Service
from tests.support.resolved import Resolved
from tests.support.servers import drain, node
from tests.support.siege import JSON, Siege

pytestmark = pytest.mark.anyio


# ---------------------------------------------------------------- 11: requests to inner networks

# By name; what they resolve to, time after time.
NAMES: dict[str, list[tuple[str, ...]]] = {
    "loop.test": [("127.0.0.1",)],
    "ten.test": [("10.1.2.3",)],
    "meta.test": [("169.254.169.254",)],
    "six.test": [("::1",)],
    "zero.test": [("0.0.0.0",)],
    "mapped.test": [("::ffff:127.0.0.1",)],
    "nat.test": [("64:ff9b::7f00:1",)],
    "tunnel.test": [("2002:7f00:1::1",)],
    "unique.test": [("fd00::1",)],
    "link.test": [("fe80::1",)],
    "cgn.test": [("100.64.0.1",)],
    "mixed.test": [("93.184.215.14", "10.0.0.1")],
    "mixed6.test": [("93.184.215.14", "::1")],
    "cast.test": [("224.0.0.1",)],
    "localhost": [("127.0.0.1",)],
    "rebound.test": [("93.184.215.14",), ("127.0.0.1",)],
}
LITERALS = (
    "127.0.0.1",
    "[::1]",
    "10.0.0.1",
    "169.254.169.254",
    "[::ffff:10.0.0.1]",
    "192.168.0.1",
    "0.0.0.0",
    "[fd00::1]",
    "puppet.test:22",
    "puppet.test:25",
    "2130706433",
    "0x7f000001",
    "127.1",
    "017700000001",
    "[::ffff:7f00:1]",
    "[64:ff9b::7f00:1]",
)


class Inside:
    """Names and addresses of an inner network, and what they have been asked."""

    def __init__(self, network: Network) -> None:
        self.hosts = {name: Puppet(network, name) for name in (*NAMES, *LITERALS)}
        self.actors = {name: host.actor("mallory") for name, host in self.hosts.items()}

    def asked(self) -> list[tuple[str, str, str]]:
        return [(name, *one) for name, host in self.hosts.items() for one in host.requests]


@pytest.fixture
async def inner(databases: Databases, tmp_path: Path) -> AsyncIterator[tuple[Siege, Resolved, Inside]]:
    """A server that judges addresses as on the Internet."""
    network = Network()
    transport = Resolved(network)
    url = await databases.take()
    try:
        async with node(
            "example.test",
            url,
            network,
            tmp_path,
            await databases.pool(url),
            transport=transport,
            allow_private_peers="false",
        ) as server:
            siege = await Siege.begin(server)
            inside = Inside(network)
            transport.addresses = {name: list(answers) for name, answers in NAMES.items()}
            yield siege, transport, inside
    finally:
        databases.release()


async def _redirected(network: Network, host: str, target: str) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 302, "headers": [(b"location", target.encode())]})
        await send({"type": "http.response.body", "body": b""})

    network.apps[host] = app


async def _everything_that_is_fetched(siege: Siege, base: str, person: str) -> None:
    """`base` is an inner host: named in every place whose address is ever asked."""
    n = next(siege.numbers)
    evil = siege.villain(
        icon={"type": "Image", "url": f"{base}/icon.png"},
        image={"url": f"{base}/image.png"},
        featured=f"{base}/featured",
        outbox=f"{base}/outbox",
        followers=f"{base}/followers",
        featuredTags=f"{base}/tags",
        featuredCollections=f"{base}/collections",
        inbox=f"{base}/inbox",
        endpoints={"sharedInbox": f"{base}/inbox"},
        movedTo=person,
        alsoKnownAs=[person],
        assertionMethod=[f"{base}/key"],
        attachment=[{"type": "PropertyValue", "name": "me", "value": f'<a href="{base}/me">{base}/me</a>'}],
    )
    plain = siege.villain(inbox=f"{base}/inbox", endpoints={"sharedInbox": f"{base}/inbox"})
    plain.actor["featured"], plain.actor["outbox"] = f"{base}/featured", f"{base}/outbox"
    await evil.says("Follow", siege.alice.uri)
    await plain.says("Follow", siege.alice.uri)
    await siege.settle()
    note = plain.host.note(
        plain.actor,
        f"n{n}",
        content=f'<p><a href="{base}/page">{base}/page</a></p>',
        to=[PUBLIC, siege.alice.uri],
        inReplyTo=f"{base}/parent",
        quote=f"{base}/quoted",
        quoteAuthorization=f"{base}/stamp",
        replies=f"{base}/replies",
        likes=f"{base}/likes",
        shares=f"{base}/shares",
        context=f"{base}/context",
        attachment=[{"type": "Image", "mediaType": "image/png", "url": f"{base}/a.png"}],
        tag=[
            {"type": "Mention", "href": siege.alice.uri},
            {"type": "Mention", "href": person, "name": "@x"},
            {"type": "Emoji", "id": f"{base}/e", "name": ":x:", "icon": {"url": f"{base}/e.png"}},
            {"type": "Link", "rel": "https://misskey-hub.net/ns#_misskey_quote", "href": f"{base}/q"},
        ],
    )
    await plain.sends(plain.host.create(note))
    # A page of the attacker's own that names inner addresses in turn, and its handles.
    outside = f"https://{plain.host.host}"
    plain.host.documents["/page"] = Page(
        f'<html><head><title>x</title><meta property="og:image" content="{base}/og.png">'
        f'<link rel="alternate" type="application/json+oembed" href="{base}/oembed">'
        f'<meta name="fediverse:creator" content="@x@{base.partition("//")[2]}"></head></html>'
    )
    plain.host.documents["/alternate"] = Page(
        f'<link rel="alternate" type="application/activity+json" href="{base}/alternate">',
        headers={"Link": f'<{base}/linked>; rel="alternate"; type="application/activity+json"'},
    )
    plain.host.documents["/.well-known/host-meta"] = Page(
        f'<XRD><Link rel="lrdd" template="{base}/webfinger?{{uri}}"/></XRD>', "application/xrd+xml"
    )
    plain.host.documents["/.well-known/nodeinfo"] = {
        "links": [{"rel": "http://nodeinfo.diaspora.software/ns/schema/2.0", "href": f"{base}/nodeinfo"}]
    }
    linking = plain.host.note(
        plain.actor,
        f"linking{n}",
        content=f'<p><a href="{outside}/page">x</a></p>',
        to=[PUBLIC, siege.alice.uri],
        tag=[{"type": "Mention", "href": siege.alice.uri}],
    )
    await plain.sends(plain.host.create(linking))
    for query in (f"{outside}/alternate", f"@nobody@{plain.host.host}"):
        await siege.alice.call("GET", "/api/v2/search", params={"q": query, "resolve": "true"})
    await siege.alice.call(
        "PATCH",
        "/api/v1/accounts/update_credentials",
        json={"fields_attributes": [{"name": "me", "value": f"{base}/me"}]},
    )
    await siege.server.client.post("/visitors", data={"uri": siege.alice.uri, "handle": f"x@{base.partition('//')[2]}"})
    for kind, obj, more in (
        ("Announce", f"{base}/note", {"to": [PUBLIC]}),
        ("Create", f"{base}/note", {}),
        ("Update", f"{base}/note", {}),
        ("Move", plain.uri, {"target": person}),
        ("Add", f"{base}/note", {"target": f"{base}/featured"}),
        ("QuoteRequest", siege.alice.uri, {"instrument": f"{base}/note"}),
        ("Delete", f"{base}/note", {}),
        ("FeatureRequest", siege.alice.uri, {"instrument": f"{base}/collection"}),
        ("Update", f"{base}/collection", {}),
        ("Accept", f"{base}/x", {"result": f"{base}/stamp"}),
    ):
        await plain.says(kind, obj, **more)
    await plain.sends(
        {**plain.host.activity("Create", plain.actor, {"id": f"{base}/n", "type": "Note"}, "x"), "actor": person}
    )
    await plain.host.send(
        siege.server, plain.host.activity("Like", plain.actor, "x", f"k{n}"), plain.actor, key_id=f"{base}/key"
    )
    header = f'collectionId="{plain.actor["followers"]}", digest="{"0" * 64}", url="{base}/followers"'
    await plain.sends(
        plain.host.activity("Like", plain.actor, "x", f"s{n}"), extra={"Collection-Synchronization": header}
    )
    await siege.settle()
    for query in (f"{base}/page", person, f"@x@{base.partition('//')[2]}"):
        await siege.alice.call("GET", "/api/v2/search", params={"q": query, "resolve": "true"})
    await siege.alice.call(
        "POST", "/api/v1/statuses", json={"status": f"look {base}/page @x@{base.partition('//')[2]}"}
    )
    found = await siege.alice.get("/api/v2/search", q=plain.uri, resolve="true", type="accounts")
    for account in found["accounts"]:
        await siege.alice.call("POST", f"/api/v1/accounts/{account['id']}/follow")
        await siege.alice.call("GET", f"/api/v1/accounts/{account['id']}/statuses")
    await drain(siege.server)
    async with siege.server.db.transaction() as conn:
        await conn.execute("update jobs set run_at = now() where failed_at is null and holder is null")
    await drain(siege.server)
    assert {"/page", "/alternate", "/.well-known/host-meta", "/.well-known/nodeinfo"} <= set(plain.host.asked)


async def test_11_no_request_goes_to_an_inner_network(inner: tuple[Siege, Resolved, Inside]) -> None:
    siege, transport, inside = inner
    for name in ("mixed.test", "127.0.0.1"):
        await _everything_that_is_fetched(siege, f"https://{name}", f"https://{name}/users/mallory")
        assert inside.asked() == [], name
    for name in (*LITERALS, *NAMES):
        if name == "rebound.test":
            continue
        for base in (f"https://{name}", f"http://{name}"):
            siege.server.app.memory.pop("origins.failures", None)
            for query in (f"{base}/users/mallory", f"@mallory@{name}"):
                await siege.alice.call("GET", "/api/v2/search", params={"q": query, "resolve": "true"})
            assert inside.asked() == [], base
    assert {"loop.test", "mixed.test", "nat.test"} <= set(transport.judged)
    await siege.ready()
    await siege.lives()
    assert not await siege.count("select count(*) from accounts where uri ~ '^https?://(127|10|169|localhost)'")


async def test_11_no_redirect_leads_to_an_inner_network(inner: tuple[Siege, Resolved, Inside]) -> None:
    siege, _, inside = inner
    for number, target in enumerate(
        (
            "http://127.0.0.1/",
            "https://127.0.0.1/x",
            "https://loop.test/",
            "https://mixed.test/x",
            "//ten.test/",
            "https://[::1]/",
            "file:///etc/passwd",
            "http://puppet.test/users/pat",
            "https://puppet.test:22/",
            "gopher://loop.test/",
            "https://loop.test@meta.test/",
            "\\\\loop.test\\x",
        )
    ):
        host = f"evil{number}00.test"
        await _redirected(siege.server.network, host, target)
        if number < 2:
            await _everything_that_is_fetched(siege, f"https://{host}", f"https://{host}/users/mallory")
        for query in (f"https://{host}/users/mallory", f"@mallory@{host}"):
            await siege.alice.call("GET", "/api/v2/search", params={"q": query, "resolve": "true"})
        assert inside.asked() == [], target
    await siege.ready()
    await siege.lives()


async def test_11_a_name_that_changes_its_address_is_judged_each_time(inner: tuple[Siege, Resolved, Inside]) -> None:
    siege, _, inside = inner
    for _ in range(3):
        await siege.alice.call(
            "GET", "/api/v2/search", params={"q": "https://rebound.test/users/mallory", "resolve": "true"}
        )
        siege.server.app.memory.pop("origins.refusals", None)
    assert len(inside.asked()) <= 1


async def test_37_no_push_goes_to_an_inner_network(inner: tuple[Siege, Resolved, Inside]) -> None:
    siege, _, inside = inner
    device = Device(Service(siege.server.network))
    for base in [
        *(f"https://{name}" for name in NAMES if name != "rebound.test"),
        *(f"https://{name}" for name in LITERALS),
    ]:
        subscription: JSON = {**device.subscription(standard=True), "endpoint": f"{base}/push"}
        body = {"subscription": subscription, "data": {"alerts": {"mention": True, "follow": True}}}
        answer = await siege.alice.call("POST", "/api/v1/push/subscription", json=body)
        assert answer.status_code in (200, 422), base
        await siege.bob.posts("hello @alice")
        await drain(siege.server)
        assert inside.asked() == [], base
    await siege.ready()
    await siege.lives()
