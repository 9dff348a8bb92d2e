"""Who am I, what others see of me, and how I post by default."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from tests.support import factories
from tests.support.servers import Node, Person

pytestmark = pytest.mark.anyio

UPDATE = "/api/v1/accounts/update_credentials"


async def update(person: Person, **body: Any) -> Any:
    return await person.api("PATCH", UPDATE, json=body)


def png(width: int = 20, height: int = 10) -> bytes:
    file = BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, "PNG")
    return file.getvalue()


async def test_verify_credentials_tells_the_owner_what_they_typed(server: Node) -> None:
    alice = await server.person("alice")
    me = await alice.get("/api/v1/accounts/verify_credentials")
    assert (me["id"], me["acct"], me["source"]["privacy"], me["source"]["note"]) == (alice.id, "alice", "public", "")
    changed = await update(
        alice,
        display_name="  Alice \u202eevil\n Smith ",
        note="Hello\nworld <b> #cats",
        locked=True,
        bot=True,
        discoverable=False,
        indexable=True,
        hide_collections=True,
        attribution_domains=["https://Example.ORG/", "blog.test"],
        source={"privacy": "unlisted", "sensitive": True, "language": "de-AT"},
    )
    assert changed["display_name"] == "Alice evil Smith"
    assert changed["note"].startswith("<p>Hello<br />world &lt;b&gt; <a href=")
    flags = ("locked", "bot", "discoverable", "indexable", "hide_collections")
    assert tuple(changed[name] for name in flags) == (True, True, False, True, True)
    source = changed["source"]
    assert source["note"] == "Hello\nworld <b> #cats"
    assert (source["privacy"], source["sensitive"], source["language"]) == ("unlisted", True, "de")
    assert source["attribution_domains"] == ["example.org", "blog.test"]
    assert await alice.get("/api/v1/accounts/verify_credentials") == changed
    async with server.db.read() as conn:
        assert await conn.fetchval("select type from accounts where id = $1", alice.account_id) == "Service"
        assert await conn.fetchval("select count(*) from jobs where name = 'AccountUpdated'") == 1


async def test_what_is_not_given_stays(server: Node) -> None:
    alice = await server.person("alice")
    await update(alice, display_name="Alice", note="Hi", fields_attributes=[{"name": "a", "value": "b"}], locked=True)
    before = await update(alice, source={"language": "fr"})
    after = await update(alice, bot=False)
    assert after == before
    cleared = await update(alice, note="", display_name="", fields_attributes=[], source={"language": ""})
    assert (cleared["note"], cleared["display_name"], cleared["fields"]) == ("", "", [])
    assert cleared["source"]["language"] is None
    assert cleared["locked"]


@pytest.mark.parametrize(
    "kwargs",
    [
        {"json": {"fields_attributes": [{"name": "Site", "value": "https://a.test"}, {"name": "", "value": ""}]}},
        {
            "json": {
                "fields_attributes": {"0": {"name": "Site", "value": "https://a.test"}, "1": {"name": "", "value": ""}}
            }
        },
        {"data": {"fields_attributes[0][name]": "Site", "fields_attributes[0][value]": "https://a.test"}},
        {"params": {"fields_attributes[0][name]": "Site", "fields_attributes[0][value]": "https://a.test"}},
        {
            "files": {"unknown": b""},
            "data": {"fields_attributes[0][name]": "Site", "fields_attributes[0][value]": "https://a.test"},
        },
    ],
)
async def test_fields_come_in_every_form(server: Node, kwargs: dict[str, Any]) -> None:
    alice = await server.person("alice")
    changed = await alice.api("PATCH", UPDATE, **kwargs)
    (field,) = changed["fields"]
    assert field["name"] == "Site"
    assert 'rel="nofollow noopener me"' in field["value"]
    assert changed["source"]["fields"] == [{"name": "Site", "value": "https://a.test", "verified_at": None}]


async def test_put_is_patch(server: Node) -> None:
    alice = await server.person("alice")
    assert (await alice.api("PUT", UPDATE, data={"display_name": "Al"}))["display_name"] == "Al"


async def test_known_people_are_linked_in_a_biography_and_strangers_are_not_looked_up(server: Node) -> None:
    alice, _ = await server.person("alice"), await server.person("bob")
    async with server.db.transaction() as conn:
        await factories.remote(conn, "rita", "far.test")
    changed = await update(alice, note="with @bob, @rita@far.test and @nobody@else.test :blob:")
    assert 'href="https://example.test/@bob"' in changed["note"]
    assert 'href="https://far.test/@rita"' in changed["note"]
    assert "@nobody@else.test" in changed["note"]
    assert server.network.seen == []
    async with server.db.read() as conn:
        assert await conn.fetchval("select emojis from accounts where id = $1", alice.account_id) == ["blob"]
    await update(alice, display_name="Alice :cat:")
    async with server.db.read() as conn:
        assert sorted(await conn.fetchval("select emojis from accounts where id = $1", alice.account_id)) == [
            "blob",
            "cat",
        ]


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"display_name": "x" * 65}, "display_name", "ERR_TOO_LONG"),
        ({"note": "x" * 1001}, "note", "ERR_TOO_LONG"),
        ({"avatar_description": "x" * 10_001}, "avatar_description", "ERR_TOO_LONG"),
        ({"fields_attributes": [{"name": "a", "value": "x" * 256}]}, "fields", "ERR_TOO_LONG"),
        ({"fields_attributes": [{"name": "", "value": "x"}]}, "fields", "ERR_BLANK"),
        ({"fields_attributes": [{"name": str(n), "value": "x"} for n in range(7)]}, "fields", "ERR_INVALID"),
        ({"attribution_domains": ["a b"]}, "attribution_domains", "ERR_INVALID"),
        ({"attribution_domains": [f"{n}.test" for n in range(11)]}, "attribution_domains", "ERR_INVALID"),
        ({"source": {"language": "klingonese"}}, "language", "ERR_INVALID"),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_changed(server: Node, body: Any, field: str, code: str) -> None:
    alice = await server.person("alice")
    answer = await alice.api("PATCH", UPDATE, json={**body, "locked": True}, status=422)
    assert answer["error"].startswith("Validation failed: ")
    (detail,) = answer["details"][field]
    assert detail["error"] == code
    assert detail["description"]
    assert not (await alice.get("/api/v1/accounts/verify_credentials"))["locked"]


async def test_an_unknown_privacy_is_refused(server: Node) -> None:
    alice = await server.person("alice")
    await alice.api("PATCH", UPDATE, json={"source": {"privacy": "limited"}}, status=422)


async def test_a_long_address_counts_as_any_other(server: Node) -> None:
    alice = await server.person("alice")
    note = "x" * 970 + " https://a.test/" + "y" * 500
    assert (await update(alice, note=note))["source"]["note"] == note


async def test_pictures_are_uploaded_replaced_and_removed(server: Node) -> None:
    alice = await server.person("alice")
    bare = await alice.get("/api/v1/accounts/verify_credentials")
    files = {"avatar": ("a.png", png(), "image/png"), "header": ("h.png", png(40, 10), "image/png")}
    with_both = await alice.api("PATCH", UPDATE, files=files, data={"avatar_description": "teal"})
    assert with_both["avatar"].startswith("https://example.test/media/")
    assert with_both["avatar_description"] == "teal"
    assert with_both["header"] != bare["header"]
    replaced = await alice.api("PATCH", UPDATE, files={"avatar": ("a.png", png(5, 5), "image/png")})
    assert replaced["avatar"] != with_both["avatar"]
    assert replaced["header"] == with_both["header"]
    old = server.app.blobs.path(with_both["avatar"].removeprefix("https://example.test/media/"))
    assert old.exists()
    await server.drain()
    assert not old.exists()
    removed = await alice.api("DELETE", "/api/v1/profile/avatar")
    assert (removed["avatar"], removed["avatar_description"]) == (bare["avatar"], "")
    assert (await alice.api("DELETE", "/api/v1/profile/header"))["header"] == bare["header"]
    await alice.api("DELETE", "/api/v1/profile/header")


async def test_what_is_no_image_is_refused(server: Node) -> None:
    alice = await server.person("alice")
    answer = await alice.api("PATCH", UPDATE, files={"avatar": ("a.png", b"<svg/>", "image/png")}, status=422)
    assert answer["error"].startswith("Validation failed")


async def test_preferences_follow_the_settings(server: Node) -> None:
    alice = await server.person("alice")
    assert (await alice.get("/api/v1/preferences"))["posting:default:language"] is None
    await update(alice, source={"privacy": "private", "sensitive": True, "language": "en"})
    answer = await alice.get("/api/v1/preferences")
    assert answer["posting:default:visibility"] == "private"
    assert answer["posting:default:sensitive"] is True
    assert answer["posting:default:language"] == "en"


async def test_every_route_wants_its_scope(server: Node) -> None:
    reader = await server.person("reader", scopes="read:statuses write:statuses follow push")
    badge = await server.person("badge", scopes="profile")
    routes = [
        ("GET", "/api/v1/accounts/verify_credentials"),
        ("PATCH", UPDATE),
        ("PUT", UPDATE),
        ("DELETE", "/api/v1/profile/avatar"),
        ("DELETE", "/api/v1/profile/header"),
        ("GET", "/api/v1/preferences"),
    ]
    for method, path in routes:
        await server.api(method, path, status=401)
        await reader.api(method, path, status=403)
    assert (await badge.get("/api/v1/accounts/verify_credentials"))["username"] == "badge"
    await badge.api("PATCH", UPDATE, status=403)
