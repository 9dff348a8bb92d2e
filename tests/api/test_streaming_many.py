"""One post at many listeners: loaded for all of them at once, each gets what REST would show them and nothing else."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from fedi import entities
from fedi.effects.context import TOPIC
from fedi.services import announcements
from fedi.streaming import hub
from tests.support import live
from tests.support.live import Live
from tests.support.servers import Node, Person, drain, queries

pytestmark = pytest.mark.anyio

JSON = dict[str, Any]
# What a viewer has done to the author, whose last two posts are a poll and a quote.
Deed = Callable[[Person, Person, JSON, JSON], Awaitable[Any]]


@pytest.fixture
async def address(server: Node) -> AsyncIterator[str]:
    async with live.listening(server) as url:
        yield url


def _filters(context: str, action: str, keyword: str) -> Deed:
    async def made(viewer: Person, _author: Person, _poll: JSON, _quoting: JSON) -> None:
        keywords = [{"keyword": keyword, "whole_word": True}]
        body = {"title": keyword, "context": [context], "filter_action": action, "keywords_attributes": keywords}
        await viewer.post("/api/v2/filters", body)

    return made


def _marks(verb: str) -> Deed:
    return lambda viewer, _author, _poll, quoting: viewer.post(f"/api/v1/statuses/{quoting['id']}/{verb}")


def _treats(verb: str) -> Deed:
    return lambda viewer, author, _poll, _quoting: viewer.post(f"/api/v1/accounts/{author.id}/{verb}")


def _is_treated(verb: str) -> Deed:
    return lambda viewer, author, _poll, _quoting: author.post(f"/api/v1/accounts/{viewer.id}/{verb}")


async def _votes(viewer: Person, _author: Person, poll: JSON, _quoting: JSON) -> None:
    await viewer.post(f"/api/v1/polls/{poll['poll']['id']}/votes", {"choices": [1]})


async def _filters_the_post(viewer: Person, _author: Person, poll: JSON, _quoting: JSON) -> None:
    made = await viewer.post("/api/v2/filters", {"title": "this", "context": ["public"], "filter_action": "warn"})
    await viewer.post(f"/api/v2/filters/{made['id']}/statuses", {"status_id": poll["id"]})


async def _avoids_the_quoted(viewer: Person, _author: Person, _poll: JSON, quoting: JSON) -> None:
    await viewer.post(f"/api/v1/accounts/{quoting['quote']['quoted_status']['account']['id']}/mute")


async def _does_nothing(_viewer: Person, _author: Person, _poll: JSON, _quoting: JSON) -> None:
    pass


DEEDS: dict[str, Deed] = {
    "plain": _does_nothing,
    "follower": _treats("follow"),
    "followed": _is_treated("follow"),
    "fan": _marks("favourite"),
    "keeper": _marks("bookmark"),
    "booster": _marks("reblog"),
    "silencer": _marks("mute"),
    "voter": _votes,
    "warned": _filters("public", "warn", "tea"),
    "other": _filters("public", "warn", "coffee"),
    "hider": _filters("home", "hide", "tea"),
    "picky": _filters_the_post,
    "avoiding": _avoids_the_quoted,
    "muting": _treats("mute"),
    "blocking": _treats("block"),
    "blocked": _is_treated("block"),
}
UNTOLD = {"muting", "blocking", "blocked"}


async def _scene(server: Node) -> tuple[list[JSON], dict[str, Person]]:
    """The posts of an author, and who listens: all that have done something, and the author."""
    author, quoted = await server.person("author"), await server.person("quoted")
    said = await quoted.posts("said before", quote_approval_policy="public")
    ballot = {"options": ["green", "black"], "expires_in": 3600}
    poll = await author.posts("tea?", poll=ballot, quote_approval_policy="followers")
    quoting = await author.posts("no tea", quoted_status_id=said["id"], quote_approval_policy="followers")
    await drain(server)
    viewers = {name: await server.person(name) for name in DEEDS}
    for name, viewer in viewers.items():
        await DEEDS[name](viewer, author, poll, quoting)
    await drain(server)
    return [poll, quoting], {**viewers, "author": author}


async def test_each_of_many_listeners_gets_what_rest_shows_them(
    server: Node, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "GROUP", 5)
    posts, viewers = await _scene(server)
    async with contextlib.AsyncExitStack() as stack:
        heard: dict[str, Live] = {
            name: await stack.enter_async_context(live.socket(viewer, "public", "user", base_url=address))
            for name, viewer in viewers.items()
        }
        channels = ["public", *(f"user:{viewer.id}" for viewer in viewers.values())]
        for post in posts:
            server.app.memory.pop("fedi.entities.bundle", None)
            server.app.bus.publish(TOPIC, [channels, "status.update", int(post["id"])])
            answers = {}
            for name, viewer in viewers.items():
                shown = await viewer.api(
                    "GET", f"/api/v1/statuses/{post['id']}", status=404 if name == "blocked" else 200
                )
                answers[name] = str({**shown, "account": None})
                said = {message["stream"][0]: message["payload"] for message in await heard[name].quiet(seconds=0.2)}
                assert ("public" in said) == (name not in UNTOLD), name
                assert ("user" in said) == (name not in ("hider", "blocked")), name
                for stream, payload in said.items():
                    assert payload == shown, (name, stream)
            assert len(set(answers.values())) > 6, "it makes a difference who reads"


async def test_many_cost_no_more_queries_than_few(server: Node) -> None:
    posts, viewers = await _scene(server)
    everybody = [viewer.account_id for viewer in viewers.values()]
    wanted = entities.Wanted(status_ids=[int(post["id"]) for post in posts], filter_context="public", unmuted=True)
    for account_ids in (everybody[:2], everybody):
        server.app.memory.pop("fedi.entities.bundle", None)
        with queries(at_most=6) as log:
            async with server.db.read() as conn:
                await entities.load_each(server.app, conn, account_ids, wanted)
        assert len(log) >= 5


async def test_what_cannot_be_loaded_for_one_is_loaded_for_the_others(server: Node, address: str) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    async with server.db.transaction() as conn:  # as an old release or a bad restore may have left it
        filter_id = await conn.fetchval(
            "insert into filters (account_id, title, context) values ($1, 'x', '{home}') returning id", bob.account_id
        )
        await conn.execute("insert into filter_keywords (filter_id, keyword) values ($1, '')", filter_id)
    async with (
        live.socket(alice, "public", base_url=address) as one,
        live.socket(bob, "public", base_url=address) as two,
    ):
        post = await (await server.person("carol")).posts("hello")
        await drain(server)
        assert (await one.event("update"))["id"] == post["id"]
        assert await two.quiet() == []


async def test_an_announcement_is_told_to_each_as_rest_shows_it(server: Node, address: str) -> None:
    alice, bob, carol = [await server.person(name) for name in ("alice", "bob", "carol")]
    announcement_id = await announcements.create(server.app, "hello #everybody")
    await alice.api("PUT", f"/api/v1/announcements/{announcement_id}/reactions/👍")
    await bob.api("PUT", f"/api/v1/announcements/{announcement_id}/reactions/👍")
    await carol.post(f"/api/v1/announcements/{announcement_id}/dismiss")
    await drain(server)
    async with contextlib.AsyncExitStack() as stack:
        heard = [
            (each, await stack.enter_async_context(live.socket(each, "user", base_url=address)))
            for each in (alice, bob, carol)
        ]
        server.app.bus.publish(TOPIC, [[f"user:{each.id}" for each, _ in heard], "announcement", announcement_id])
        for each, socket in heard:
            [shown] = await each.get("/api/v1/announcements", with_dismissed=True)
            assert await socket.event("announcement") == shown
