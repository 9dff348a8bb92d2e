"""Posting, reading, editing and deleting through the client API."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedi.services import drafts, scheduling
from tests.api.walks.admin import EVERYTHING
from tests.support import factories
from tests.support.servers import Node, Person, drain, queries

STATUSES = "/api/v1/statuses"


async def refused(
    person: Person, body: dict[str, Any], *, status: int = 422, method: str = "POST", path: str = STATUSES
) -> str:
    answer = await person.api(method, path, json=body, status=status)
    return str(answer["error"])


async def set_default(person: Person, **source: Any) -> None:
    await person.api("PATCH", "/api/v1/accounts/update_credentials", json={"source": source})


# ------------------------------------------------------------ publish


@pytest.mark.anyio
async def test_a_post_is_answered_whole(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await alice.posts("Hello @bob, see https://example.org/ #Cats", spoiler_text="cw", language="de")
    assert post["content"].startswith("<p>Hello <span")
    assert 'href="https://example.test/@bob" class="u-url mention"' in post["content"]
    assert [each["id"] for each in post["mentions"]] == [bob.id]
    assert post["mentions"][0]["url"] == "https://example.test/@bob"
    assert [each["name"] for each in post["tags"]] == ["cats"]
    assert (post["spoiler_text"], post["sensitive"], post["language"]) == ("cw", True, "de")
    assert (post["visibility"], post["account"]["id"]) == ("public", alice.id)
    assert post["uri"] == f"{alice.uri}/statuses/{post['id']}"
    assert post["url"] == f"https://example.test/@alice/{post['id']}"
    seen = await bob.get(f"{STATUSES}/{post['id']}")
    assert (seen["content"], "pinned" in seen, "pinned" in post) == (post["content"], False, True)


@pytest.mark.anyio
async def test_anybody_reads_a_public_post(server: Node) -> None:
    alice = await server.person("alice")
    post = await alice.posts("for all")
    shown = await server.api("GET", f"{STATUSES}/{post['id']}")
    assert shown["content"] == "<p>for all</p>"
    assert "favourited" not in shown


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "blank"),
        ({"status": "  \n "}, "blank"),
        ({"status": "x" * 5001}, "limit of 5000"),
        ({"status": "x" * 4000, "spoiler_text": "y" * 1001}, "limit of 5000"),
        ({"status": "e" + "\u0301" * 40_000}, "limit of 5000"),
        ({"status": "x", "visibility": "secret"}, "visibility"),
        ({"status": "x", "content_type": "text/html"}, "content_type"),
        ({"status": "x", "media_ids": ["1"]}, "attachments"),
        ({"status": "x", "media_ids": ["no"]}, "media_ids"),
        ({"status": "x", "media_ids": [str(number) for number in range(1, 10)]}, "more than 8"),
        ({"status": "x", "poll": {"options": ["a"], "expires_in": 3600}}, "more than one option"),
        ({"status": "x", "poll": {"options": ["a", "a "], "expires_in": 3600}}, "differ"),
        ({"status": "x", "poll": {"options": ["a", "b"]}}, "expires_in"),
        ({"status": "x", "poll": {"options": ["a", "b"], "expires_in": 10}}, "too short"),
        ({"status": "x", "poll": {"options": ["a", "b"], "expires_in": 10**9}}, "far"),
        ({"status": "x", "poll": {"options": ["a", "b" * 101], "expires_in": 3600}}, "longer"),
        ({"status": "x", "poll": {"options": list("abcdefghi"), "expires_in": 3600}}, "more than 8 options"),
    ],
)
async def test_what_cannot_be_posted_is_refused_with_a_reason(server: Node, body: dict[str, Any], words: str) -> None:
    alice = await server.person("alice")
    assert words in await refused(alice, body)


@pytest.mark.anyio
async def test_a_long_address_counts_as_23_characters(server: Node) -> None:
    alice = await server.person("alice")
    address = "https://example.org/" + "a" * 2000
    await alice.posts("x" * (5000 - 24) + " " + address)
    assert "5000" in await refused(alice, {"status": "x" * (5000 - 23) + " " + address})


@pytest.mark.anyio
async def test_a_form_with_empty_and_unknown_parameters_is_fine(server: Node) -> None:
    alice = await server.person("alice")
    form = {"status": "form", "in_reply_to_id": "", "sensitive": "", "language": "", "visibility": "", "quote_id": "x"}
    post = await alice.api("POST", STATUSES, data=form)
    assert (post["content"], post["visibility"], post["language"]) == ("<p>form</p>", "public", "en")


@pytest.mark.anyio
@pytest.mark.parametrize("encoding", ["form", "multipart", "query"])
async def test_a_post_with_a_poll_may_come_in_every_encoding(server: Node, encoding: str) -> None:
    alice = await server.person("alice")
    fields: dict[str, Any] = {"status": "which?", "poll[options][]": ["one", "two"], "poll[expires_in]": "600",
                              "poll[multiple]": "true", "sensitive": "0", "poll[hide_totals]": "false"}  # fmt: skip
    match encoding:
        case "form":
            post = await alice.api("POST", STATUSES, data=fields)
        case "multipart":
            post = await alice.api("POST", STATUSES, data=fields, files={"unused": b""})
        case _:
            post = await alice.api("POST", STATUSES, params=fields)
    titles = [option["title"] for option in post["poll"]["options"]]
    assert (titles, post["poll"]["multiple"], post["sensitive"]) == (["one", "two"], True, False)


@pytest.mark.anyio
async def test_no_control_character_is_kept(server: Node) -> None:
    alice = await server.person("alice")
    post = await alice.posts("a\u0000b\u0007c\r\nd\u001b[0m", spoiler_text="x\ny\u202e")
    assert (post["content"], post["spoiler_text"]) == ("<p>abc<br />d[0m</p>", "x y")


@pytest.mark.anyio
async def test_posting_costs_a_bounded_number_of_queries(server: Node) -> None:
    alice = await server.person("alice")
    people = [await server.person(f"person{number}") for number in range(5)]
    text = " ".join(f"@{each.username} #tag{each.username}" for each in people)
    with queries(at_most=23):
        await alice.posts(text)


@pytest.mark.anyio
async def test_markdown_is_rendered_and_kept_as_source(server: Node) -> None:
    alice = await server.person("alice")
    post = await alice.posts("**bold** <script>", content_type="text/markdown")
    assert "<strong>bold</strong>" in post["content"]
    assert "<script" not in post["content"]
    source = await alice.get(f"{STATUSES}/{post['id']}/source")
    assert source == {
        "id": post["id"],
        "text": "**bold** <script>",
        "spoiler_text": "",
        "content_type": "text/markdown",
    }


@pytest.mark.anyio
async def test_what_is_not_said_is_taken_from_the_settings(server: Node) -> None:
    alice = await server.person("alice")
    await set_default(alice, privacy="private", sensitive=True, language="fr")
    post = await alice.posts("default")
    assert (post["visibility"], post["sensitive"], post["language"]) == ("private", True, "fr")
    other = await alice.posts("chosen", visibility="unlisted", sensitive=False, language="en-GB")
    assert (other["visibility"], other["sensitive"], other["language"]) == ("unlisted", False, "en")


@pytest.mark.anyio
async def test_a_private_post_is_missing_to_strangers_and_there_for_followers(server: Node) -> None:
    alice, bob, eve = [await server.person(name) for name in ("alice", "bob", "eve")]
    await bob.follow(alice)
    post = await alice.posts("for followers", visibility="private")
    assert (await bob.get(f"{STATUSES}/{post['id']}"))["id"] == post["id"]
    for path in ("", "/context", "/history", "/favourited_by", "/reblogged_by"):
        missing = await eve.api("GET", f"{STATUSES}/{post['id']}{path}", status=404)
        assert missing == {"error": "Record not found"}
        assert await server.api("GET", f"{STATUSES}/{post['id']}{path}", status=404) == missing
    for action in ("favourite", "unfavourite", "reblog", "unreblog", "bookmark", "unbookmark", "pin", "mute"):
        assert await eve.post(f"{STATUSES}/{post['id']}/{action}", status=404) == missing
    assert await refused(eve, {"status": "me too", "in_reply_to_id": post["id"]}, status=404) == missing["error"]


@pytest.mark.anyio
async def test_a_direct_post_is_for_the_mentioned_only(server: Node) -> None:
    alice, bob, eve = [await server.person(name) for name in ("alice", "bob", "eve")]
    await eve.follow(alice)
    post = await alice.posts("@bob psst", visibility="direct")
    assert (await bob.get(f"{STATUSES}/{post['id']}"))["visibility"] == "direct"
    await eve.api("GET", f"{STATUSES}/{post['id']}", status=404)
    alone = await alice.posts("a note to myself", visibility="direct")
    assert alone["mentions"] == []


@pytest.mark.anyio
async def test_a_reply_is_linked_and_counted(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await alice.posts("question")
    reply = await bob.replies(post, "answer")
    assert (reply["in_reply_to_id"], reply["in_reply_to_account_id"]) == (post["id"], alice.id)
    assert (await alice.get(f"{STATUSES}/{post['id']}"))["replies_count"] == 1
    for parent in ("123", "0", "x", "9" * 30):
        assert await refused(bob, {"status": "to nobody", "in_reply_to_id": parent}, status=404) == "Record not found"


@pytest.mark.anyio
async def test_who_answers_a_boost_answers_the_post(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await alice.posts("original")
    boost = await bob.post(f"{STATUSES}/{post['id']}/reblog")
    reply = await bob.posts("reply", in_reply_to_id=boost["id"])
    assert reply["in_reply_to_id"] == post["id"]


@pytest.mark.anyio
async def test_the_blocked_can_neither_read_nor_answer(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await alice.posts("public, but")
    await alice.post(f"/api/v1/accounts/{bob.id}/block")
    await bob.api("GET", f"{STATUSES}/{post['id']}", status=404)
    await refused(bob, {"status": "hey", "in_reply_to_id": post["id"]}, status=404)


@pytest.mark.anyio
async def test_a_mention_of_somebody_elsewhere_is_resolved(servers: Any) -> None:
    a, b = await servers("a.test", "b.test")
    alice, bob = await a.person("alice"), await b.person("bob")
    post = await alice.posts("hello @bob@b.test and @nobody@b.test and @x@gone.test")
    assert [each["acct"] for each in post["mentions"]] == ["bob@b.test"]
    assert f'href="{post["mentions"][0]["url"]}"' in post["content"]
    assert "@nobody@b.test" in post["content"]
    await drain(a, b)
    assert bob.username == "bob"


@pytest.mark.anyio
async def test_our_own_domain_in_a_mention_means_us(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await alice.posts("@bob@example.test @BOB @instance.actor @example.test")
    assert [each["id"] for each in post["mentions"]] == [bob.id]


@given(st.text())
def test_a_text_tidied_twice_is_tidied_once(text: str) -> None:
    tidy = drafts.text_of(text)
    assert drafts.text_of(tidy) == tidy
    assert not set(tidy) & {chr(code) for code in range(32) if chr(code) not in "\t\n"}


# ------------------------------------------------------------ idempotency


@pytest.mark.anyio
async def test_one_key_makes_one_post_even_at_once(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    headers = {"Idempotency-Key": "k" * 5000}

    async def send(person: Person, text: str) -> Any:
        return await person.api("POST", STATUSES, json={"status": text}, headers=headers)

    answers = await asyncio.gather(*(send(alice, "once") for _ in range(5)))
    assert len({each["id"] for each in answers}) == 1
    assert (await send(alice, "once"))["id"] == answers[0]["id"]
    assert (await send(bob, "once"))["id"] != answers[0]["id"]
    me = await alice.get("/api/v1/accounts/verify_credentials")
    assert me["statuses_count"] == 1


@pytest.mark.anyio
async def test_a_key_is_forgotten_after_an_hour_and_kept_for_a_failed_try(server: Node) -> None:
    alice = await server.person("alice")
    headers = {"Idempotency-Key": "again"}
    await alice.api("POST", STATUSES, json={"status": ""}, headers=headers, status=422)
    first = await alice.api("POST", STATUSES, json={"status": "one"}, headers=headers)
    async with server.db.transaction() as conn:
        await conn.execute("update idempotency_keys set created_at = now() - interval '61 minutes'")
    second = await alice.api("POST", STATUSES, json={"status": "one"}, headers=headers)
    assert first["id"] != second["id"]


# ------------------------------------------------------------ edit, history, source


@pytest.mark.anyio
async def test_an_edit_replaces_everything(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await alice.posts("first", spoiler_text="warning", sensitive=True, language="de")
    edited = await alice.api("PUT", f"{STATUSES}/{post['id']}", json={"status": "second @bob #tag"})
    assert (edited["id"], edited["spoiler_text"], edited["sensitive"]) == (post["id"], "", False)
    assert edited["language"] == "de"
    assert edited["edited_at"] is not None
    assert [each["id"] for each in edited["mentions"]] == [bob.id]
    assert [each["name"] for each in edited["tags"]] == ["tag"]
    again = await alice.api("PATCH", f"{STATUSES}/{post['id']}", data={"status": "third"})
    assert (again["content"], again["tags"]) == ("<p>third</p>", [])
    history = await bob.get(f"{STATUSES}/{post['id']}/history")
    assert [each["content"] for each in history] == ["<p>first</p>", edited["content"], "<p>third</p>"]
    assert [each["spoiler_text"] for each in history] == ["warning", "", ""]
    assert [each["created_at"] for each in history] == [post["created_at"], edited["edited_at"], again["edited_at"]]


@pytest.mark.anyio
async def test_an_edit_that_changes_nothing_is_no_edit(server: Node) -> None:
    alice = await server.person("alice")
    post = await alice.posts("same", spoiler_text="cw")
    body = {"status": "same", "spoiler_text": "cw"}
    edited = await alice.api("PUT", f"{STATUSES}/{post['id']}", json=body)
    assert edited["edited_at"] is None
    moved = await alice.api("PUT", f"{STATUSES}/{post['id']}", json={**body, "language": "fr"})
    assert (moved["edited_at"], moved["language"]) == (None, "fr")
    assert len(await alice.get(f"{STATUSES}/{post['id']}/history")) == 1


@pytest.mark.anyio
async def test_only_the_author_edits_deletes_and_sees_the_source(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await alice.posts("mine")
    assert await refused(bob, {"status": "x"}, status=404, method="PUT", path=f"{STATUSES}/{post['id']}")
    await bob.api("DELETE", f"{STATUSES}/{post['id']}", status=404)
    await bob.api("GET", f"{STATUSES}/{post['id']}/source", status=404)
    boost = await alice.post(f"{STATUSES}/{post['id']}/reblog")
    assert "boost" in await refused(alice, {"status": "x"}, method="PUT", path=f"{STATUSES}/{boost['id']}")
    assert "blank" in await refused(alice, {}, method="PUT", path=f"{STATUSES}/{post['id']}")


@pytest.mark.anyio
async def test_edits_at_once_are_all_in_the_history(server: Node) -> None:
    alice = await server.person("alice")
    post = await alice.posts("0")
    path = f"{STATUSES}/{post['id']}"
    await asyncio.gather(*(alice.api("PUT", path, json={"status": str(number)}) for number in range(1, 5)))
    history = await alice.get(f"{path}/history")
    assert sorted(each["content"] for each in history) == [f"<p>{number}</p>" for number in range(5)]


# ------------------------------------------------------------ delete


@pytest.mark.anyio
async def test_a_deletion_answers_the_source_and_is_final(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    parent = await bob.posts("parent")
    post = await alice.posts("typo <b>", in_reply_to_id=parent["id"], spoiler_text="cw")
    deleted = await alice.api("DELETE", f"{STATUSES}/{post['id']}")
    assert (deleted["id"], deleted["text"], deleted["spoiler_text"]) == (post["id"], "typo <b>", "cw")
    assert "content" not in deleted
    await alice.api("GET", f"{STATUSES}/{post['id']}", status=404)
    await alice.api("DELETE", f"{STATUSES}/{post['id']}", status=404)
    assert (await bob.get(f"{STATUSES}/{parent['id']}"))["replies_count"] == 0
    assert (await alice.get("/api/v1/accounts/verify_credentials"))["statuses_count"] == 0


@pytest.mark.anyio
async def test_deleting_a_post_leaves_its_replies_and_takes_its_boosts(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await alice.posts("root")
    reply = await bob.replies(post, "reply")
    boost = await bob.post(f"{STATUSES}/{post['id']}/reblog")
    await alice.api("DELETE", f"{STATUSES}/{post['id']}")
    await drain(server)
    assert (await bob.get(f"{STATUSES}/{reply['id']}"))["in_reply_to_id"] is None
    await bob.api("GET", f"{STATUSES}/{boost['id']}", status=404)


# ------------------------------------------------------------ several, context


@pytest.mark.anyio
async def test_several_posts_by_their_ids(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    ids = [(await alice.posts(str(number)))["id"] for number in range(3)]
    secret = await alice.posts("secret", visibility="private")
    wanted = [ids[2], ids[0], secret["id"], "12345", ids[2]]
    found = await bob.api("GET", STATUSES, params={"id[]": wanted})
    assert [each["id"] for each in found] == [ids[2], ids[0]]
    assert await server.api("GET", STATUSES) == []
    too_many = {"id[]": [str(number) for number in range(21)]}
    await server.api("GET", STATUSES, params=too_many, status=422)


@pytest.mark.anyio
async def test_the_context_is_above_in_order_and_below_depth_first(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    root = await alice.posts("root")
    middle = await bob.posts("middle", in_reply_to_id=root["id"])
    here = await alice.posts("here", in_reply_to_id=middle["id"])
    first = await bob.posts("first", in_reply_to_id=here["id"])
    second = await bob.posts("second", in_reply_to_id=here["id"])
    below_first = await alice.posts("below first", in_reply_to_id=first["id"])
    aside = await alice.posts("aside", in_reply_to_id=root["id"])
    context = await server.api("GET", f"{STATUSES}/{here['id']}/context")
    assert [each["id"] for each in context["ancestors"]] == [root["id"], middle["id"]]
    assert [each["id"] for each in context["descendants"]] == [first["id"], below_first["id"], second["id"]]
    boost = await bob.post(f"{STATUSES}/{here['id']}/reblog")
    assert await server.api("GET", f"{STATUSES}/{boost['id']}/context") == await server.api(
        "GET", f"{STATUSES}/{here['id']}/context"
    )
    assert aside["id"] not in str(context)


@pytest.mark.anyio
async def test_the_context_shows_what_the_viewer_may_read_and_wants_to(server: Node) -> None:
    alice, bob, eve = [await server.person(name) for name in ("alice", "bob", "eve")]
    root = await alice.posts("root")
    hidden = await bob.posts("@alice whisper", in_reply_to_id=root["id"], visibility="direct")
    loud = await bob.posts("loud", in_reply_to_id=root["id"])
    path = f"{STATUSES}/{root['id']}/context"
    assert [each["id"] for each in (await alice.get(path))["descendants"]] == [hidden["id"], loud["id"]]
    assert [each["id"] for each in (await eve.get(path))["descendants"]] == [loud["id"]]
    await eve.post(f"/api/v1/accounts/{bob.id}/mute")
    assert (await eve.get(path))["descendants"] == []


@pytest.mark.anyio
async def test_the_context_ends_where_it_should_and_costs_the_same(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        chain = [await factories.status(conn, alice.account_id)]
        for _ in range(70):
            chain.append(await factories.status(conn, alice.account_id, in_reply_to_id=chain[-1]))
        root = chain[0]
        for _ in range(70):
            await factories.status(conn, alice.account_id, in_reply_to_id=root)
    top = await server.api("GET", f"{STATUSES}/{root}/context")
    assert len(top["descendants"]) == 60
    assert [each["id"] for each in top["descendants"][:20]] == [str(each) for each in chain[1:21]]
    assert str(chain[21]) not in [each["id"] for each in top["descendants"]]
    bottom = await server.api("GET", f"{STATUSES}/{chain[-1]}/context")
    assert [each["id"] for each in bottom["ancestors"]] == [str(each) for each in chain[30:70]]
    mine = await alice.get(f"{STATUSES}/{root}/context")
    assert len(mine["descendants"]) == 140
    with queries(at_most=9):
        await alice.get(f"{STATUSES}/{root}/context")


@pytest.mark.anyio
async def test_a_circle_of_replies_is_no_endless_thread(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        one = await factories.status(conn, alice.account_id)
        two = await factories.status(conn, alice.account_id, in_reply_to_id=one)
        await conn.execute("update statuses set in_reply_to_id = $2 where id = $1", one, two)
    context = await server.api("GET", f"{STATUSES}/{one}/context")
    assert [each["id"] for each in context["ancestors"]] == [str(two)]
    assert [each["id"] for each in context["descendants"]] == [str(two)]


# ------------------------------------------------------------ scheduled


def ahead(**delta: int) -> str:
    return (datetime.now(UTC) + timedelta(**delta)).isoformat()


async def come_due(server: Node) -> None:
    async with server.db.transaction() as conn:
        await conn.execute("update scheduled_statuses set scheduled_at = now() - interval '1 second'")


@pytest.mark.anyio
async def test_a_scheduled_post_appears_at_its_time_and_once(server: Node) -> None:
    alice = await server.person("alice")
    body = {"status": "later #tag", "scheduled_at": ahead(hours=1), "visibility": "unlisted", "language": "de",
            "poll": {"options": ["a", "b"], "expires_in": 600}}  # fmt: skip
    waiting = await alice.post(STATUSES, body)
    assert (waiting["params"]["text"], waiting["params"]["poll"]["expires_in"]) == ("later #tag", 600)
    assert "content" not in waiting
    listed = await alice.get("/api/v1/scheduled_statuses")
    assert listed == [waiting]
    await scheduling.sweep(server.app)
    await drain(server)
    assert await alice.get(f"/api/v1/accounts/{alice.id}/statuses") == []
    await come_due(server)
    await scheduling.sweep(server.app)
    await scheduling.sweep(server.app)
    payload = {"id": int(waiting["id"])}
    await asyncio.gather(*(scheduling.publish(server.app, payload) for _ in range(4)))
    await drain(server)
    posts = await alice.get(f"/api/v1/accounts/{alice.id}/statuses")
    assert [each["content"].startswith("<p>later") for each in posts] == [True]
    assert (posts[0]["visibility"], posts[0]["language"], len(posts[0]["poll"]["options"])) == ("unlisted", "de", 2)
    assert await alice.get("/api/v1/scheduled_statuses") == []


@pytest.mark.anyio
@pytest.mark.parametrize("deed", ["disable", "suspend"])
async def test_a_post_is_not_published_for_somebody_who_was_shut_out_when_it_was_due(server: Node, deed: str) -> None:
    alice = await server.person("alice")
    boss = await server.person("boss", role="admin", scopes=EVERYTHING)
    waiting = await alice.post(STATUSES, {"status": "later", "scheduled_at": ahead(hours=1)})
    await come_due(server)
    await scheduling.sweep(server.app)  # the job waits
    await boss.post(f"/api/v1/admin/accounts/{alice.id}/action", {"type": deed})
    await drain(server)
    await scheduling.publish(server.app, {"id": int(waiting["id"])})
    async with server.db.read() as conn:
        assert await conn.fetchval("select count(*) from statuses") == 0
    await boss.post(f"/api/v1/admin/accounts/{alice.id}/{'enable' if deed == 'disable' else 'unsuspend'}")
    await scheduling.sweep(server.app)
    await drain(server)
    posts = await boss.get(f"/api/v1/accounts/{alice.id}/statuses")
    assert [each["content"] for each in posts] == ["<p>later</p>"], "theirs has waited"


@pytest.mark.anyio
async def test_a_scheduled_post_is_moved_and_cancelled_by_its_author_only(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    waiting = await alice.post(STATUSES, {"status": "later", "scheduled_at": ahead(hours=1)})
    path = f"/api/v1/scheduled_statuses/{waiting['id']}"
    for method, body in (("GET", {}), ("PUT", {"scheduled_at": ahead(hours=2)}), ("DELETE", {})):
        await bob.api(method, path, status=404, json=body) if body else await bob.api(method, path, status=404)
    moved = await alice.api("PUT", path, json={"scheduled_at": "2100-01-01T00:00:00Z"})
    assert moved["scheduled_at"] == "2100-01-01T00:00:00.000Z"
    assert "future" in await refused(alice, {"scheduled_at": ahead(minutes=1)}, method="PUT", path=path)
    assert await alice.api("DELETE", path) == {}
    await alice.api("GET", path, status=404)


@pytest.mark.anyio
async def test_the_time_of_a_scheduled_post_is_checked(server: Node) -> None:
    alice = await server.person("alice")
    assert "future" in await refused(alice, {"status": "soon", "scheduled_at": ahead(minutes=2)})
    assert "date" in await refused(alice, {"status": "when", "scheduled_at": "tomorrow"})
    now = await alice.posts("past means now", scheduled_at="2001-01-01T00:00:00Z")
    assert now["content"] == "<p>past means now</p>"
    assert "blank" in await refused(alice, {"status": "", "scheduled_at": ahead(hours=1)})


@pytest.mark.anyio
async def test_a_scheduled_post_that_cannot_be_published_stays_with_its_author(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    parent = await bob.posts("soon gone")
    body = {"status": "an answer", "scheduled_at": ahead(hours=1), "in_reply_to_id": parent["id"]}
    waiting = await alice.post(STATUSES, body)
    await bob.api("DELETE", f"{STATUSES}/{parent['id']}")
    await come_due(server)
    await scheduling.sweep(server.app)
    await drain(server)
    assert [each["id"] for each in await alice.get("/api/v1/scheduled_statuses")] == [waiting["id"]]
    assert await alice.get(f"/api/v1/accounts/{alice.id}/statuses") == []


@pytest.mark.anyio
async def test_one_key_schedules_one_post(server: Node) -> None:
    alice = await server.person("alice")
    body = {"status": "later", "scheduled_at": ahead(hours=1)}
    answers = await asyncio.gather(
        *(alice.api("POST", STATUSES, json=body, headers={"Idempotency-Key": "k"}) for _ in range(3))
    )
    assert len({each["id"] for each in answers}) == 1
    assert len(await alice.get("/api/v1/scheduled_statuses")) == 1
    await come_due(server)
    await scheduling.sweep(server.app)
    await drain(server)
    late = {**body, "scheduled_at": "2001-01-01T00:00:00Z"}
    again = await alice.api("POST", STATUSES, json=late, headers={"Idempotency-Key": "k"})
    assert [each["id"] for each in await alice.get(f"/api/v1/accounts/{alice.id}/statuses")] == [again["id"]]


@pytest.mark.anyio
async def test_no_more_than_25_posts_are_scheduled_for_a_day(server: Node) -> None:
    alice = await server.person("alice")
    for number in range(25):
        await alice.post(STATUSES, {"status": str(number), "scheduled_at": "2100-01-01T12:00:00Z"})
    assert "25" in await refused(alice, {"status": "one more", "scheduled_at": "2100-01-01T13:00:00Z"})
    await alice.post(STATUSES, {"status": "next day", "scheduled_at": "2100-01-02T12:00:00Z"})
    page = await alice.call("GET", "/api/v1/scheduled_statuses", params={"limit": 20})
    assert len(page.json()) == 20
    assert 'rel="next"' in page.headers["link"]
