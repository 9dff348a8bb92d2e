"""What we send is in the shape that every known parser accepts."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from federation.vocab import activity, actor, audience, collection, context, note, question
from federation.vocab.attachment import Attachment, Image
from federation.vocab.tag import Emoji, Hashtag, Mention

NOW = datetime(2026, 6, 1, 12, 30, 15, 123456, tzinfo=UTC)
ALICE = "https://a.test/users/alice"
BOB = "https://b.test/users/bob"
POST = "https://a.test/users/alice/statuses/115"

# Terms of the ActivityStreams and security contexts that we use; everything else must be declared.
KNOWN_TERMS = set(
    """
    @context id type actor object target to cc published updated content contentMap summary name url href mediaType
    attributedTo inReplyTo attachment tag replies likes shares source width height duration icon image context
    totalItems first last next prev partOf items orderedItems oneOf anyOf endTime closed inbox outbox followers
    following endpoints sharedInbox preferredUsername publicKey owner publicKeyPem
    generator Application
    Note Question Create Update Delete Undo Accept Reject Like Announce Follow Block Flag Add Remove Move Tombstone
    Mention Image Document Person Service Collection OrderedCollection CollectionPage OrderedCollectionPage
    """.split()
)


def full_note(**changes: Any) -> note.Outgoing:
    to = audience.audience("public", f"{ALICE}/followers", [BOB])
    values: dict[str, Any] = {
        "id": POST,
        "url": "https://a.test/@alice/115",
        "author": ALICE,
        "to": to.to,
        "cc": to.cc,
        "content": "<p>hi</p>",
        "published": NOW,
        "updated": NOW.replace(hour=13),
        "language": "en",
        "summary": "careful",
        "sensitive": True,
        "source": note.Source("hi"),
        "in_reply_to": "https://b.test/1",
        "conversation": "https://b.test/contexts/1",
        "context": "https://b.test/contexts/1",
        "attachments": (
            Attachment(
                kind="image", url="https://a.test/m/1.png", media_type="image/png", description="a cat", width=4,
                height=3, blurhash="LEHV6nWB2yk8pyo0adR*.7kCMdnj", focus=(0.123456, -1.0),
            ),
            Attachment(kind="video", url="https://a.test/m/2.mp4", media_type="video/mp4", duration=1.5),
        ),
        "mentions": (Mention(BOB, "@bob@b.test"),),
        "hashtags": (Hashtag("Cats", "https://a.test/tags/cats"),),
        "emojis": (Emoji("blob", "https://a.test/e/blob.png", "image/png", "https://a.test/emojis/1", NOW),),
        "replies": f"{POST}/replies",
        "likes": f"{POST}/likes",
        "shares": f"{POST}/shares",
    }  # fmt: skip
    return note.Outgoing(**{**values, **changes})


def poll() -> question.Poll:
    options = (question.Option("yes", 2), question.Option("no"))
    return question.Poll(options=options, multiple=True, ends=NOW, closed=NOW, voters=2)


def full_actor(**changes: Any) -> actor.Outgoing:
    values: dict[str, Any] = {
        "id": ALICE, "type": "Person", "username": "alice", "webfinger": "alice@a.test", "inbox": f"{ALICE}/inbox",
        "shared_inbox": "https://a.test/inbox", "outbox": f"{ALICE}/outbox", "followers": f"{ALICE}/followers",
        "following": f"{ALICE}/following", "featured": f"{ALICE}/featured", "featured_tags": f"{ALICE}/tags",
        "url": "https://a.test/@alice", "name": "Alice", "summary": "<p>me</p>",
        "icon": Image("https://a.test/i.png", "image/png", "me"), "image": Image("https://a.test/h.png", "image/png"),
        "fields": (actor.Field("Site", "<p>x</p>"),), "emojis": (Emoji("b", "https://a.test/b.png", "image/png"),),
        "hashtags": (Hashtag("x", "https://a.test/tags/x"),), "locked": True, "discoverable": True, "indexable": True,
        "memorial": True, "suspended": True, "moved_to": BOB, "aliases": (BOB,), "attribution_domains": ("x.test",),
        "published": NOW, "key_id": f"{ALICE}#main-key", "public_key_pem": "PEM", "multikey_id": f"{ALICE}#ed25519-key",
        "multikey": "z6Mk",
    }  # fmt: skip
    return actor.Outgoing(**{**values, **changes})


def everything() -> dict[str, dict[str, Any]]:
    post, follow = note.render(full_note()), activity.follow(f"{BOB}#follows/1", BOB, ALICE)
    boost = activity.Boost(
        id=f"{POST}/activity", actor=ALICE, object="https://b.test/1", to=[audience.PUBLIC], cc=[BOB], published=NOW
    )
    vote = question.Vote(
        id=f"{ALICE}/votes/1", voter=ALICE, poll="https://b.test/q", author=BOB, option="yes", published=NOW
    )
    page = collection.Page(
        id=f"{ALICE}/outbox?page=1", part_of=f"{ALICE}/outbox", items=[POST], next="https://a.test/n"
    )
    return {
        "note": post,
        "question": note.render(full_note(poll=poll())),
        "direct": note.render(full_note(direct=True, to=(BOB,), cc=())),
        "actor": actor.render(full_actor()),
        "create": activity.create(post),
        "update": activity.update(post, at=NOW),
        "update actor": activity.update(actor.render(full_actor()), at=NOW),
        "delete": activity.delete(ALICE, POST, cc=[BOB]),
        "delete actor": activity.delete(ALICE, ALICE),
        "announce": activity.announce(boost),
        "like": activity.like(f"{ALICE}#likes/1", ALICE, "https://b.test/1", author=BOB),
        "follow": follow,
        "accept": activity.accept(f"{ALICE}#accepts/1", ALICE, follow),
        "reject": activity.reject(f"{ALICE}#rejects/1", ALICE, follow),
        "undo follow": activity.undo(f"{BOB}#undo/1", BOB, follow),
        "undo announce": activity.undo(f"{ALICE}#undo/1", ALICE, activity.announce(boost)),
        "block": activity.block(f"{ALICE}#blocks/1", ALICE, BOB),
        "flag": activity.flag("https://a.test/flags/1", "https://a.test/actor", [BOB, "https://b.test/1"], content="x"),
        "add": activity.add(f"{POST}#add", ALICE, POST, target=f"{ALICE}/featured"),
        "remove": activity.remove(f"{POST}#remove", ALICE, POST, target=f"{ALICE}/featured"),
        "move": activity.move(f"{ALICE}#moves/1", ALICE, BOB, followers=f"{ALICE}/followers"),
        "vote": question.vote(vote),
        "collection": collection.render(f"{ALICE}/outbox", 3, first=f"{ALICE}/outbox?page=1", last="https://a.test/l"),
        "page": collection.render_page(page),
        "whole": collection.render_whole(f"{ALICE}/featured", [context.bare(post)]),
    }


def depth(value: Any) -> int:
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return 1 + max((depth(item) for item in inner), default=0)
    return 0


def walk(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        return [value, *(found for name, item in value.items() if name != "@context" for found in walk(item))]
    return [found for item in value for found in walk(item)] if isinstance(value, list) else []


def declared(document: dict[str, Any]) -> set[str]:
    contexts = document["@context"] if isinstance(document["@context"], list) else [document["@context"]]
    return {name for entry in contexts if isinstance(entry, dict) for name in entry}


@pytest.mark.parametrize("name", everything())
class TestEveryDocument:
    def test_is_shallow_small_and_ordered_the_same_each_time(self, name: str) -> None:
        document = everything()[name]
        assert depth(document) <= 7
        assert len(orjson.dumps(document)) < 60_000
        assert orjson.dumps(document) == orjson.dumps(everything()[name])

    def test_has_one_context_in_front_with_only_declared_and_used_terms(self, name: str) -> None:
        document = everything()[name]
        assert next(iter(document)) == "@context"
        used = {key for part in walk(document) for key in part} | {part.get("type") for part in walk(document)}
        languages = {key for part in walk(document) for key in part.get("contentMap", {})}
        assert used - languages - {None} <= KNOWN_TERMS | declared(document)
        prefixes = {term for term in declared(document) if term in {"toot", "schema", "ostatus", "litepub", "sec"}}
        assert declared(document) - prefixes <= used
        assert sum("@context" in part for part in walk(document)) == 1

    def test_holds_no_null_and_lists_where_lists_belong(self, name: str) -> None:
        for part in walk(everything()[name]):
            assert None not in part.values()
            assert isinstance(part.get("type", ""), str)
            for key in ("to", "cc", "tag", "attachment"):
                assert isinstance(part.get(key, []), list)
            for key in ("actor", "attributedTo", "inReplyTo", "url", "target"):
                assert isinstance(part.get(key, ""), str)
            assert not {"bto", "bcc"} & part.keys()
            assert set(part.get("to", [])) <= {audience.PUBLIC, ALICE, BOB, f"{ALICE}/followers"}

    def test_reads_back(self, name: str) -> None:
        document = everything()[name]
        if document["type"] in {"Note", "Question"}:
            assert note.parse(document).author == ALICE
        elif "inbox" in document:
            assert actor.parse(document).username == "alice"
        elif "Collection" in document["type"]:
            assert collection.parse(document).id == document["id"]
        else:
            parsed = activity.parse(document)
            assert parsed.actor in {ALICE, BOB, "https://a.test/actor"}
            assert parsed.object_id


def test_a_note_reads_back_as_what_was_written() -> None:
    out = full_note()
    parsed = note.parse(note.render(out), now=NOW.replace(hour=14))
    assert (parsed.id, parsed.url, parsed.author, parsed.content) == (out.id, out.url, out.author, out.content)
    assert (parsed.language, parsed.summary, parsed.sensitive) == ("en", "careful", True)
    assert (parsed.to, parsed.cc) == (out.to, out.cc)
    assert parsed.published == NOW.replace(microsecond=0)
    assert parsed.updated == NOW.replace(hour=13, microsecond=0)
    assert parsed.in_reply_to == out.in_reply_to
    assert parsed.mentions == out.mentions
    assert parsed.hashtags == out.hashtags
    assert parsed.emojis[0].shortcode == "blob"
    assert [a.description for a in parsed.attachments] == ["a cat", ""]
    assert parsed.attachments[0].focus == (0.1235, -1.0)
    assert parsed.attachments[1].duration == 1.5
    assert parsed.source == out.source


def test_a_poll_reads_back() -> None:
    parsed = note.parse(note.render(full_note(poll=poll())), now=NOW)
    assert parsed.type == "Question"
    assert parsed.poll == question.Poll(
        options=poll().options,
        multiple=True,
        ends=NOW.replace(microsecond=0),
        closed=NOW.replace(microsecond=0),
        voters=2,
    )


def test_an_edit_within_the_second_is_not_announced_as_one() -> None:
    assert "updated" not in note.render(full_note(updated=NOW.replace(microsecond=999_999)))


def test_what_is_absent_is_left_out() -> None:
    document = note.render(
        note.Outgoing(id=POST, url=POST, author=ALICE, to=(), cc=(), content="<p></p>", published=NOW)
    )
    assert not {"summary", "contentMap", "inReplyTo", "updated", "conversation", "source", "oneOf"} & document.keys()
    assert (document["to"], document["cc"], document["tag"], document["attachment"]) == ([], [], [], [])
    assert document["sensitive"] is False


def test_a_create_is_addressed_like_its_note_and_a_delete_is_a_tombstone() -> None:
    create = activity.create(note.render(full_note()))
    assert (create["to"], create["cc"]) == (create["object"]["to"], create["object"]["cc"])
    assert create["id"] == f"{POST}/activity"
    assert activity.delete(ALICE, POST)["object"] == {"id": POST, "type": "Tombstone"}
    assert activity.delete(ALICE, ALICE)["object"] == ALICE


def test_answers_and_undos_embed_the_activity_flat_with_its_original_id() -> None:
    follow = {**activity.follow("https://b.test/f/1", BOB, ALICE), "object": {"id": ALICE, "type": "Person"}}
    core = {"id": "https://b.test/f/1", "type": "Follow", "actor": BOB, "object": ALICE}
    assert activity.accept(f"{ALICE}#a", ALICE, follow)["object"] == core
    assert activity.undo(f"{BOB}#u", BOB, follow)["object"] == core
    assert activity.accept(f"{ALICE}#a", ALICE, follow)["to"] == [BOB]
    assert activity.undo(f"{BOB}#u", BOB, follow)["to"] == [ALICE]


def test_a_vote_is_a_name_for_the_author_alone() -> None:
    cast = question.Vote(id=f"{ALICE}#v", voter=ALICE, poll="https://b.test/q", author=BOB, option="yes", published=NOW)
    document = question.vote(cast)
    assert document["object"]["name"] == "yes"
    assert "content" not in document["object"]
    assert (document["to"], document["cc"]) == ([BOB], [])
    embedded = activity.parse(document).object
    assert embedded is not None
    assert embedded.doc is not None
    assert note.parse(embedded.doc).is_vote


def test_a_plain_document_has_the_plain_context() -> None:
    assert activity.follow(f"{ALICE}#f", ALICE, BOB)["@context"] == ["https://www.w3.org/ns/activitystreams"]
    assert actor.render(full_actor())["@context"][:2] == [
        "https://www.w3.org/ns/activitystreams",
        "https://w3id.org/security/v1",
    ]
