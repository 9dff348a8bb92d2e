"""Polls: voting, counting, hiding and closing, here and across servers."""

import asyncio
from typing import Any

import pytest

from fedi.services import polls
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio


async def ask(person: Person, *options: str, **more: Any) -> Any:
    return await person.posts("which?", poll={"options": list(options or ("a", "b", "c")), "expires_in": 600, **more})


async def vote(person: Person, poll: Any, *choices: int, status: int = 200) -> Any:
    return await person.post(f"/api/v1/polls/{poll['id']}/votes", {"choices": list(choices)}, status=status)


def counts(poll: Any) -> list[int | None]:
    return [option["votes_count"] for option in poll["options"]]


async def end(server: Node) -> None:
    async with server.db.transaction() as conn:
        await conn.execute("update polls set expires_at = now() - interval '1 second'")


async def test_a_poll_is_asked_and_voted_on(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await ask(alice, " yes ", "no", "")
    poll = post["poll"]
    assert [option["title"] for option in poll["options"]] == ["yes", "no"]
    assert (poll["expired"], poll["multiple"], poll["votes_count"], poll["voters_count"]) == (False, False, 0, 0)
    assert (poll["voted"], poll["own_votes"]) == (True, [])
    voted = await vote(bob, poll, 1)
    assert (counts(voted), voted["votes_count"], voted["voters_count"]) == ([0, 1], 1, 1)
    assert (voted["voted"], voted["own_votes"]) == (True, [1])
    seen = await server.api("GET", f"/api/v1/polls/{poll['id']}")
    assert counts(seen) == [0, 1]
    assert "voted" not in seen


async def test_votes_may_come_as_a_form_of_strings(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    poll = (await ask(alice, multiple=True))["poll"]
    voted = await bob.api("POST", f"/api/v1/polls/{poll['id']}/votes", data={"choices[]": ["2", "0"]})
    assert voted["own_votes"] == [0, 2]


@pytest.mark.parametrize("choices", [[], [3], [-1], [0, 1], [10**18]])
async def test_a_vote_that_cannot_be_is_refused(server: Node, choices: list[int]) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    poll = (await ask(alice))["poll"]
    assert "Validation failed" in (await vote(bob, poll, *choices, status=422))["error"]
    assert counts(await bob.get(f"/api/v1/polls/{poll['id']}")) == [0, 0, 0]


async def test_one_votes_once_even_at_once(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    poll = (await ask(alice))["poll"]
    path = f"/api/v1/polls/{poll['id']}/votes"
    codes = await asyncio.gather(*(bob.call("POST", path, json={"choices": [choice % 3]}) for choice in range(5)))
    assert sorted(each.status_code for each in codes) == [200, 422, 422, 422, 422]
    after = await bob.get(f"/api/v1/polls/{poll['id']}")
    assert (sum(count or 0 for count in counts(after)), after["voters_count"]) == (1, 1)


async def test_votes_at_once_are_all_counted(server: Node) -> None:
    alice = await server.person("alice")
    voters = [await server.person(f"voter{number}") for number in range(6)]
    poll = (await ask(alice, multiple=True))["poll"]
    await asyncio.gather(*(vote(each, poll, number % 3, (number + 1) % 3) for number, each in enumerate(voters)))
    after = await alice.get(f"/api/v1/polls/{poll['id']}")
    assert (counts(after), after["votes_count"], after["voters_count"]) == ([4, 4, 4], 12, 6)


async def test_more_may_be_chosen_later_of_many_but_nothing_twice(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    poll = (await ask(alice, multiple=True))["poll"]
    await vote(bob, poll, 0)
    await vote(bob, poll, 0, 2, status=422)
    assert (await vote(bob, poll, 2))["own_votes"] == [0, 2]
    assert (await alice.get(f"/api/v1/polls/{poll['id']}"))["voters_count"] == 1


async def test_nobody_votes_in_their_own_poll_or_in_one_they_may_not_see(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    await vote(alice, (await ask(alice))["poll"], 0, status=422)
    private = await alice.posts("x", visibility="private", poll={"options": ["a", "b"], "expires_in": 600})
    await vote(bob, private["poll"], 0, status=404)
    await bob.api("GET", f"/api/v1/polls/{private['poll']['id']}", status=404)
    for wrong in ("1", "x"):
        await bob.api("GET", f"/api/v1/polls/{wrong}", status=404)
        await vote(bob, {"id": wrong}, 0, status=404)


async def test_hidden_totals_are_shown_when_it_is_over(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    poll = (await ask(alice, hide_totals=True))["poll"]
    assert counts(await vote(bob, poll, 1)) == [None, None, None]
    await end(server)
    after = await bob.get(f"/api/v1/polls/{poll['id']}")
    assert (after["expired"], counts(after)) == (True, [0, 1, 0])
    eve = await server.person("eve")
    assert "ended" in (await vote(eve, poll, 0, status=422))["error"]


async def test_a_poll_closes_once_and_its_people_are_told(server: Node) -> None:
    alice, bob, eve = [await server.person(name) for name in ("alice", "bob", "eve")]
    poll = (await ask(alice))["poll"]
    await vote(bob, poll, 1)
    await polls.sweep(server.app)
    await end(server)
    await vote(eve, poll, 1, status=422)
    await polls.sweep(server.app)
    await polls.sweep(server.app)
    await drain(server)
    for person, told in ((alice, 1), (bob, 1), (eve, 0)):
        kinds = [each["type"] for each in await person.notifications()]
        assert kinds.count("poll") == told, person.username


async def test_an_edited_poll_starts_again_only_if_it_asks_something_else(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await ask(alice)
    await vote(bob, post["poll"], 1)
    path = f"/api/v1/statuses/{post['id']}"

    async def edit(*options: str, **more: Any) -> Any:
        poll = {"options": list(options), "expires_in": 900, **more}
        return await alice.api("PUT", path, json={"status": "which?", "poll": poll})

    longer = await edit("a", "b", "c")
    assert (counts(longer["poll"]), longer["edited_at"], longer["poll"]["id"]) == ([0, 1, 0], None, post["poll"]["id"])
    assert longer["poll"]["expires_at"] > post["poll"]["expires_at"]
    other = await edit("a", "b", "d")
    assert (counts(other["poll"]), other["poll"]["voters_count"]) == ([0, 0, 0], 0)
    assert other["edited_at"] is not None
    assert (await vote(bob, other["poll"], 0))["own_votes"] == [0]
    gone = await alice.api("PUT", path, json={"status": "which?"})
    assert gone["poll"] is None
    history = await alice.get(f"{path}/history")
    titles = [[option["title"] for option in each.get("poll", {"options": []})["options"]] for each in history]
    assert titles == [["a", "b", "c"], ["a", "b", "d"], []]


async def test_a_vote_reaches_the_poll_of_another_server(servers: Any) -> None:
    a, b = await servers("a.test", "b.test")
    alice, bob = await a.person("alice"), await b.person("bob")
    post = await ask(alice, multiple=True)
    seen = await bob.sees(post["uri"])
    voted = await vote(bob, seen["poll"], 0, 2)
    assert (counts(voted), voted["own_votes"]) == ([1, 0, 1], [0, 2])
    await drain(a, b)
    after = await alice.get(f"/api/v1/polls/{post['poll']['id']}")
    assert (counts(after), after["voters_count"]) == ([1, 0, 1], 1)
