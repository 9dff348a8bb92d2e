"""Each kind of activity that we send, made through the surface, beside the file of it in `golden/`.

Ids, moments, keys and the like are replaced by words, so that the files can be read. After a wanted change run
`WRITE_GOLDEN=1 pytest tests/federation/test_golden.py` and read what the diff says.
"""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from storage import hosts
from tests.support import outbound_lint
from tests.support.pictures import picture
from tests.support.puppet import PUBLIC, Puppet
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

JSON = dict[str, Any]
GOLDEN = Path(__file__).parent / "golden"
WRITES = "WRITE_GOLDEN" in os.environ

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_NUMBER = re.compile(r"(?<![\w])\d{5,}(?![\w])")
_FILE = re.compile(r"(?<=/)[0-9a-f]{2}/[0-9a-f]{32,}|[0-9a-f]{32,}")
_SECRET = {
    "publicKeyPem": "PEM",
    "publicKeyMultibase": "MULTIBASE",
    "proofValue": "PROOF",
    "signatureValue": "SIGNATURE",
}


class Scene:
    """Alice on our server, and a far one with Zed, who follows her."""

    def __init__(self, node: Node, far: Puppet, alice: Person, zed: JSON) -> None:
        self.node, self.far, self.alice, self.zed = node, far, alice, zed
        self._asked = 0

    async def sent(self) -> list[JSON]:
        """What the far server has got since it was asked last."""
        await drain(self.node)
        new = self.far.inbox[self._asked :]
        self._asked = len(self.far.inbox)
        return new

    async def one(self) -> JSON:
        found = await self.sent()
        assert len(found) == 1, [each["type"] for each in found]
        return found[0]

    async def receives(self, kind: str, obj: Any, name: str, **more: Any) -> None:
        document = self.far.activity(kind, self.zed, obj, name, **more)
        assert (await self.far.send(self.node, document, self.zed)).status_code == 202
        await drain(self.node)

    async def note(self, name: str, **more: Any) -> Any:
        """A post of Zed's as Alice sees it."""
        return await self.alice.sees(self.far.note(self.zed, name, **more)["id"])

    async def act(self, status: JSON, verb: str) -> None:
        await self.alice.post(f"/api/v1/statuses/{status['id']}/{verb}")

    async def zeds_id(self) -> str:
        found = await self.alice.get("/api/v2/search", q="zed@far.test", type="accounts", resolve="true")
        return str(found["accounts"][0]["id"])


@pytest.fixture
async def scene(servers: Any) -> Scene:
    [node] = await servers("example.test")
    far = Puppet(node.network, "far.test")
    alice, zed = await node.person("alice"), far.actor("zed")
    scene = Scene(node, far, alice, zed)
    await scene.receives("Follow", alice.uri, "follow")
    compare("accept_follow", await scene.one())
    return scene


def plain(value: Any, words: Callable[[str], str], name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: plain(each, words, key) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each, words, name) for each in value]
    if isinstance(value, str):
        return _SECRET.get(name) or words(value)
    return value


def normalised(document: JSON) -> JSON:
    """The same number is the same word throughout."""
    seen: dict[str, str] = {}

    def numbered(match: re.Match[str]) -> str:
        return seen.setdefault(match[0], f"NUMBER{len(seen) + 1}")

    def words(text: str) -> str:
        return _NUMBER.sub(numbered, _DATE.sub("MOMENT", _FILE.sub("FILE", text)))

    return dict(plain(document, words))


def compare(name: str, document: JSON) -> None:
    assert list(outbound_lint.document(json.dumps(document).encode())) == []
    text = json.dumps(normalised(document), indent=2, ensure_ascii=False, sort_keys=False) + "\n"
    path = GOLDEN / f"{name}.json"
    if WRITES:
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{name} differs; see the head of this file"


async def test_posts(scene: Scene) -> None:
    alice = scene.alice
    zed = await scene.note("asked", content="<p>who?</p>")
    files = {"file": ("cat.png", picture(), "image/png")}
    medium = await alice.api("POST", "/api/v2/media", files=files, data={"description": "a cat", "focus": "0.5,-0.25"})
    status = await alice.posts(
        "@zed@far.test look #Cats https://example.test/about",
        in_reply_to_id=zed["id"],
        media_ids=[medium["id"]],
        spoiler_text="a cat",
        sensitive=True,
        language="en",
    )
    compare("create_note", await scene.one())
    await alice.api("PUT", f"/api/v1/statuses/{status['id']}", json={"status": "gone is the cat", "language": "nl"})
    updated = await scene.one()
    compare("update_note", updated)
    await alice.api("DELETE", f"/api/v1/statuses/{status['id']}")
    compare("delete_note", await scene.one())


@pytest.mark.parametrize("visibility", ["public", "unlisted", "private", "direct"])
async def test_visibilities(scene: Scene, visibility: str) -> None:
    await scene.alice.posts("@zed@far.test hello", visibility=visibility, language="en")
    compare(f"create_note_{visibility}", await scene.one())


async def test_polls(scene: Scene) -> None:
    poll = {"options": ["yes", "no"], "expires_in": 3600, "multiple": True}
    await scene.alice.posts("well?", poll=poll, language="en")
    compare("create_question", await scene.one())
    note = await scene.note(
        "poll", type="Question", oneOf=[{"type": "Note", "name": "a"}, {"type": "Note", "name": "b"}]
    )
    await scene.alice.post(f"/api/v1/polls/{note['poll']['id']}/votes", {"choices": [1]})
    compare("create_vote", await scene.one())


async def test_favourites_boosts_and_reactions(scene: Scene) -> None:
    note = await scene.note("one")
    for verb, name in (("favourite", "like"), ("unfavourite", "undo_like"), ("reblog", "announce")):
        await scene.act(note, verb)
        compare(name, await scene.one())
    await scene.act(note, "unreblog")
    compare("undo_announce", await scene.one())
    path = f"/api/v1/pleroma/statuses/{note['id']}/reactions/🎉"
    await scene.alice.api("PUT", path)
    compare("like_with_emoji", await scene.one())
    await scene.alice.api("DELETE", path)
    compare("undo_like_with_emoji", await scene.one())
    async with scene.node.db.transaction() as conn:
        await hosts.set_software(conn, "far.test", "akkoma", None)
    await scene.alice.api("PUT", path)
    compare("emoji_react", await scene.one())
    await scene.alice.api("DELETE", path)
    compare("undo_emoji_react", await scene.one())


async def test_follows_and_blocks(scene: Scene) -> None:
    path = f"/api/v1/accounts/{await scene.zeds_id()}"
    for verb, name in (("follow", "follow"), ("unfollow", "undo_follow")):
        await scene.alice.post(f"{path}/{verb}")
        compare(name, await scene.one())
    await scene.alice.post(f"{path}/remove_from_followers")
    compare("reject_follow", await scene.one())
    for verb, name in (("block", "block"), ("unblock", "undo_block")):
        await scene.alice.post(f"{path}/{verb}")
        compare(name, await scene.one())


async def test_pins(scene: Scene) -> None:
    status = await scene.alice.posts("pin me")
    await scene.sent()
    for verb, name in (("pin", "add_pin"), ("unpin", "remove_pin")):
        await scene.act(status, verb)
        compare(name, await scene.one())


async def test_profiles(scene: Scene) -> None:
    body = {
        "display_name": "Alice",
        "note": "about me",
        "discoverable": True,
        "fields_attributes": [{"name": "x", "value": "y"}],
    }
    await scene.alice.api("PATCH", "/api/v1/accounts/update_credentials", json=body)
    compare("update_person", await scene.one())
    answer = await scene.far.get(scene.node, "/users/alice", scene.zed)
    compare("person", answer.json())
    answer = await scene.far.get(scene.node, "/actor", scene.zed)
    compare("application", answer.json())


async def test_reports(scene: Scene) -> None:
    note = await scene.note("bad")
    body = {"account_id": note["account"]["id"], "status_ids": [note["id"]], "comment": "spam", "forward": True}
    await scene.alice.post("/api/v1/reports", body)
    compare("flag", await scene.one())


async def test_quotes(scene: Scene) -> None:
    policy = {"canQuote": {"automaticApproval": [PUBLIC]}}
    note = await scene.note("quotable", interactionPolicy=policy)
    quoting = await scene.alice.posts("so true", quoted_status_id=note["id"], language="en")
    sent = {each["type"]: each for each in await scene.sent()}
    compare("create_quote", sent["Create"])
    compare("quote_request", sent["QuoteRequest"])
    stamp = {
        "id": "https://far.test/stamps/1",
        "type": "QuoteAuthorization",
        "attributedTo": scene.zed["id"],
        "interactingObject": quoting["uri"],
        "interactionTarget": note["uri"],
    }
    scene.far.documents["/stamps/1"] = {"@context": ["https://www.w3.org/ns/activitystreams"], **stamp}
    await scene.receives("Accept", sent["QuoteRequest"], "accepted", result=stamp["id"])
    compare("update_quote_with_stamp", await scene.one())


async def test_being_quoted(scene: Scene) -> None:
    status = await scene.alice.posts("quote me", quote_approval_policy="public")
    await scene.sent()
    note = scene.far.note(scene.zed, "quoting", quote=status["uri"])
    await scene.receives("QuoteRequest", status["uri"], "asks", instrument=note)
    accepted = await scene.one()
    compare("accept_quote_request", accepted)
    stamp = await scene.far.get(scene.node, accepted["result"].removeprefix("https://example.test"), scene.zed)
    compare("quote_authorization", stamp.json())
    [quoting] = await scene.alice.get(f"/api/v1/statuses/{status['id']}/quotes")
    await scene.alice.post(f"/api/v1/statuses/{status['id']}/quotes/{quoting['id']}/revoke")
    compare("delete_quote_authorization", (await scene.sent())[0])


async def test_collections(scene: Scene) -> None:
    status = await scene.alice.posts("@zed@far.test hello", language="en")
    await scene.sent()
    for name in "outbox", "followers", "outbox?page=true", f"statuses/{status['id']}/replies":
        answer = await scene.far.get(scene.node, f"/users/alice/{name}", scene.zed)
        compare(f"collection_{re.sub('[^a-z]+', '_', name.replace(status['id'], '')).strip('_')}", answer.json())


def test_every_file_is_of_something_that_is_sent() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    known = {path.stem for path in GOLDEN.glob("*.json")}
    assert {each for each in known if f'"{each}"' not in text and not each.startswith("collection_")} == {
        f"create_note_{each}" for each in ("public", "unlisted", "private", "direct")
    }
