"""What typed clients refuse to miss: one absent key, or one null, and a whole page of theirs stays empty.

`checker` holds every answer of every test against `facts/entities.json`; here that file is held against the clients.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.pictures import picture
from tests.support.servers import Node, drain

pytestmark = pytest.mark.anyio

_FACTS = Path(__file__).parents[1] / "support" / "facts"
REQUIRED: dict[str, list[str]] = json.loads((_FACTS / "required_fields.json").read_text())
ENTITIES: dict[str, Any] = {}
for path in sorted(_FACTS.glob("entities*.json")):
    ENTITIES |= json.loads(path.read_text())
# The key is required and null is a value: an end that does not come, a day without posts, totals that are hidden.
NULL_MEANS_SOMETHING = {
    ("FeaturedTag", "last_status_at"), ("MediaAttachment", "url"), ("Poll", "expires_at"),
    ("PollOption", "votes_count"), ("ScheduledParams", "visibility"), ("TrendLink", "blurhash"), ("TrendLink", "image"),
}  # fmt: skip
# Only with a person's token, or only where the event has any: looked at below.
SOMETIMES = {("Tag", "following"), ("Poll", "own_votes"), ("Announcement", "read"), ("Reaction", "me"),
             ("StreamMessage", "payload")}  # fmt: skip


def keys(entity: str) -> dict[str, str]:
    inherited = ENTITIES[entity].get("like")
    return {**(keys(inherited) if inherited else {}), **ENTITIES[entity].get("keys", {})}


def pairs() -> Iterator[tuple[str, str]]:
    yield from ((entity, field) for entity, fields in REQUIRED.items() for field in fields)


@pytest.mark.parametrize(("entity", "field"), sorted(set(pairs()) - SOMETIMES))
def test_a_required_field_is_always_there_and_never_null(entity: str, field: str) -> None:
    kind = keys(entity)[field]
    assert not kind.endswith("?") or (entity, field) in NULL_MEANS_SOMETHING


async def test_what_depends_on_the_viewer_is_there_for_a_person(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    asked = await alice.posts("?", poll={"options": ["yes", "no"], "expires_in": 3600})
    assert (await bob.get(f"/api/v1/polls/{asked['poll']['id']}"))["own_votes"] == []
    assert (await bob.get("/api/v1/tags/tea"))["following"] is False
    async with server.db.transaction() as conn:
        await conn.execute("insert into announcements (text, content) values ('News', '<p>News</p>')")
    [news] = await bob.get("/api/v1/announcements")
    assert news["read"] is False
    await bob.api("PUT", f"/api/v1/announcements/{news['id']}/reactions/🎉")
    [news] = await bob.get("/api/v1/announcements")
    assert news["reactions"][0]["me"] is True


async def test_a_picture_always_has_an_address(server: Node) -> None:
    """Android's official client throws away the page otherwise."""
    alice = await server.person("alice")
    made = await alice.api("POST", "/api/v2/media", files={"file": ("a.png", picture(), "image/png")})
    post = await alice.posts("", media_ids=[made["id"]])
    await drain(server)
    [shown] = post["media_attachments"]
    assert shown["url"]
    assert shown["preview_url"]
