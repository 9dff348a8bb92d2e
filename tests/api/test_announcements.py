"""Announcements and custom emojis: what the operators give to everybody."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PIL import Image

from federation.vocab import reaction
from fedi import errors
from fedi.effects.context import TOPIC
from fedi.services import announcements, emojis
from storage import announcements as rows
from tests.support import live
from tests.support.servers import Node, Person, queries

pytestmark = pytest.mark.anyio

PATH = "/api/v1/announcements"


def picture(width: int = 300, height: int = 150) -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", (width, height), (200, 30, 30, 128)).save(out, "PNG")
    return out.getvalue()


def listening(server: Node) -> list[Any]:
    """Live messages, as they are sent."""
    heard: list[Any] = []
    server.app.bus.subscribe(TOPIC, heard.append)
    return heard


async def reactions(person: Person) -> list[tuple[str, int, bool]]:
    (row,) = await person.get(PATH)
    return [(each["name"], each["count"], each["me"]) for each in row["reactions"]]


async def test_an_announcement_is_read_and_dismissed(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    ident = await announcements.create(server.app, "Maintenance <tonight>")
    (row,) = await alice.get(PATH)
    assert (row["id"], row["content"], row["read"]) == (str(ident), "<p>Maintenance &lt;tonight&gt;</p>", False)
    assert await alice.post(f"{PATH}/{ident}/dismiss") == {}
    assert await alice.get(PATH) == []
    (row,) = await alice.get(PATH, with_dismissed="true")
    assert row["read"]
    assert len(await bob.get(PATH)) == 1
    await server.api("GET", PATH, status=401)
    await alice.post(f"{PATH}/1/dismiss", status=404)


async def test_what_is_over_is_not_shown(server: Node) -> None:
    alice, now = await server.person("alice"), datetime.now(UTC)
    past = await announcements.create(server.app, "Past", ends_at=now - timedelta(minutes=1))
    await announcements.create(server.app, "Soon", starts_at=now + timedelta(days=2), all_day=True)
    await announcements.create(server.app, "Now", ends_at=now + timedelta(days=1))
    assert [row["content"] for row in await alice.get(PATH)] == ["<p>Now</p>", "<p>Soon</p>"]
    await alice.post(f"{PATH}/{past}/dismiss", status=404)


@pytest.mark.parametrize("text", ["", "  \n", "x" * 10_001])
async def test_an_announcement_says_something(server: Node, text: str) -> None:
    with pytest.raises(errors.Invalid):
        await announcements.create(server.app, text)


async def test_what_it_names_comes_with_it(server: Node) -> None:
    alice = await server.person("alice")
    await emojis.add(server.app, "party", picture())
    post, secret = await alice.posts("news"), await alice.posts("secret", visibility="private")
    text = f"@alice and @nobody say :party: #Fest {post['url']} {secret['url']}"
    await announcements.create(server.app, text)
    (row,) = await alice.get(PATH)
    assert [each["id"] for each in row["mentions"]] == [alice.id]
    assert row["mentions"][0]["url"] in row["content"]
    assert [each["name"] for each in row["tags"]] == ["fest"]
    assert row["statuses"] == [{"id": post["id"], "url": post["url"]}]
    assert [each["shortcode"] for each in row["emojis"]] == ["party"]


async def test_reactions_are_counted(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    await emojis.add(server.app, "party", picture())
    ident = await announcements.create(server.app, "Hello")
    for person, name in [(alice, "👍"), (alice, "👍"), (bob, "👍"), (bob, "party")]:
        assert await person.api("PUT", f"{PATH}/{ident}/reactions/{name}") == {}
    assert await reactions(alice) == [("👍", 2, True), ("party", 1, False)]
    (row,) = await alice.get(PATH)
    assert row["reactions"][1]["url"].endswith(".png")
    assert "url" not in row["reactions"][0]
    for _ in range(2):
        await alice.api("DELETE", f"{PATH}/{ident}/reactions/👍")
    assert await reactions(alice) == [("👍", 1, False), ("party", 1, False)]


@pytest.mark.parametrize("name", ["a", "hello", "👍👍", "%20", "5", "€", "x" * 200])
async def test_only_one_picture_is_a_reaction(server: Node, name: str) -> None:
    alice = await server.person("alice")
    ident = await announcements.create(server.app, "Hello")
    await alice.api("PUT", f"{PATH}/{ident}/reactions/{name}", status=422)


@pytest.mark.parametrize("name", ["👍", "❤️", "👨‍👩‍👧", "🇪🇺", "5️⃣", "👍🏽"])
def test_pictures(name: str) -> None:
    assert reaction.is_emoji(name)


async def test_there_are_at_most_eight_different_reactions(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    ident = await announcements.create(server.app, "Hello")
    for name in "🍏🍎🍐🍊🍋🍌🍉🍇":
        await alice.api("PUT", f"{PATH}/{ident}/reactions/{name}")
    await bob.api("PUT", f"{PATH}/{ident}/reactions/🍓", status=422)
    await bob.api("PUT", f"{PATH}/{ident}/reactions/🍇")
    assert len(await reactions(bob)) == 8


async def test_it_reaches_open_clients(server: Node) -> None:
    alice = await server.person("alice")
    heard = listening(server)
    ident = await announcements.create(server.app, "Hello")
    await server.drain()
    async with server.db.transaction() as conn:
        await rows.delete(conn, ident)
    await server.drain()
    assert [(list(each[0]), each[1], each[2]) for each in heard] == [
        ([f"user:{alice.id}"], "announcement", ident),
        ([f"user:{alice.id}"], "announcement.delete", ident),
    ]
    assert await alice.get(PATH) == []


async def test_an_open_client_hears_the_whole_of_it(server: Node) -> None:
    alice = await server.person("alice")
    async with live.listening(server) as url, live.socket(alice, "user", base_url=url) as socket:
        await announcements.create(server.app, "Hello @alice")
        await server.drain()
        assert await socket.event("announcement") == (await alice.get(PATH))[0]


async def test_the_list_costs_few_queries(server: Node) -> None:
    alice = await server.person("alice")
    for number in range(5):
        ident = await announcements.create(
            server.app, f"@alice #tag{number} :party: https://example.test/@alice/{number}"
        )
        await alice.api("PUT", f"{PATH}/{ident}/reactions/👍")
    with queries(at_most=7):  # one of them finds out who asks
        assert len(await alice.get(PATH)) == 5


# ------------------------------------------------------------ custom emojis


async def test_emojis_are_added_replaced_and_listed(server: Node) -> None:
    assert await server.api("GET", "/api/v1/custom_emojis") == []
    await emojis.add(server.app, "party", picture())
    await emojis.add(server.app, "Cat_2", picture(40, 60), "Animals")
    plain, cat = await server.api("GET", "/api/v1/custom_emojis")
    assert (plain["shortcode"], cat["shortcode"], cat["category"]) == ("party", "Cat_2", "Animals")
    assert "category" not in plain
    sizes = []
    for each in (plain, cat):
        with Image.open(server.app.settings.media_dir / each["url"].partition("/media/")[2]) as image:
            sizes.append(image.size)
    assert sizes == [(128, 64), (40, 60)]
    await emojis.add(server.app, "party", picture(10, 10))
    await server.drain()
    replaced = (await server.api("GET", "/api/v1/custom_emojis"))[0]
    assert replaced["url"] != plain["url"]


async def test_an_emoji_moves_if_its_picture_does(server: Node) -> None:
    out = io.BytesIO()
    frames = [Image.new("RGB", (256, 256), colour) for colour in ("red", "green")]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=100)
    await emojis.add(server.app, "blink", out.getvalue())
    (row,) = await server.api("GET", "/api/v1/custom_emojis")
    assert row["url"].endswith(".webp")
    assert row["static_url"].endswith(".png")


@pytest.mark.parametrize(("name", "data"), [("a", picture()), ("no way", picture()), ("ö_ö", picture()), ("ok", b"no")])
async def test_what_is_no_emoji(server: Node, name: str, data: bytes) -> None:
    with pytest.raises(errors.Invalid):
        await emojis.add(server.app, name, data)
    assert await server.api("GET", "/api/v1/custom_emojis") == []


async def test_an_emoji_of_ours_comes_with_the_posts_that_use_it(server: Node) -> None:
    alice = await server.person("alice")
    await emojis.add(server.app, "party", picture())
    post = await alice.posts("a :party: and :nothing:")
    assert [each["shortcode"] for each in post["emojis"]] == ["party"]
