"""What filters find, and where: the same in every list, thread and stream."""

from typing import Any

import pytest

from tests.support import live
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

V2 = "/api/v2/filters"

# (keyword, whole word, text, found)
CASES = [
    ("cat", True, "a cat.", True), ("cat", True, "CAT", True), ("cat", True, "category", False),
    ("cat", True, "wildcat", False), ("cat", False, "wildcats", True), ("cat", True, "cat_food", False),
    ("cat", True, "category, then cat", True), ("#cats", True, "all #cats here", True), ("#cat", True, "#cats", False),
    ("c++", True, "I like c++!", True), ("c++", True, "abc++", False), ("new york", True, "in New York now", True),
    ("naïve", True, "so nai\u0308ve", True), ("naive", True, "naïve", False), ("straße", True, "STRASSE", True),
    ("кот", True, "мой кот", True), ("кот", True, "который", False), ("हिन्द", True, "हिन्दी", False),
    ("हिन्दी", True, "यह हिन्दी है", True), ("猫", True, "黒猫がいる", True), ("ไทย", True, "ภาษาไทยดี", True),
    ("🦊", True, "a🦊b", True), ("a.c", True, "abc", False), ("(x", False, "f(x)", True), (":)", True, "hi:)o", True),
]  # fmt: skip


async def test_whole_words_and_parts_in_any_script(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    for number, (keyword, whole_word, _text, _found) in enumerate(CASES):
        words = [{"keyword": keyword, "whole_word": whole_word}]
        body = {"title": str(number), "context": ["public"], "keywords_attributes": words}
        await alice.post(V2, body)
    wrong = []
    for number, (_keyword, _whole_word, text, found) in enumerate(CASES):
        post = await bob.posts(text)
        filtered = (await alice.get(f"/api/v1/statuses/{post['id']}"))["filtered"]
        if (str(number) in [each["filter"]["title"] for each in filtered]) is not found:
            wrong.append(CASES[number])
    assert wrong == []


async def spoken(bob: Person, server: Node) -> dict[str, str]:
    """Posts that have the word in different places."""
    poll = {"options": ["spam", "eggs"], "expires_in": 600}
    plain = await bob.posts("@alice nothing #food")
    made = {
        "text": await bob.posts("@alice spam #food"),
        "warning": await bob.posts("@alice look #food", spoiler_text="spam"),
        "poll": await bob.posts("@alice which? #food", poll=poll),
        "picture": await bob.posts("@alice see #food"),
    }
    async with server.db.transaction() as conn:
        medium: int = await conn.fetchval(
            "insert into media_attachments (account_id, description, remote_url) values ($1, 'spam', 'https://x.test/1')"
            " returning id",
            bob.account_id,
        )
        await conn.execute(
            "update statuses set media_ids = array[$2::bigint], version = version + 1 where id = $1",
            int(made["picture"]["id"]), medium,
        )  # fmt: skip
    return {"nothing": plain["id"], **{name: each["id"] for name, each in made.items()}}


async def test_every_list_and_thread_says_what_is_filtered(server: Node) -> None:
    alice, bob, carol = [await server.person(name) for name in ("alice", "bob", "carol")]
    await alice.follow(bob)
    listed = await alice.post("/api/v1/lists", {"title": "friends"})
    await alice.post(f"/api/v1/lists/{listed['id']}/accounts", {"account_ids": [bob.id]})
    top = await alice.posts("top")
    ids = await spoken(bob, server)
    whisper = (await bob.posts("@alice spam", visibility="direct"))["id"]
    answer = (await bob.replies(top, "spam"))["id"]
    for ident in ids.values():
        await alice.post(f"/api/v1/statuses/{ident}/favourite")
        await alice.post(f"/api/v1/statuses/{ident}/bookmark")
    await carol.post(f"/api/v1/statuses/{ids['text']}/reblog")
    await drain(server)
    words = [{"keyword": "spam", "whole_word": True}]
    await alice.post(V2, {"title": "f", "context": ["home"], "filter_action": "blur", "keywords_attributes": words})
    every = {name: name != "nothing" for name in ids}

    async def found(path: str, **params: Any) -> dict[str, bool]:
        answer = await alice.get(path, limit=40, **params)
        statuses = answer["statuses"] if isinstance(answer, dict) else answer
        marked = {each["id"]: _is_filtered(each.get("status") or each) for each in statuses}
        if "notifications" in path:
            marked = {each["status"]["id"]: _is_filtered(each["status"]) for each in statuses if "status" in each}
        return {name: marked[ident] for name, ident in ids.items() if ident in marked}

    for path in (
        "/api/v1/timelines/home", "/api/v1/timelines/public", "/api/v1/timelines/tag/food", "/api/v1/favourites",
        f"/api/v1/timelines/list/{listed['id']}", "/api/v1/bookmarks", f"/api/v1/accounts/{bob.id}/statuses",
        "/api/v1/notifications",
    ):  # fmt: skip
        assert await found(path) == every, path
    assert await found("/api/v1/statuses", **{"id[]": list(ids.values())}) == every
    assert await found("/api/v2/search", q="from:bob", type="statuses") == every
    thread = await alice.get(f"/api/v1/statuses/{top['id']}/context")
    assert [(each["id"], _is_filtered(each)) for each in thread["descendants"]] == [(answer, True)]
    boost = (await alice.get(f"/api/v1/accounts/{carol.id}/statuses"))[0]
    assert _is_filtered(boost)
    assert _is_filtered(boost["reblog"])
    assert [_is_filtered(each) for each in await alice.get("/api/v1/timelines/direct")] == [True]
    talk = (await alice.get("/api/v1/conversations"))[0]["last_status"]
    assert (talk["id"], _is_filtered(talk)) == (whisper, True)


def _is_filtered(status: Any) -> bool:
    results = status["filtered"]
    assert all(each["filter"]["filter_action"] == "blur" for each in results)
    return bool(results)


async def test_streams_say_it_too_and_leave_out_what_is_hidden(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    await alice.follow(bob)
    await drain(server)
    for title, context, action, word in (("w", "home", "warn", "eggs"), ("h", "home", "hide", "spam")):
        words = [{"keyword": word, "whole_word": True}]
        await alice.post(
            V2, {"title": title, "context": [context], "filter_action": action, "keywords_attributes": words}
        )
    async with live.listening(server) as address, live.socket(alice, "user", base_url=address) as heard:
        await bob.posts("spam")
        marked = await bob.posts("eggs")
        await drain(server)
        seen = await heard.event("update")
    assert (seen["id"], [each["filter"]["title"] for each in seen["filtered"]]) == (marked["id"], ["w"])


async def test_what_is_hidden_from_notifications_is_made_up_for(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    words = [{"keyword": "spam", "whole_word": True}]
    await alice.post(
        V2, {"title": "f", "context": ["notifications"], "filter_action": "hide", "keywords_attributes": words}
    )
    for number in range(12):
        await bob.posts(f"@alice {'spam' if number % 3 else 'eggs'}")
    await drain(server)
    assert len(await alice.get("/api/v1/notifications", limit=4)) == 4
