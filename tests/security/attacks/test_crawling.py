"""One document that leads to the next, and the next, and the next (class 14)."""

import re
from typing import Any

import pytest

from tests.support.puppet import PUBLIC, Page, Puppet
from tests.support.siege import JSON, Siege, Villain, attacks

pytestmark = pytest.mark.anyio


class Maze(dict[str, Any]):
    """Documents of a host that knows an answer to everything."""

    def __init__(self, villain: Villain) -> None:
        super().__init__(villain.host.documents)
        self.host = f"https://{villain.host.host}"
        self.villain = villain
        villain.host.documents = self

    def get(self, path: str, default: Any = None) -> Any:
        found = super().get(path)
        if found is not None:
            return found
        kind, _, rest = path.removeprefix("/").partition("/")
        number = int(re.sub("[^0-9]", "", rest)[:9] or 0)
        uri, nearby = f"{self.host}{path}", f"{self.host}/{kind}/{number + 1}"
        match kind:
            case "notes":
                return self._note(uri, nearby)
            case "people":
                return self._person(uri, nearby, number)
            case "pages" | "tags" | "outbox" | "featured" | "replies" | "context" | "collections":
                return self._page(uri, nearby, kind, number)
            case ".well-known":
                return self._found(path)
            case _:
                return default

    def _note(self, uri: str, nearby: str) -> JSON:
        return {
            **self.villain.host.note(self.villain.actor, "any"),
            "id": uri,
            "attributedTo": self.villain.uri,
            "inReplyTo": nearby,
            "quote": f"{uri}0",
            "context": f"{self.host}/context/1",
            "replies": f"{self.host}/replies/1",
            "to": [PUBLIC],
            "tag": [{"type": "Mention", "href": f"{self.host}/people/{n}", "name": f"@x{n}"} for n in range(50)],
        }

    def _person(self, uri: str, nearby: str, number: int) -> JSON:
        return {
            **self.villain.actor,
            "id": uri,
            "preferredUsername": f"p{number}",
            "inbox": f"{uri}/inbox",
            "movedTo": nearby,
            "alsoKnownAs": [nearby, f"{self.host}/people/{max(0, number - 1)}"],
            "publicKey": [f"{self.host}/keys/{n}" for n in range(50)],
            "assertionMethod": [f"{self.host}/keys/{n}" for n in range(50)],
            "featured": f"{self.host}/featured/{number}",
            "featuredTags": f"{self.host}/tags/{number}",
            "featuredCollections": f"{self.host}/collections/{number}",
            "outbox": f"{self.host}/outbox/{number}",
        }

    def _page(self, uri: str, nearby: str, kind: str, number: int) -> JSON:
        item: Any = f"{self.host}/notes/{number * 1000}"
        if kind == "collections":
            people = [f"{self.host}/people/{n}" for n in range(300)]
            items = [{"type": "FeaturedItem", "id": f"{p}/item", "featuredObject": p} for p in people]
            item = {"type": "FeaturedCollection", "id": f"{uri}/c", "attributedTo": self.villain.uri, "items": items}
        return {
            "id": uri,
            "type": "OrderedCollectionPage" if number % 2 else "OrderedCollection",
            "totalItems": 10**9,
            "orderedItems": [item],
            "items": [item],
            "first": {"type": "OrderedCollectionPage", "items": [item], "next": nearby},
            "next": nearby,
        }

    def _found(self, path: str) -> Any:
        if "nodeinfo" in path:
            return {
                "links": [{"rel": "http://nodeinfo.diaspora.software/ns/schema/2.1", "href": f"{self.host}{path}x"}]
            }
        if "host-meta" in path:
            return Page(f'<XRD><Link rel="lrdd" template="{self.host}{path}x?{{uri}}"/></XRD>', "application/xrd+xml")
        other = f"{self.villain.host.host}"
        return {
            "subject": f"acct:y{len(self.villain.host.requests)}@{other}",
            "links": [{"rel": "self", "type": "application/activity+json", "href": f"{self.host}/people/7"}],
        }


async def _lost(siege: Siege, evil: Villain, what: str, *, most: int) -> None:
    """Not for ever."""
    await siege.settle()
    async with siege.server.db.transaction() as conn:
        await conn.execute("update jobs set run_at = now() where failed_at is null and holder is null")
    await siege.settle()
    assert len(evil.host.asked) <= most, f"{what}: {len(evil.host.asked)}"
    evil.host.requests.clear()


async def _a_maze_of_everything(siege: Siege) -> None:
    evil = siege.villain()
    maze = Maze(evil)
    featured, person = f"{maze.host}/featured/1", f"{maze.host}/people/1"
    evil.actor |= {
        "featured": featured,
        "featuredTags": f"{maze.host}/tags/1",
        "featuredCollections": f"{maze.host}/collections/1",
        "outbox": f"{maze.host}/outbox/1",
        "movedTo": person,
        "assertionMethod": [f"{maze.host}/keys/{n}" for n in range(50)],
    }
    await siege.follows(siege.bob, evil.host, evil.actor)
    # A profile and one thread.
    await _lost(siege, evil, "a new follow", most=500)
    # Posts that answer others without end are tried in test_fetching.
    for kind, obj, more in (
        ("Update", f"{maze.host}/notes/2000", {}),
        ("Move", evil.uri, {"target": person}),
        ("Update", evil.uri, {}),
        ("Add", f"{maze.host}/tags/5", {"target": f"{maze.host}/tags/1"}),
        ("FeatureRequest", siege.alice.uri, {"instrument": f"{maze.host}/collections/1/c"}),
    ):
        await evil.says(kind, obj, **more)
        await _lost(siege, evil, kind, most=60)


async def _two_who_take_the_same_name(siege: Siege) -> None:
    """WebFinger gives it now to the one, now to the other: they do not take it from each other for ever."""
    evil = siege.villain()
    first, second = evil.actor, evil.host.actor("other", preferredUsername="mallory", key=4)
    path = f"/.well-known/webfinger?resource=acct%3Amallory%40{evil.host.host}"
    answers = [
        {"links": [{"rel": "self", "type": "application/activity+json", "href": actor["id"]}]}
        for actor in (first, second)
    ]

    class Turning(dict[str, Any]):
        def get(self, asked: str, default: Any = None) -> Any:
            if asked == path:
                answers.reverse()
                return answers[0]
            return super().get(asked, default)

    evil.host.documents = Turning(evil.host.documents)
    for actor in (first, second) * 3:
        await siege.alice.get("/api/v2/search", q=actor["id"], resolve="true")
        await Villain(siege, evil.host, actor).says("Update", actor["id"])
        await siege.settle()
    assert len(evil.host.asked) <= 40


async def _names_that_lead_to_names(siege: Siege) -> None:
    """WebFinger of one domain names the next."""
    first = next(siege.numbers) * 1000
    hosts = [Puppet(siege.server.network, f"evil{first + n}.test") for n in range(30)]
    for number, host in enumerate(hosts):
        nearby = hosts[(number + 1) % len(hosts)]
        host.knows(f"x@{host.host}", f"https://{nearby.host}/users/x", subject=f"x@{nearby.host}")
        host.documents["/users/x"] = {**host.actor("x", known=False), "webfinger": f"x@{nearby.host}"}
    await siege.alice.get("/api/v2/search", q=f"@x@{hosts[0].host}", resolve="true")
    await siege.alice.get("/api/v2/search", q=f"https://{hosts[0].host}/users/x", resolve="true")
    await siege.mine(f"hello @x@{hosts[3].host}")
    assert sum(len(host.asked) for host in hosts) <= 40


async def _a_post_that_names_hundreds_of_servers(siege: Siege) -> None:
    evil = siege.villain()
    first = next(siege.numbers) * 1000
    hosts = [Puppet(siege.server.network, f"evil{first + n}.test") for n in range(120)]
    note = evil.host.note(
        evil.actor,
        "hundreds",
        content="".join(f'<a href="https://{host.host}/">@x@{host.host}</a>' for host in hosts),
        to=[PUBLIC, siege.alice.uri, *(f"https://{host.host}/users/x" for host in hosts)],
        cc=[f"https://{host.host}/users/x/followers" for host in hosts],
        audience=[f"https://{host.host}/users/g" for host in hosts],
        attributedTo=evil.uri,
        tag=[{"type": "Mention", "href": siege.alice.uri}]
        + [{"type": "Mention", "href": f"https://{host.host}/users/x", "name": f"@x@{host.host}"} for host in hosts],
        attachment=[{"type": "Image", "mediaType": "image/png", "url": f"https://{host.host}/x.png"} for host in hosts],
    )
    await evil.sends(evil.host.create(note))
    await siege.settle()
    assert sum(bool(host.requests) for host in hosts) <= 30


async def _followers_without_end(siege: Siege) -> None:
    """Who says whom of us it has for followers says it for ever."""
    evil = siege.villain()
    maze = Maze(evil)
    await siege.follows(siege.bob, evil.host, evil.actor)
    evil.host.requests.clear()
    evil.host.documents["/users/mallory/sync"] = {
        "id": f"{evil.uri}/sync",
        "type": "OrderedCollection",
        "orderedItems": [f"https://example.test/users/x{n}" for n in range(40_000)],
        "first": f"{maze.host}/pages/1",
        "next": f"{maze.host}/pages/1",
    }
    header = f'collectionId="{evil.actor["followers"]}", digest="{"0" * 64}", url="{evil.uri}/sync"'
    for number in range(10):
        await evil.sends(
            evil.host.activity("Like", evil.actor, "x", f"sync{number}"), extra={"Collection-Synchronization": header}
        )
    await _lost(siege, evil, "followers", most=5)


async def test_14_one_document_leads_to_the_next(siege: Siege) -> None:
    await siege.hold(
        attacks(
            _a_maze_of_everything,
            _two_who_take_the_same_name,
            _names_that_lead_to_names,
            _a_post_that_names_hundreds_of_servers,
            _followers_without_end,
        )
    )
