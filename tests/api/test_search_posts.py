"""Search for posts: which are found by whom, words of all scripts, operators."""

from datetime import UTC, datetime
from typing import Any

import pytest

from fedi.effects import search
from storage import jobs, statuses
from storage.visibility import DIRECT, PRIVATE
from tests.support import factories
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

SEARCH = "/api/v2/search"
MEDIUM = """
    insert into media_attachments (account_id, type, description, remote_url) values ($1, $2, $3, 'https://x.test/1')
    returning id"""


async def posts(person: Person, q: str, **params: Any) -> list[str]:
    found = await person.get(SEARCH, q=q, **{"type": "statuses", **params})
    assert (found["accounts"], found["hashtags"]) == ([], [])
    return [each["id"] for each in found["statuses"]]


async def test_which_posts_somebody_finds(server: Node) -> None:
    alice, bob, carol = await server.person("alice"), await server.person("bob"), await server.person("carol")
    await carol.api("PATCH", "/api/v1/accounts/update_credentials", json={"indexable": True})
    async with server.db.transaction() as conn:

        async def post(author: Person, **values: Any) -> str:
            return str(await factories.status(conn, author.account_id, content="<p>The quick brown fox</p>", **values))

        own = await post(alice, visibility=DIRECT)
        shy = await post(bob)
        marked = await post(bob)
        named = await post(bob, visibility=PRIVATE, mentions=[alice.account_id])
        indexed = await post(carol)
        followers_only = await post(carol, visibility=PRIVATE)
        await conn.execute(
            "insert into marks (account_id, status_id, flags) values ($1, $2, 2)", alice.account_id, int(marked)
        )
    await server.drain()
    found = await posts(alice, "fox")
    assert found == sorted([own, marked, named, indexed], key=int, reverse=True)
    assert shy not in found
    assert followers_only not in found
    assert (await server.api("GET", SEARCH, params={"q": "fox"}))["statuses"] == []
    assert await posts(bob, "fox") == sorted([shy, marked, named, indexed], key=int, reverse=True)
    assert await posts(alice, "fox", account_id=bob.id) == sorted([marked, named], key=int, reverse=True)
    assert await posts(alice, "fox", max_id=indexed) == [each for each in found if int(each) < int(indexed)]
    assert await posts(alice, "fox", min_id=indexed) == [each for each in found if int(each) > int(indexed)]
    assert await posts(alice, "fox", limit=2, offset=1) == found[1:3]
    assert await posts(alice, "fox", offset=40) == []
    await alice.post(f"/api/v1/accounts/{carol.id}/mute")
    assert indexed not in await posts(alice, "fox")
    await bob.post(f"/api/v1/accounts/{alice.id}/block")
    assert await posts(alice, "fox") == [own]


PHRASES = {
    "brown": True, "BROWN quick": True, '"quick brown"': True, '"brown quick"': False, "quick -brown": False,
    "quick -cow": True, "-cow": False, "cow OR fox": True, "cow or fox": False, "warning": True, "strong": False,
    '"': False, "!!": False, "quick & ! | ( brown": True, "href": False, "bro*": True, "bro": False,
    '"warning the"': False, "+fox": True, "fox OR": True, "OR fox": True, "x" * 3000: False,
}  # fmt: skip


async def test_words_phrases_and_exclusions(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        rita = await factories.remote(conn, "rita", indexable=True)
        await factories.status(
            conn, rita, content='<p>The <a href="https://a.test">quick</a> <strong>brown</strong> fox</p>',
            spoiler_text="a warning",
        )  # fmt: skip
    await server.drain()
    assert {q: bool(await posts(alice, q)) for q in PHRASES} == PHRASES


SCRIPTS = {
    "cafe creme": True, "CAFÉ": True, '"Crème brûlée"': True, "lodz": True, "STRASSE": True, "ежик": True, "京都": True,
    "東京都": True, "都庁": True, "庁": True, "都京": False, "東庁": False, "Python入門": True, "へPython": True,
    "हिन्दी": True, "हिन्द": False, "ไทย": True, "울에": True, "🦊": True, "🐻": False, "example.org": True,
    '"https://example.org/page"': True, "option": True, "picture": True, "don't": True, "#cafe": True, "#creme": False,
    "-#cafe": False, "cafe -#nothing": True, "cafe creme -brulee": False, "🐻 OR 🦊": True,
}  # fmt: skip
TEXT = (
    "<p>Café Crème Bru\u0302le\u0301e #Café, Łódź, Straße, Ёжик</p><p>東京都庁へ Python入門 हिन्दी ภาษาไทย 서울에서</p>"
    "<p>🦊 don't <a href='https://example.org/page'><span class='invisible'>https://</span>example.org/page</a></p>"
)


async def test_words_of_any_script(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        medium = await conn.fetchval(MEDIUM, alice.account_id, "image", "A picture")
        poll = statuses.Poll(options=["an option", "another"], multiple=False, expires_at=None)
        await factories.status(
            conn, alice.account_id, content=TEXT, tags=["Café"], media_ids=[medium], poll=poll
        )  # fmt: skip
    await server.drain()
    assert {q: bool(await posts(alice, q)) for q in SCRIPTS} == SCRIPTS


async def test_operators(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    async with server.db.transaction() as conn:
        far = await factories.remote(conn, "far", "far.test", indexable=True)

        async def post(author: int, **values: Any) -> str:
            return str(await factories.status(conn, author, content="<p>word</p>", **values))

        async def media(kind: str) -> list[int]:
            return [await conn.fetchval(MEDIUM, far, kind, None)]

        image = await post(
            far, media_ids=await media("image"), language="de-AT", created_at=datetime(2024, 2, 29, 23, 59, tzinfo=UTC)
        )
        gifv = await post(
            far, media_ids=await media("gifv"), sensitive=True, created_at=datetime(2024, 3, 1, tzinfo=UTC)
        )
        sound = await post(far, media_ids=await media("audio"), created_at=datetime(2025, 1, 1, tzinfo=UTC))
        asked = await post(
            alice.account_id, poll=statuses.Poll(options=["a", "b"], multiple=False, expires_at=None), language="en"
        )
        reply = await post(alice.account_id, in_reply_to_id=int(sound), in_reply_to_account_id=far)
        linked = str(await factories.status(conn, far, content='<p>word <a href="https://a.test">a</a> @x</p>'))
        named = str(
            await factories.status(
                conn, far, content='<p>word <a href="https://a.test" class="u-url mention">a</a></p>'
            )
        )
    await server.drain()
    async with server.db.transaction() as conn:
        card = await conn.fetchval(
            "insert into preview_cards (url, url_hash, html) values ('https://a.test', 'x', '<b>') returning id"
        )
        await conn.execute(
            "insert into status_cards (status_id, card_id) values ($1, $2) "
            "on conflict (status_id) do update set card_id = excluded.card_id",
            int(linked),
            card,
        )
    every = {image, gifv, sound, asked, reply, linked, named}

    async def found(q: str) -> set[str]:
        return set(await posts(alice, q))

    assert await found("word") == every
    assert await found("has:media") == {image, gifv, sound}
    assert await found("HAS:image word") == {image}
    assert await found("has:video") == {gifv}
    assert await found("has:audio") == {sound}
    assert await found("has:poll") == {asked}
    assert await found("has:link") == {linked}
    assert await found("has:embed") == {linked}
    assert await found("word -has:embed") == every - {linked}
    assert await found("word -has:media") == every - {image, gifv, sound}
    assert await found("has:nothing") == await found("has:quote") == set()
    assert await found("is:reply") == {reply}
    assert await found("is:sensitive word") == {gifv}
    assert (
        await found("from:me") == await found("from:@alice") == await found("from:alice@example.test") == {asked, reply}
    )
    assert await found("from:FAR@far.test has:media -is:sensitive") == {image, sound}
    assert await found("from:me from:far@far.test") == every
    assert await found("word -from:far@far.test") == {asked, reply}
    assert await found("from:nobody") == await found("from:nobody@\x00") == set()
    assert await found("language:de") == await found("language:de-AT") == {image}
    assert await found("language:en language:de") == {asked, image}
    assert await found("word -language:de") == every - {image}
    assert (
        await found("before:2024-03-01") == await found("during:2024-02-29") == await found("during:2024-02") == {image}
    )
    assert await found("during:2024") == {image, gifv}
    assert await found("after:2024-02-29 before:2025-01-01") == {gifv}
    assert await found(f"during:{1709251200_000}") == {gifv}
    assert await found("after:2025-01-01") == every - {image, gifv, sound}
    assert await found("in:library") == set(), "it says where, but not what"
    assert await found("in:library word") == {asked, reply, sound}
    assert await found("word in:public") == every - {asked, reply}
    assert await found("-in:public word") == {asked, reply, sound}
    assert await found("in:all word") == every
    assert await found("other:thing") == set()
    for wrong in ("before:tomorrow", "after:2024-13", "during:2024-02-30", "before:0000-01-01", "after:" + "9" * 15):
        await alice.api("GET", SEARCH, params={"q": wrong, "type": "statuses"}, status=422)
    assert set(await posts(bob, "word")) == {image, gifv, sound, linked, named}


async def test_a_library_is_what_somebody_did_something_with(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    kept = {}
    for verb in ("favourite", "reblog", "bookmark"):
        kept[verb] = (await bob.posts("a fox"))["id"]
        await alice.post(f"/api/v1/statuses/{kept[verb]}/{verb}")
    asked = await bob.posts("a fox?", poll={"options": ["a", "b"], "expires_in": 600})
    await alice.post(f"/api/v1/polls/{asked['poll']['id']}/votes", {"choices": [0]})
    answered, ignored = await bob.posts("a fox"), await bob.posts("a fox")
    answer = await alice.replies(answered, "yes")
    await server.drain()
    assert set(await posts(alice, "fox")) == {*kept.values(), asked["id"], answered["id"]}
    assert ignored["id"] not in await posts(alice, "fox in:library")
    for verb in kept:
        await alice.post(f"/api/v1/statuses/{kept[verb]}/un{verb}")
    await alice.api("DELETE", f"/api/v1/statuses/{answer['id']}")
    await server.drain()
    assert await posts(alice, "fox") == [asked["id"]]


async def test_an_edited_post_is_found_by_its_new_words_and_a_deleted_one_by_none(server: Node) -> None:
    alice = await server.person("alice")
    post = await alice.posts("a fox")
    await server.drain()
    await alice.api("PUT", f"/api/v1/statuses/{post['id']}", json={"status": "a bear"})
    await server.drain()
    assert (await posts(alice, "fox"), await posts(alice, "bear")) == ([], [post["id"]])
    await alice.api("DELETE", f"/api/v1/statuses/{post['id']}")
    assert await posts(alice, "bear") == []


async def test_posts_from_before_there_was_an_index_are_filled_in(
    server: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "CHUNK", 2)
    monkeypatch.setattr(search, "CHUNKS_PER_JOB", 2)
    alice = await server.person("alice")
    made = [(await alice.posts(f"fox {number}"))["id"] for number in range(9)]
    await server.drain()
    async with server.db.transaction() as conn:
        await conn.execute("delete from status_words")
    assert await posts(alice, "fox") == []
    async with server.db.transaction() as conn:
        await jobs.enqueue(conn, search.JOB, {}, queue="slow", key="all")
    await drain(server)
    assert await posts(alice, "fox") == made[::-1]


async def test_pages_by_offset_hold_each_post_once(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        rita = await factories.remote(conn, "rita", indexable=True)
        for number in range(12):
            await factories.status(conn, (rita, alice.account_id)[number % 2], content="fox")
    await server.drain()
    found = await posts(alice, "fox")
    assert len(found) == 12
    pages = [await posts(alice, "fox", limit=5, offset=offset) for offset in (0, 5, 10, 15)]
    assert [each for page in pages for each in page] == found
