"""Verified links: a page that links back proves that it is its owner's."""

from typing import Any

import pytest

from fedi.services import links
from tests.support.puppet import Puppet
from tests.support.servers import Node, Person
from tests.support.websites import Website, later

pytestmark = pytest.mark.anyio


@pytest.fixture
def site(server: Node) -> Website:
    return Website(server.network, "me.test")


async def says(person: Person, *values: str) -> None:
    lines = [{"name": f"line {number}", "value": value} for number, value in enumerate(values)]
    await person.api("PATCH", "/api/v1/profile", json={"fields_attributes": lines})
    await later(person.node)


async def verified(person: Person) -> list[bool]:
    shown = await person.node.api("GET", f"/api/v1/accounts/{person.id}")
    return [field["verified_at"] is not None for field in shown["fields"]]


async def again(node: Node) -> None:
    """A week later."""
    async with node.db.transaction() as conn:
        await conn.execute("update accounts set links_checked_at = now() - interval '8 days' where is_local")
    await links.sweep(node.app)
    await later(node)


async def test_a_page_that_links_back_verifies_the_link(server: Node, site: Website) -> None:
    alice = await server.person("alice")
    profile = f"{server.base_url}/@alice"
    body = f'<p>hi <a rel="nofollow me" href="{profile}/">me</a>'
    for path, head, text in (
        ("/a", "", body),
        ("/link", f'<link rel="me" href="{profile}">', ""),
        ("/uri", f'<link rel="ME" href="{alice.uri}">', ""),
        ("/other", "", f'<a rel="me" href="{server.base_url}/@bob">bob</a>'),
        ("/plain", "", f'<a href="{profile}">no rel</a>'),
    ):
        site.page(path, head, text)
    await says(alice, site.url("/a"), site.url("/link"), site.url("/uri"), site.url("/other"))
    assert await verified(alice) == [True, True, True, False]
    await says(alice, f"see {site.url('/a')}", site.url("/plain"), "https://nobody.test/", site.url("/link"))
    assert await verified(alice) == [False, False, False, True]
    assert (await alice.get("/api/v1/profile"))["fields"][3]["verified_at"]
    assert (await alice.get("/api/v1/accounts/verify_credentials"))["source"]["fields"][3]["verified_at"]


async def test_an_unchanged_line_stays_verified_since_when_it_was(server: Node, site: Website) -> None:
    alice = await server.person("alice")
    url = site.page("/", f'<link rel=me href="{server.base_url}/@alice">')
    await says(alice, url)
    since = (await alice.get("/api/v1/profile"))["fields"][0]["verified_at"]
    await says(alice, "new", url)
    assert (await alice.get("/api/v1/profile"))["fields"][1]["verified_at"] == since


async def test_links_are_looked_at_again_and_silence_proves_nothing(server: Node, site: Website) -> None:
    alice = await server.person("alice")
    url = site.page("/", f'<link rel=me href="{server.base_url}/@alice">')
    await says(alice, url)
    asked = len(site.asked)
    await links.sweep(server.app)
    await later(server)
    assert len(site.asked) == asked, "not yet"
    server.network.down.add(site.host)
    await again(server)
    site.has("/", "busy", status=503)
    server.network.down.clear()
    await again(server)
    assert await verified(alice) == [True]
    site.page("/", "nothing any more")
    await again(server)
    assert await verified(alice) == [False]


@pytest.mark.parametrize(
    "value", ["http://127.0.0.1/", "https://169.254.169.254/latest", "https://me.test@127.0.0.1/", "https://me.test/to"]
)
async def test_no_link_makes_the_server_ask_itself(servers: Any, value: str) -> None:
    (server,) = await servers("example.test", allow_private_peers=False)
    site = Website(server.network, "me.test")
    site.has("/to", "", status=302, location="https://127.0.0.1/")
    alice = await server.person("alice")
    await says(alice, value)
    assert await verified(alice) == [False]
    assert {url for _, url in server.network.seen} <= {"https://me.test/to"}


async def test_a_long_page_is_read_as_far_as_it_may_be(server: Node, site: Website) -> None:
    alice = await server.person("alice")
    link = f'<link rel=me href="{server.base_url}/@alice">'
    await says(alice, site.page("/early", link, "x" * 5_000_000), site.page("/late", "", "x" * 5_000_000 + link))
    assert await verified(alice) == [True, False]


async def test_links_of_a_remote_account_are_looked_at_once_somebody_here_follows_it(
    server: Node, site: Website
) -> None:
    alice = await server.person("alice")
    far = Puppet(server.network, "far.test")
    url = site.page("/", '<link rel=me href="https://far.test/@mary">')
    shown = [
        f'<a href="{url}" rel="me nofollow"><span class="invisible">https://</span>me.test</a>',
        f'<a href="{url}">my bank</a>',
        f'see <a href="{url}">{url}</a>',
    ]
    fields = [{"type": "PropertyValue", "name": str(number), "value": value} for number, value in enumerate(shown)]
    mary = far.actor("mary", attachment=fields, manuallyApprovesFollowers=False)
    account = await alice.get("/api/v2/search", q="@mary@far.test", type="accounts", resolve="true")
    await later(server)
    assert site.asked == [], "many are known here, and few are anybody's concern"
    mary_id = account["accounts"][0]["id"]
    await alice.post(f"/api/v1/accounts/{mary_id}/follow")
    await later(server)
    follow = next(each for each in far.inbox if each["type"] == "Follow")
    await far.send(server, far.activity("Accept", mary, follow, "1"), mary)
    await later(server)

    async def verified_lines() -> list[bool]:
        account = await alice.get(f"/api/v1/accounts/{mary_id}")
        return [field["verified_at"] is not None for field in account["fields"]]

    assert await verified_lines() == [True, False, False]
    mary["summary"] = "changed"
    update = far.activity("Update", mary, mary, "2")
    assert (await far.send(server, update, mary)).status_code == 202
    await later(server)
    assert (await alice.get(f"/api/v1/accounts/{mary_id}"))["note"] == "changed"
    assert await verified_lines() == [True, False, False]
    site.page("/", "gone")
    async with server.db.transaction() as conn:
        await conn.execute("update accounts set links_checked_at = now() - interval '8 days'")
    await links.sweep(server.app)
    await later(server)
    assert await verified_lines() == [False, False, False]
