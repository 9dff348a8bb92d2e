"""Filters: in both versions of the API, and what they do to what is read."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fedi.effects.context import TOPIC
from fedi.services import filters as service
from tests.support.servers import Node, Person, queries

pytestmark = pytest.mark.anyio

V1, V2 = "/api/v1/filters", "/api/v2/filters"


async def make(person: Person, *words: str, **more: Any) -> Any:
    keywords = [{"keyword": word, "whole_word": True} for word in words]
    return await person.post(V2, {"title": "Mine", "context": ["home"], "keywords_attributes": keywords, **more})


async def found(person: Person, status: Any) -> list[str]:
    """Titles of the filters a status runs into."""
    return [each["filter"]["title"] for each in (await person.get(f"/api/v1/statuses/{status['id']}"))["filtered"]]


# ------------------------------------------------------------ groups


async def test_a_filter_is_made_with_its_keywords(server: Node) -> None:
    alice = await server.person("alice")
    made = await make(alice, "spam", "eggs", context=["home", "public", "home"], filter_action="hide", expires_in=3600)
    assert (made["title"], made["context"], made["filter_action"]) == ("Mine", ["home", "public"], "hide")
    assert [(each["keyword"], each["whole_word"]) for each in made["keywords"]] == [("spam", True), ("eggs", True)]
    ends = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < ends <= timedelta(hours=1)
    assert await alice.get(f"{V2}/{made['id']}") == made
    assert await alice.get(V2) == [made]


async def test_keywords_come_indexed_in_a_form(server: Node) -> None:
    alice = await server.person("alice")
    form = {
        "title": "Mine", "context[]": ["home", "thread"], "expires_in": "",
        "keywords_attributes[0][keyword]": "one", "keywords_attributes[0][whole_word]": "false",
        "keywords_attributes[1][keyword]": "two",
    }  # fmt: skip
    made = await alice.api("POST", V2, data=form)
    assert [(each["keyword"], each["whole_word"]) for each in made["keywords"]] == [("one", False), ("two", True)]
    assert made["expires_at"] is None


async def test_a_change_leaves_alone_what_it_does_not_name(server: Node) -> None:
    alice = await server.person("alice")
    made = await make(alice, "one", "two", expires_in=3600)
    path = f"{V2}/{made['id']}"
    for method, title in (("PUT", "First"), ("PATCH", "Second")):
        changed = await alice.api(method, path, json={"title": title})
        assert changed == {**made, "title": title}
    first, second = made["keywords"]
    words = [
        {"id": first["id"], "keyword": "uno", "whole_word": "false"}, {"id": second["id"], "_destroy": "1"},
        {"keyword": "three"},
    ]  # fmt: skip
    changed = await alice.api("PUT", path, json={"keywords_attributes": words, "expires_in": None})
    assert [(each["id"] == first["id"], each["keyword"], each["whole_word"]) for each in changed["keywords"]] == [
        (True, "uno", False), (False, "three", True),
    ]  # fmt: skip
    assert changed["expires_at"] is None
    assert await alice.get(V2) == [changed]


@pytest.mark.parametrize("nothing", [None, ""])
async def test_an_end_can_be_taken_back(server: Node, nothing: str | None) -> None:
    alice = await server.person("alice")
    made = await make(alice, "one", expires_in=3600)
    assert (await alice.api("PUT", f"{V2}/{made['id']}", json={"title": "x"}))["expires_at"] == made["expires_at"]
    assert (await alice.api("PUT", f"{V2}/{made['id']}", json={"expires_in": nothing}))["expires_at"] is None


async def test_a_deleted_filter_is_gone(server: Node) -> None:
    alice = await server.person("alice")
    made = await make(alice, "one")
    assert await alice.api("DELETE", f"{V2}/{made['id']}") == {}
    await alice.api("GET", f"{V2}/{made['id']}", status=404)
    assert await alice.get(V2) == await alice.get(V1) == []


@pytest.mark.parametrize(
    "wrong",
    [{"title": ""}, {"title": "x" * 257}, {"context": []}, {"context": ["nowhere"]}, {"filter_action": "burn"},
     {"keywords_attributes": [{"keyword": " "}]}, {"keywords_attributes": [{"keyword": "x" * 513}]}],
)  # fmt: skip
async def test_a_filter_that_cannot_be(server: Node, wrong: dict[str, Any]) -> None:
    alice = await server.person("alice")
    await alice.post(V2, {"title": "Mine", "context": ["home"], **wrong}, status=422)
    assert await alice.get(V2) == []


async def test_filters_and_keywords_are_limited(server: Node) -> None:
    alice = await server.person("alice")
    made = await make(alice, "one")
    many = [{"keyword": f"word{number}"} for number in range(service.MAX_KEYWORDS)]
    await alice.api("PUT", f"{V2}/{made['id']}", json={"keywords_attributes": many}, status=422)
    async with server.db.transaction() as conn:
        await conn.execute(
            "insert into filters (account_id, title, context) select $1, 'f', '{home}' from generate_series(2, $2)",
            alice.account_id, service.MAX_FILTERS,
        )  # fmt: skip
    await alice.post(V2, {"title": "one more", "context": ["home"]}, status=422)


async def test_nobody_sees_or_changes_the_filters_of_others(server: Node) -> None:
    alice, mallory = await server.person("alice"), await server.person("mallory")
    post = await mallory.posts("hello")
    made = await make(alice, "one")
    entry = await alice.api("POST", f"{V2}/{made['id']}/statuses", json={"status_id": post["id"]})
    keyword = made["keywords"][0]["id"]
    paths = [f"{V2}/{made['id']}", f"{V2}/keywords/{keyword}", f"{V2}/statuses/{entry['id']}", f"{V1}/{keyword}"]
    for path in paths:
        for method in ("GET", "DELETE", *(("PUT",) if "statuses" not in path else ())):
            await mallory.api(method, path, status=404)
    for part in ("keywords", "statuses"):
        await mallory.api("GET", f"{V2}/{made['id']}/{part}", status=404)
        body = {"keyword": "x", "status_id": post["id"]}
        await mallory.api("POST", f"{V2}/{made['id']}/{part}", json=body, status=404)
    hers = await make(mallory, "mine")
    stolen = {"keywords_attributes": [{"id": keyword, "_destroy": True}]}
    await mallory.api("PUT", f"{V2}/{hers['id']}", json=stolen, status=404)
    assert len((await alice.get(f"{V2}/{made['id']}"))["keywords"]) == 1


# ------------------------------------------------------------ keywords and posts one by one


async def test_keywords_one_by_one(server: Node) -> None:
    alice = await server.person("alice")
    path = f"{V2}/{(await make(alice))['id']}/keywords"
    made = await alice.api("POST", path, data={"keyword": "foo", "whole_word": "0"})
    assert (made["keyword"], made["whole_word"]) == ("foo", False)
    one = f"{V2}/keywords/{made['id']}"
    assert await alice.api("GET", one) == made
    assert await alice.api("GET", path) == [made]
    changed = await alice.api("PUT", one, json={"keyword": "bar"})
    assert changed == {**made, "keyword": "bar"}
    assert await alice.api("DELETE", one) == {}
    assert await alice.api("GET", path) == []


async def test_single_posts(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post, hidden = await bob.posts("hello"), await bob.posts("secret", visibility="private")
    path = f"{V2}/{(await make(alice))['id']}/statuses"
    made = await alice.api("POST", path, json={"status_id": post["id"]})
    assert made["status_id"] == post["id"]
    assert await alice.api("POST", path, json={"status_id": post["id"]}) == made
    await alice.api("POST", path, json={"status_id": hidden["id"]}, status=404)
    assert await alice.api("GET", path) == [made]
    assert await found(alice, post) == ["Mine"]
    assert await alice.api("GET", f"{V2}/statuses/{made['id']}") == made
    assert await alice.api("DELETE", f"{V2}/statuses/{made['id']}") == {}
    assert await found(alice, post) == []


# ------------------------------------------------------------ the old kind


async def test_old_clients_see_each_keyword_as_a_filter(server: Node) -> None:
    alice = await server.person("alice")
    made = await make(alice, "one", "two", filter_action="hide")
    old = await alice.get(V1)
    assert [(each["phrase"], each["whole_word"], each["irreversible"]) for each in old] == [
        ("one", True, True), ("two", True, True),
    ]  # fmt: skip
    assert [each["id"] for each in old] == [each["id"] for each in made["keywords"]]
    assert await alice.api("GET", f"{V1}/{old[1]['id']}") == old[1]


async def test_a_filter_of_an_old_client_is_one_of_the_new_kind(server: Node) -> None:
    alice = await server.person("alice")
    form = {"phrase": "spam", "context[]": ["home", "notifications"], "irreversible": "true", "expires_in": "60"}
    old = await alice.api("POST", V1, data=form)
    assert (old["phrase"], old["whole_word"], old["irreversible"]) == ("spam", False, True)
    (new,) = await alice.get(V2)
    assert (new["title"], new["context"], new["filter_action"]) == ("spam", ["home", "notifications"], "hide")
    change = {"phrase": "eggs", "context": ["public"], "irreversible": False, "whole_word": True, "expires_in": ""}
    changed = await alice.api("PUT", f"{V1}/{old['id']}", json=change)
    assert changed == {**old, "phrase": "eggs", "context": ["public"], "irreversible": False, "whole_word": True,
                       "expires_at": None}  # fmt: skip
    assert [each["keyword"] for each in (await alice.get(V2))[0]["keywords"]] == ["eggs"]
    assert await alice.api("DELETE", f"{V1}/{old['id']}") == {}
    assert await alice.get(V2) == []


async def test_old_clients_cannot_change_what_several_keywords_share(server: Node) -> None:
    alice = await server.person("alice")
    made = await make(alice, "one", "two")
    path = f"{V1}/{made['keywords'][0]['id']}"
    changed = await alice.api("PUT", path, json={"phrase": "uno", "context": ["home"]})
    assert changed["phrase"] == "uno"
    await alice.api("PUT", path, json={"phrase": "uno", "context": ["public"]}, status=422)
    assert await alice.api("DELETE", path) == {}
    (left,) = await alice.get(V2)
    assert [each["keyword"] for each in left["keywords"]] == ["two"]


# ------------------------------------------------------------ what follows


async def test_filters_are_found_at_once_and_only_for_their_owner(server: Node) -> None:
    alice, bob, carol = await server.person("alice"), await server.person("bob"), await server.person("carol")
    post = await bob.posts("I like spam a lot")
    assert await found(alice, post) == []
    made = await make(alice, "SPAM")
    assert await found(alice, post) == ["Mine"]
    assert await found(carol, post) == await found(bob, post) == []
    await alice.api("PUT", f"{V2}/{made['id']}", json={"expires_in": 0})
    assert await found(alice, post) == []


async def test_what_is_hidden_from_home_is_not_there(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    await alice.follow(bob)
    await server.drain()
    await bob.posts("I like spam")
    fine = await bob.posts("I like eggs")
    await server.drain()
    await make(alice, "spam", filter_action="hide")
    assert [each["id"] for each in await alice.home()] == [fine["id"]]


async def test_open_clients_are_told(server: Node) -> None:
    alice = await server.person("alice")
    await server.drain()
    heard: list[Any] = []
    server.app.bus.subscribe(TOPIC, heard.append)
    made = await make(alice, "one")
    await server.drain()
    await alice.api("DELETE", f"{V2}/{made['id']}")
    await server.drain()
    assert [(list(each[0]), each[1]) for each in heard] == [([f"user:{alice.id}"], "filters_changed")] * 2


async def test_the_lists_cost_few_queries(server: Node) -> None:
    alice = await server.person("alice")
    for _ in range(4):
        await make(alice, "one", "two")
    for path in (V1, V2):
        with queries(at_most=4):  # one of them finds out who asks
            await alice.get(path)
