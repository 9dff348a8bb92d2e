"""The payloads that must not have the effect they ask for, each in the state that makes it wrong.

`negative/README.md` says where they come from. Their hosts and ids are placeholders: our server is the one that they
call theirs, and the others are replaced by what they stand for here.
"""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.puppet import PUBLIC, Puppet
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

JSON = dict[str, Any]
PAYLOADS = Path(__file__).with_name("negative")
OURS = "cb6e6126.ngrok.io"
CASES: dict[str, Callable[["Stage", JSON], Awaitable[None]]] = {}


class Stage(msgspec.Struct, frozen=True):
    node: Node
    alice: Person
    far: Puppet  # example.com

    def puppet(self, host: str) -> Puppet:
        return Puppet(self.node.network, host)

    async def hears(self, puppet: Puppet, document: JSON, signer: JSON) -> int:
        answer = await puppet.send(self.node, document, signer)
        await drain(self.node)
        return answer.status_code

    async def finds(self, query: str, kind: str) -> list[Any]:
        found = await self.alice.get("/api/v2/search", q=query, type=kind, resolve="true")
        await drain(self.node)
        return list(found[kind])

    async def posts(self) -> int:
        async with self.node.db.read() as conn:
            return int(await conn.fetchval("select count(*) from statuses where not is_local"))


def case(*names: str) -> Callable[[Any], Any]:
    def add(scene: Any) -> Any:
        CASES.update(dict.fromkeys(names, scene))
        return scene

    return add


def negative() -> list[str]:
    return sorted(path.stem for path in PAYLOADS.glob("*.json"))


def test_every_one_is_here() -> None:
    assert CASES.keys() == set(negative())
    assert len(CASES) == 22


@pytest.mark.parametrize("name", negative())
async def test_it_has_no_effect(servers: Any, name: str) -> None:
    [node] = await servers(OURS)
    stage = Stage(node, await node.person("alice"), Puppet(node.network, "example.com"))
    await CASES[name](stage, json.loads((PAYLOADS / f"{name}.json").read_text()))


# ------------------------------------------------------------ consent


@case("accept-1326-accept")
async def _an_accept_without_a_stamp(stage: Stage, payload: JSON) -> None:
    author = stage.far.actor("user28")
    quoted = stage.far.note(
        author, "110031", interactionPolicy={"canQuote": {"automaticApproval": [], "manualApproval": [PUBLIC]}}
    )
    seen = await stage.alice.sees(quoted["id"])
    quoting = await stage.alice.posts("look", quoted_status_id=seen["id"])
    await drain(stage.node)
    [asked] = [each for each in stage.far.inbox if each["type"] == "QuoteRequest"]
    answer = {**payload, "id": "https://example.com/accepts/1", "object": asked, "actor": author["id"]}
    assert await stage.hears(stage.far, answer, author) == 202
    assert (await stage.alice.get(f"/api/v1/statuses/{quoting['id']}"))["quote"]["state"] == "pending"


@case("verify_quote_service-1728-quoteauthorization")
async def _a_stamp_with_the_quoted_post_inside_of_it(stage: Stage, payload: JSON) -> None:
    a, b = stage.puppet("a.example.com"), stage.puppet("b.example.com")
    quoter, author = a.actor("user2129"), b.actor("user2128")
    b.documents["/approvals/1234"] = {**payload, "attributedTo": author["id"]}
    quoted = payload["interactionTarget"]["id"]
    note = a.note(quoter, "112130", quote=quoted, quoteAuthorization=payload["id"])
    a.documents["/users/user2129/statuses/112130"] = note = {**note, "id": payload["interactingObject"]}
    await stage.hears(a, a.create(note), quoter)
    [shown] = await stage.finds(note["id"], "statuses")
    assert shown["quote"] is None or shown["quote"]["state"] != "accepted"
    assert await stage.finds(quoted, "statuses") == []


async def _collection(stage: Stage, host: str, items: list[JSON]) -> tuple[Puppet, JSON, JSON]:
    """Somebody's collection as it is added to those of its maker, whom Alice follows."""
    puppet = stage.far if host == stage.far.host else stage.puppet(host)
    maker = puppet.actor("maker", featuredCollections=f"https://{host}/users/maker/collections")
    [account] = await stage.finds(f"@maker@{host}", "accounts")
    await stage.alice.post(f"/api/v1/accounts/{account['id']}/follow")
    made = {
        "@context": "https://www.w3.org/ns/activitystreams", "id": f"https://{host}/lists/1", "name": "People",
        "type": "FeaturedCollection", "attributedTo": maker["id"], "totalItems": len(items), "orderedItems": items,
        "discoverable": True, "published": "2026-04-16T01:00:00Z",
    }  # fmt: skip
    puppet.documents["/lists/1"] = made
    added = puppet.activity("Add", maker, made, "add", target=maker["featuredCollections"])
    assert await stage.hears(puppet, added, maker) == 202
    return puppet, maker, account


async def _members(stage: Stage, account: JSON) -> list[str]:
    [found] = (await stage.alice.get(f"/api/v1/accounts/{account['id']}/collections"))["collections"]
    whole = (await stage.alice.get(f"/api/v1/collections/{found['id']}"))["collection"]
    return [each["state"] for each in whole["items"]]


@case("process_featured_item_service-1628-featureditem", "process_featured_item_service-1630-featureditem")
async def _an_item_without_consent_of_its_own(stage: Stage, payload: JSON) -> None:
    person = stage.far.actor("person", id="https://example.com/actor/1", inbox="https://example.com/actor/1/inbox")
    stage.far.documents["/actor/1"] = person
    stage.far.documents["/hashtags/people"] = {
        "@context": "https://www.w3.org/ns/activitystreams", "id": "https://example.com/hashtags/people",
        "type": "Hashtag", "name": "#people",
    }  # fmt: skip
    stamp = {
        "@context": "https://www.w3.org/ns/activitystreams", "type": "FeatureAuthorization",
        "id": payload["featureAuthorization"], "interactionTarget": payload["featuredObject"],
        "interactingObject": "https://other.example.com/lists/1",
    }  # fmt: skip
    stage.far.documents["/auth/1"] = stamp
    puppet, _, account = await _collection(stage, "other.example.com", [payload])
    puppet.documents["/auth/1"] = stamp
    await drain(stage.node)
    assert "accepted" not in await _members(stage, account)


@case("verify_featured_item_service-1721-featureauthorization")
async def _a_stamp_of_another_account(stage: Stage, payload: JSON) -> None:
    person = stage.far.actor("person", id="https://example.com/actor/1", inbox="https://example.com/actor/1/inbox")
    stage.far.documents["/actor/1"] = person
    stage.far.documents["/auth/1"] = {**payload, "interactingObject": "https://other.example.com/lists/1"}
    item = {
        "id": "https://other.example.com/items/1", "type": "FeaturedItem", "featuredObject": person["id"],
        "featuredObjectType": "Person", "featureAuthorization": payload["id"],
    }  # fmt: skip
    _, _, account = await _collection(stage, "other.example.com", [item])
    assert "accepted" not in await _members(stage, account)


# ------------------------------------------------------------ actors, handles, keys


@case("fetch_remote_account_service-1489-person")
async def _an_actor_without_an_inbox(stage: Stage, payload: JSON) -> None:
    stage.far.documents["/alice"] = payload
    stage.far.knows("alice@example.com", payload["id"])
    assert await stage.finds(payload["id"], "accounts") == []
    assert await stage.finds("@alice@example.com", "accounts") == []


@case("fetch_remote_account_service-1491-webfinger", "fetch_remote_account_service-1492-webfinger")
async def _a_handle_that_is_somebody_elses(stage: Stage, payload: JSON) -> None:
    actor = stage.far.actor("alice", id="https://example.com/alice", inbox="https://example.com/alice/inbox")
    stage.far.documents["/alice"] = actor
    subject = payload["subject"].removeprefix("acct:")
    stage.far.knows("alice@example.com", actor["id"], subject=subject)
    asked = stage.far if subject.endswith("@example.com") else stage.puppet("iscool.af")
    asked.documents[f"/.well-known/webfinger?resource=acct%3A{subject.replace('@', '%40')}"] = payload
    assert await stage.finds(actor["id"], "accounts") == []


@case("resolve_account_service-1675-webfinger")
async def _a_handle_that_leads_on_and_on(stage: Stage, payload: JSON) -> None:
    one, two, three = [stage.puppet(host) for host in ("redirected.com", "evil.example.com", "ap.example.com")]
    actor = three.actor("foo")
    one.knows("foo@redirected.com", actor["id"], subject="foo@evil.example.com")
    two.documents["/.well-known/webfinger?resource=acct%3Afoo%40evil.example.com"] = {
        **payload, "subject": "acct:foo@further.example.com"
    }  # fmt: skip
    three.knows("foo@ap.example.com", actor["id"], subject="foo@evil.example.com")
    assert await stage.finds("@foo@redirected.com", "accounts") == []


@case(
    "fetch_remote_key_service-1496-person", "fetch_remote_key_service-1502-multikey",
    "fetch_remote_key_service-1505-multikey",
)  # fmt: skip
async def _a_key_that_its_owner_does_not_name(stage: Stage, payload: JSON) -> None:
    """The attacker has the key that they publish; the one of the owner is another."""
    genuine = stage.far.actor("alice", id="https://example.com/alice", inbox="https://example.com/alice/inbox")
    mallory = stage.far.actor("mallory", key=5)
    named = "https://example.com/alice-public-key.json"
    owner = {**genuine, **(payload if payload["type"] == "Person" else {}), "publicKey": named}
    stage.far.documents["/alice"] = owner
    stage.far.documents["/alice-public-key.json"] = {**genuine["publicKey"], "id": named}
    fake = {
        "@context": "https://w3id.org/security/v1", "id": "https://example.com/fake-public-key.json",
        "owner": owner["id"], "publicKeyPem": mallory["publicKey"]["publicKeyPem"],
    }  # fmt: skip
    stage.far.documents["/fake-public-key.json"] = fake if payload["type"] == "Person" else {**payload, **fake}
    signer = {**mallory, "publicKey": {**mallory["publicKey"], "id": fake["id"]}}
    note = stage.far.note(genuine, "1")
    forged = {**stage.far.create(note), "actor": owner["id"]}
    assert await stage.hears(stage.far, forged, signer) == 401
    assert await stage.posts() == 0


# ------------------------------------------------------------ posts that are somebody else's


@case("fetch_remote_status_service-1515-create")
async def _a_create_of_a_post_on_another_host(stage: Stage, payload: JSON) -> None:
    foo = stage.puppet("foo.bar")
    actor = foo.actor("foo", id="https://foo.bar", inbox="https://foo.bar/inbox")
    foo.documents["/"] = actor
    foo.documents["/@foo/1234/create"] = payload
    stage.puppet("real.address").documents["/@foo/1234"] = payload
    assert await stage.finds(payload["id"], "statuses") == []
    assert await stage.finds(payload["object"]["id"], "statuses") == []
    assert await stage.posts() == 0


@case("linked_data_signature-1548-note", "object_integrity_proof-1555-create", "process_activity_service-1619-create")
async def _something_of_somebody_elses_that_proves_nothing(stage: Stage, payload: JSON) -> None:
    mallory = stage.far.actor("mallory")
    if payload["type"] == "Create":
        # Its actor is there, and nothing of what they are said to have written.
        host = payload["actor"].split("/")[2]
        puppet = stage.far if host == "example.com" else stage.puppet(host)
        puppet.actor(payload["actor"].rpartition("/")[2])
    assert await stage.hears(stage.far, payload, mallory) in {202, 400, 401}
    assert await stage.posts() == 0


@case("block-1350-undo")
async def _a_block_that_was_undone_before_it_came(stage: Stage, payload: JSON) -> None:
    sender = stage.far.actor("user139")
    block = {
        **payload["object"],
        "id": "https://example.com/blocks/1",
        "actor": sender["id"],
        "object": stage.alice.uri,
    }
    undo = {**payload, "id": "https://example.com/undos/1", "actor": sender["id"], "object": block}
    await stage.hears(stage.far, undo, sender)
    await stage.hears(stage.far, block, sender)
    [account] = await stage.finds("@user139@example.com", "accounts")
    [standing] = await stage.alice.get("/api/v1/accounts/relationships", **{"id[]": account["id"]})
    assert standing["blocked_by"] is False


# ------------------------------------------------------------ edits that are none


async def _updated(stage: Stage, content: str, payload: JSON, **more: Any) -> tuple[JSON, JSON]:
    """A post as it was, and as it is after an Update with the payload's properties."""
    author = stage.far.actor("pat")
    note = stage.far.note(author, "1", content=content, **more)
    await stage.alice.sees(note["id"])
    before = await stage.alice.sees(note["id"])
    changed = {**note, **payload, "id": note["id"]}
    stage.far.documents["/notes/1"] = changed
    assert await stage.hears(stage.far, stage.far.activity("Update", author, changed, "update"), author) == 202
    return before, await stage.alice.sees(note["id"])


@case("process_status_update_service-1633-note")
async def _what_changed_is_not_shown(stage: Stage, payload: JSON) -> None:
    content = '<p>Hello world <a href="https://joinmastodon.org" rel="nofollow">joinmastodon.org</a></p>'
    before, after = await _updated(stage, content, payload, published="2021-09-01T00:00:00Z")
    assert (after["edited_at"], after["content"]) == (None, before["content"])
    assert len(await stage.alice.get(f"/api/v1/statuses/{after['id']}/history")) == 1


@case("process_status_update_service-1634-note", "process_status_update_service-1638-note")
async def _nobody_said_that_it_was_edited(stage: Stage, payload: JSON) -> None:
    before, after = await _updated(stage, "<p>Hello world</p>", payload)
    assert (after["edited_at"], after["content"]) == (None, before["content"])
    assert len(await stage.alice.get(f"/api/v1/statuses/{after['id']}/history")) == 1


@case("process_status_update_service-1637-question")
async def _a_poll_with_other_options(stage: Stage, payload: JSON) -> None:
    options = [{**each, "replies": {"type": "Collection", "totalItems": 0}} for each in payload["oneOf"][:2]]
    ends = "2099-01-01T00:00:00Z"
    more = {"type": "Question", "oneOf": options, "endTime": ends}
    before, after = await _updated(stage, "<p>Hello world</p>", {**payload, "endTime": ends}, **more)
    assert (after["edited_at"], after["content"], after["poll"]["options"]) == (
        None, before["content"], before["poll"]["options"],
    )  # fmt: skip


@case("process_status_update_service-1650-note")
async def _a_quote_that_cannot_be_verified(stage: Stage, payload: JSON) -> None:
    quoted = stage.puppet("quoted.example.com")
    author = quoted.actor("user1940")
    note = quoted.note(author, "111941")
    quoted.documents["/users/user1940/statuses/111941"] = {**note, "id": payload["quote"]}
    _, after = await _updated(stage, "<p>Hello universe</p>", payload, summary="Show more")
    assert after["quote"] is None or after["quote"]["state"] == "pending"
