"""Quotes: who may quote what, what a reader is shown of it, and how the quoted take themselves out again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fedi.services import scheduling
from tests.support import factories
from tests.support.servers import Node, Person, drain, queries

pytestmark = pytest.mark.anyio

STATUSES = "/api/v1/statuses"


async def quote(person: Person, post: Any, text: str = "look at this", **more: Any) -> Any:
    return await person.posts(text, quoted_status_id=post["id"], **more)


async def shown(person: Person, post: Any) -> Any:
    return await person.get(f"{STATUSES}/{post['id']}")


async def state(person: Person, quoting: Any) -> str:
    found: str = (await shown(person, quoting))["quote"]["state"]
    return found


async def told(person: Person, kind: str) -> list[str]:
    return [each["status"]["id"] for each in await person.get("/api/v1/notifications", **{"types[]": kind})]


async def pair(server: Node) -> tuple[Person, Person]:
    return await server.person("alice"), await server.person("bob")


# ------------------------------------------------------------ what a quote is


async def test_a_quote_shows_the_post_counts_and_tells_its_author(server: Node) -> None:
    alice, bob = await pair(server)
    post = await alice.posts("quote me")
    quoting = await quote(bob, post)
    assert (quoting["quote"]["state"], quoting["quote"]["quoted_status"]["content"]) == (
        "accepted", "<p>quote me</p>",
    )  # fmt: skip
    await drain(server)
    assert (await shown(alice, post))["quotes_count"] == 1
    assert await told(alice, "quote") == [quoting["id"]]
    assert await told(bob, "quote") == []
    anonymous = await server.api("GET", f"{STATUSES}/{quoting['id']}")
    assert anonymous["quote"]["quoted_status"]["id"] == post["id"]


async def test_the_history_shows_what_each_state_quoted_as_far_as_the_reader_may_see_it(server: Node) -> None:
    alice, bob = await pair(server)
    post = await alice.posts("quote me")
    quoting = await quote(bob, post)
    await bob.api("PUT", f"{STATUSES}/{quoting['id']}", json={"status": "look again"})
    path = f"{STATUSES}/{quoting['id']}/history"
    for each in await bob.get(path):
        assert (each["quote"]["state"], each["quote"]["quoted_status"]["id"]) == ("accepted", post["id"])
    await alice.post(f"{STATUSES}/{post['id']}/quotes/{quoting['id']}/revoke")
    for each in await bob.get(path):
        assert (each["quote"]["state"], each["quote"]["quoted_status"]) == ("revoked", None)
    plain = await bob.posts("quotes nothing")
    assert all("quote" not in each for each in await bob.get(f"{STATUSES}/{plain['id']}/history"))
    async with server.db.transaction() as conn:  # as when an edit elsewhere has exchanged the quote
        await conn.execute("update status_edits set quoted_uri = 'https://b.test/other'")
    former, _present = await bob.get(path)
    assert former["quote"] == {"state": "pending", "quoted_status": None}


async def test_the_line_for_clients_without_quotes_stands_first_unless_the_text_has_the_link(server: Node) -> None:
    alice, bob = await pair(server)
    post = await alice.posts("quote me")
    quoting = await quote(bob, post)
    head, _, rest = quoting["content"].partition("</a></p>")
    assert head.startswith(f'<p class="quote-inline">RE: <a href="{post["url"]}" ')
    assert rest == "<p>look at this</p>"
    linking = await quote(bob, post, f"look: {post['url']}")
    assert "quote-inline" not in linking["content"]
    source = await bob.get(f"{STATUSES}/{quoting['id']}/source")
    assert source["text"] == "look at this"


async def test_a_quote_needs_no_words(server: Node) -> None:
    alice, bob = await pair(server)
    post = await alice.posts("quote me")
    assert (await quote(bob, post, ""))["quote"]["state"] == "accepted"
    await bob.post(STATUSES, {"status": ""}, status=422)


async def test_a_boost_is_quoted_as_what_it_boosts_and_shows_a_quote_inside_only(server: Node) -> None:
    alice, bob = await pair(server)
    post = await alice.posts("quote me")
    boost = await bob.post(f"{STATUSES}/{post['id']}/reblog")
    quoting = await quote(bob, boost)
    assert quoting["quote"]["quoted_status"]["id"] == post["id"]
    boost = await alice.post(f"{STATUSES}/{quoting['id']}/reblog")
    assert boost["quote"] is None
    assert boost["reblog"]["quote"]["quoted_status"]["id"] == post["id"]


async def test_a_quote_in_a_quote_is_named_only(server: Node) -> None:
    alice, bob = await pair(server)
    post = await alice.posts("first")
    second = await quote(bob, post, "second")
    third = await quote(alice, second, "third")
    assert third["quote"]["quoted_status"]["quote"] == {"state": "accepted", "quoted_status_id": post["id"]}


async def test_an_edit_keeps_the_quote_and_tells_those_who_quoted(server: Node) -> None:
    alice, bob = await pair(server)
    post = await alice.posts("quote me")
    quoting = await quote(bob, post)
    await drain(server)
    edited = await bob.api("PUT", f"{STATUSES}/{quoting['id']}", json={"status": "look again"})
    assert edited["quote"]["quoted_status"]["id"] == post["id"]
    assert edited["content"].startswith('<p class="quote-inline">')
    assert edited["content"].endswith("<p>look again</p>")
    for text in ("quote me not", "quote me anyway"):
        await alice.api("PUT", f"{STATUSES}/{post['id']}", json={"status": text})
        await drain(server)
        assert await told(bob, "quoted_update") == [quoting["id"]]
    assert await told(alice, "quoted_update") == []


async def test_a_quote_outlives_what_it_quoted_and_is_not_counted_when_it_is_gone_itself(server: Node) -> None:
    alice, bob = await pair(server)
    post = await alice.posts("quote me")
    first, second = await quote(bob, post), await quote(bob, post, "again")
    await bob.api("DELETE", f"{STATUSES}/{first['id']}")
    assert (await shown(alice, post))["quotes_count"] == 1
    await drain(server)
    assert await told(alice, "quote") == [second["id"]]
    await alice.api("DELETE", f"{STATUSES}/{post['id']}")
    assert (await shown(bob, second))["quote"] == {"state": "deleted", "quoted_status": None}
    edited = await bob.api("PUT", f"{STATUSES}/{second['id']}", json={"status": "it was there"})
    assert post["uri"] in edited["content"]


async def test_a_deleted_quote_comes_back_with_what_it_quoted_to_be_written_again(server: Node) -> None:
    alice, bob = await pair(server)
    inner = await alice.posts("innermost")
    post = await quote(alice, inner, "quote me")
    quoting = await quote(bob, post)
    await alice.post(f"{STATUSES}/{post['id']}/quotes/{quoting['id']}/revoke")
    gone = await bob.api("DELETE", f"{STATUSES}/{quoting['id']}", strict=False)
    assert (gone["text"], gone["quote"]["state"]) == ("look at this", "revoked")
    assert gone["quote"]["quoted_status"]["id"] == post["id"]
    assert gone["quote"]["quoted_status"]["quote"] == {"state": "accepted", "quoted_status_id": inner["id"]}


async def test_a_scheduled_post_quotes_when_its_time_comes(server: Node) -> None:
    alice, bob = await pair(server)
    post = await alice.posts("quote me")
    at = (datetime.now(UTC) + timedelta(minutes=10)).isoformat()
    body = {"status": "later", "quoted_status_id": post["id"], "quote_approval_policy": "nobody", "scheduled_at": at}
    waiting = await bob.post(STATUSES, body)
    params = waiting["params"]
    assert (params["quoted_status_id"], params["quote_approval_policy"]) == (post["id"], "nobody")
    async with server.db.transaction() as conn:
        await conn.execute("update scheduled_statuses set scheduled_at = now() - interval '1 second'")
    await scheduling.sweep(server.app)
    await drain(server)
    [quoting] = await alice.get(f"{STATUSES}/{post['id']}/quotes")
    assert quoting["content"].endswith("<p>later</p>")
    assert quoting["quote_approval"]["automatic"] == []
    await bob.post(STATUSES, {**body, "quoted_status_id": "1"}, status=404)


# ------------------------------------------------------------ who may


async def test_the_policy_says_who_may_quote_and_everybody_is_told_what_holds_for_them(server: Node) -> None:
    alice, bob = await pair(server)
    fan = await server.person("fan")
    await fan.follow(alice)
    wanted = {
        "public": {"alice": "automatic", "bob": "automatic", "fan": "automatic"},
        "followers": {"alice": "automatic", "bob": "denied", "fan": "automatic"},
        "nobody": {"alice": "automatic", "bob": "denied", "fan": "denied"},
    }
    for policy, verdicts in wanted.items():
        post = await alice.posts("quote me", quote_approval_policy=policy)
        for person in (alice, bob, fan):
            approval = (await shown(person, post))["quote_approval"]
            assert approval["current_user"] == verdicts[person.username], (policy, person.username)
            allowed = verdicts[person.username] == "automatic"
            answer = await person.call("POST", STATUSES, json={"status": "x", "quoted_status_id": post["id"]})
            assert answer.status_code == (200 if allowed else 422), (policy, person.username)
        anonymous = await server.api("GET", f"{STATUSES}/{post['id']}")
        assert anonymous["quote_approval"]["current_user"] == "denied"


async def test_a_private_post_is_quoted_by_its_author_only_and_privately(server: Node) -> None:
    alice, fan = await pair(server)
    await fan.follow(alice)
    post = await alice.posts("among us", visibility="private", quote_approval_policy="public")
    assert post["quote_approval"]["automatic"] == []
    await fan.post(STATUSES, {"status": "x", "quoted_status_id": post["id"]}, status=422)
    assert (await quote(alice, post, visibility="public"))["visibility"] == "private"
    assert (await quote(alice, post, visibility="direct"))["visibility"] == "direct"
    stranger = await server.person("stranger")
    await stranger.post(STATUSES, {"status": "x", "quoted_status_id": post["id"]}, status=404)


async def test_a_private_mention_is_quoted_by_nobody_and_quotes_only_whom_it_mentions(server: Node) -> None:
    alice, bob = await pair(server)
    secret = await alice.posts("@bob psst", visibility="direct")
    for person in (alice, bob):
        await person.post(STATUSES, {"status": "x", "quoted_status_id": secret["id"]}, status=422)
    post = await alice.posts("quote me")
    behind = {"status": "@carol look", "quoted_status_id": post["id"], "visibility": "direct"}
    await server.person("carol")
    await bob.post(STATUSES, behind, status=422)
    assert (await quote(bob, post, "@alice look", visibility="direct"))["quote"]["state"] == "accepted"


@pytest.mark.parametrize("wrong", ["0", "x", "99999999999999999999999", "-1"])
async def test_nothing_can_be_quoted_that_does_not_exist(server: Node, wrong: str) -> None:
    alice = await server.person("alice")
    await alice.post(STATUSES, {"status": "x", "quoted_status_id": wrong}, status=404)
    assert await alice.home() == []


async def test_nobody_quotes_whoever_blocked_them(server: Node) -> None:
    alice, bob = await pair(server)
    post = await alice.posts("quote me")
    await alice.post(f"/api/v1/accounts/{bob.id}/block")
    await bob.post(STATUSES, {"status": "x", "quoted_status_id": post["id"]}, status=404)


async def test_the_policy_of_a_post_changes_without_an_edit(server: Node) -> None:
    alice, bob = await pair(server)
    post = await alice.posts("quote me")
    path = f"{STATUSES}/{post['id']}/interaction_policy"
    changed = await alice.api("PUT", path, json={"quote_approval_policy": "nobody"})
    assert (changed["quote_approval"]["automatic"], changed["edited_at"]) == ([], None)
    await bob.post(STATUSES, {"status": "x", "quoted_status_id": post["id"]}, status=422)
    await bob.api("PUT", path, json={"quote_approval_policy": "public"}, status=404)
    await alice.api("PUT", path, json={"quote_approval_policy": "friends"}, status=422)
    edited = await alice.api("PUT", f"{STATUSES}/{post['id']}", json={"status": "edited"})
    assert edited["quote_approval"]["automatic"] == []
    body = {"status": "edited", "quote_approval_policy": "followers"}
    edited = await alice.api("PUT", f"{STATUSES}/{post['id']}", json=body)
    assert edited["quote_approval"]["automatic"] == ["followers"]


async def test_posts_take_the_policy_of_their_author(server: Node) -> None:
    alice, _ = await pair(server)
    assert (await alice.posts("one"))["quote_approval"]["automatic"] == ["public"]
    await alice.api("PATCH", "/api/v1/accounts/update_credentials", json={"source": {"quote_policy": "nobody"}})
    assert (await alice.posts("two"))["quote_approval"]["automatic"] == []
    body = {"source": {"quote_policy": "friends"}}
    await alice.api("PATCH", "/api/v1/accounts/update_credentials", json=body, status=422)


# ------------------------------------------------------------ taking it back


async def test_the_quoted_take_themselves_out(server: Node) -> None:
    alice, bob = await pair(server)
    post, other = await alice.posts("quote me"), await alice.posts("not me")
    quoting = await quote(bob, post)
    await drain(server)
    path = f"{STATUSES}/{post['id']}/quotes/{quoting['id']}/revoke"
    await bob.post(path, status=404)
    await alice.post(f"{STATUSES}/{other['id']}/quotes/{quoting['id']}/revoke", status=404)
    await alice.post(f"{STATUSES}/{post['id']}/quotes/{other['id']}/revoke", status=404)
    for _twice in range(2):
        assert (await alice.post(path))["quote"] == {"state": "revoked", "quoted_status": None}
    await drain(server)
    assert await state(bob, quoting) == "revoked"
    assert (await shown(alice, post))["quotes_count"] == 0
    assert await told(alice, "quote") == []
    assert await alice.get(f"{STATUSES}/{post['id']}/quotes") == []


@pytest.mark.parametrize("visibility", ["public", "private"])
async def test_the_quoted_take_themselves_out_of_what_they_may_not_read_any_more(server: Node, visibility: str) -> None:
    alice, bob = await pair(server)
    carol = await server.person("carol")
    await alice.follow(bob)
    await carol.follow(bob)
    await drain(server)
    post = await alice.posts("quote me")
    quoting = await quote(bob, post, visibility=visibility)
    unquoting = await bob.posts("nothing", visibility=visibility)
    await drain(server)
    assert (await shown(alice, quoting))["quote"]["state"] == "accepted"
    await bob.post(f"/api/v1/accounts/{alice.id}/block")
    await drain(server)
    await alice.api("GET", f"{STATUSES}/{quoting['id']}", status=404)
    path = f"{STATUSES}/{post['id']}/quotes/{{}}/revoke"
    await alice.post(path.format(unquoting["id"]), status=404)
    await carol.post(path.format(quoting["id"]), status=404)
    assert (await alice.post(path.format(quoting["id"])))["id"] == post["id"]
    await drain(server)
    assert await state(carol, quoting) == "revoked"


@pytest.mark.parametrize(
    ("method", "path", "scopes"),
    [
        ("POST", "quotes/{}/revoke", "read push write:favourites"),
        ("PUT", "interaction_policy", "read push write:favourites"),
        ("GET", "quotes", "write read:accounts"),
    ],
)
async def test_scopes(server: Node, method: str, path: str, scopes: str) -> None:
    alice = await server.person("alice")
    post = await alice.posts("quote me")
    quoting = await quote(alice, post)
    limited = await server.person("limited", scopes=scopes)
    await limited.api(method, f"{STATUSES}/{post['id']}/{path.format(quoting['id'])}", status=403)
    response = await server.client.request(method, f"{STATUSES}/{post['id']}/{path.format(quoting['id'])}")
    assert response.status_code == 401


# ------------------------------------------------------------ what a reader is shown


async def test_a_reader_is_not_shown_what_they_may_not_read(server: Node) -> None:
    alice, bob = await pair(server)
    carol = await server.person("carol")
    post = await alice.posts("quote me")
    quoting = await quote(bob, post)
    await alice.post(f"/api/v1/accounts/{carol.id}/block")
    assert (await shown(carol, quoting))["quote"] == {"state": "unauthorized", "quoted_status": None}
    assert await state(bob, quoting) == "accepted"
    outer = await quote(bob, quoting, "around")
    inner = (await shown(carol, outer))["quote"]["quoted_status"]["quote"]
    assert inner == {"state": "unauthorized", "quoted_status_id": None}


@pytest.mark.parametrize(("action", "word"), [("block", "blocked_account"), ("mute", "muted_account")])
async def test_a_reader_is_warned_of_whom_they_do_not_want_to_meet(server: Node, action: str, word: str) -> None:
    alice, bob = await pair(server)
    carol = await server.person("carol")
    post = await alice.posts("quote me")
    quoting = await quote(bob, post)
    outer = await quote(bob, quoting, "around")
    await carol.post(f"/api/v1/accounts/{alice.id}/{action}")
    found = (await shown(carol, quoting))["quote"]
    assert (found["state"], found["quoted_status"]["id"]) == (word, post["id"])
    inner = (await shown(carol, outer))["quote"]["quoted_status"]["quote"]
    assert inner == {"state": word, "quoted_status_id": post["id"]}


async def test_a_reader_is_warned_of_domains_they_blocked(server: Node) -> None:
    alice, bob = await pair(server)
    async with server.db.transaction() as conn:
        post_id = await factories.status(conn, await factories.remote(conn, "rita"))
    quoting = await quote(bob, {"id": str(post_id)})
    assert quoting["quote"]["state"] == "accepted"
    await alice.api("POST", "/api/v1/domain_blocks", json={"domain": "remote.test"})
    assert await state(alice, quoting) == "blocked_domain"
    assert await state(bob, quoting) == "accepted"


async def test_filters_look_at_what_is_quoted(server: Node) -> None:
    alice, bob = await pair(server)
    keywords = [{"keyword": "spoiler", "whole_word": True}]
    body = {"title": "x", "context": ["home"], "filter_action": "hide", "keywords_attributes": keywords}
    await bob.post("/api/v2/filters", body)
    await bob.follow(alice)
    await drain(server)
    carol = await server.person("carol")
    quoting = await quote(alice, await carol.posts("a spoiler"))
    await drain(server)
    [found] = [each for each in await bob.home() if each["id"] == quoting["id"]]
    assert found["filtered"] == []
    assert [each["filter"]["title"] for each in found["quote"]["quoted_status"]["filtered"]] == ["x"]


async def test_the_list_of_quotes_pages_and_shows_only_what_may_be_read(server: Node) -> None:
    alice, bob = await pair(server)
    post = await alice.posts("quote me")
    made = [(await quote(bob, post, f"quote {number}"))["id"] for number in range(5)]
    hidden = await quote(bob, post, "among us", visibility="private")
    path = f"{STATUSES}/{post['id']}/quotes"
    seen: list[str] = []
    response = await alice.call("GET", path, params={"limit": 2})
    while response.json():
        seen += [each["id"] for each in response.json()]
        link = response.links.get("next")
        if link is None:
            break
        response = await alice.call("GET", link["url"])
    assert seen == made[::-1]
    assert [each["id"] for each in await bob.get(path, limit=1)] == [hidden["id"]]
    assert [each["id"] for each in await alice.get(path, min_id=made[1], limit=2)] == [made[3], made[2]]
    assert (await shown(alice, post))["quotes_count"] == 5


async def test_a_page_of_quotes_costs_the_same_however_long(server: Node) -> None:
    alice, bob = await pair(server)
    async with server.db.transaction() as conn:
        ids = [await factories.status(conn, await factories.remote(conn, f"person{number}")) for number in range(40)]
    post = await alice.posts("quote me")
    for status_id in ids[:20]:
        await quote(bob, {"id": str(status_id)})
        await quote(bob, post)
    for path in (f"/api/v1/accounts/{bob.id}/statuses", f"{STATUSES}/{post['id']}/quotes"):
        server.app.memory.clear()
        with queries(at_most=9):
            found = await alice.get(path, limit=40)
        assert len(found) >= 20
        assert all(each["quote"]["quoted_status"] for each in found)
