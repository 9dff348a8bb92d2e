"""Shapes that implementations give to the same things; each with who writes it so."""

from datetime import UTC, datetime
from typing import Any

import pytest

from federation.vocab import activity, actor, normalise, note, reaction
from federation.vocab.actor import Field
from federation.vocab.audience import PUBLIC

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
BOB = "https://b.test/users/bob"
AS = "https://www.w3.org/ns/activitystreams#"
SEC = "https://w3id.org/security#"


def read(kind: Any = "Note", **properties: Any) -> note.Note:
    document = {"id": "https://b.test/1", "type": kind, "attributedTo": BOB, "content": "<p>hi</p>", **properties}
    return note.parse(document, now=NOW)


def person(**properties: Any) -> actor.Actor:
    document = {"id": BOB, "type": "Person", "preferredUsername": "bob", "inbox": f"{BOB}/inbox", **properties}
    return actor.parse(document)


# ---------------------------------------------------------------- whole documents in other words


def test_an_expanded_note() -> None:
    """Takahe and Kroeg send what their JSON-LD library expanded."""
    parsed = note.parse(
        {
            "@id": "https://b.test/1",
            "@type": [f"{AS}Note"],
            f"{AS}attributedTo": [{"@id": BOB}],
            f"{AS}content": [{"@value": "<p>hallo</p>", "@language": "de"}],
            f"{AS}published": [
                {"@type": "http://www.w3.org/2001/XMLSchema#dateTime", "@value": "2026-01-02T03:04:05Z"}
            ],
            f"{AS}to": [{"@id": f"{AS}Public"}],
            f"{AS}cc": {"@list": [{"@id": f"{BOB}/followers"}]},
            f"{AS}sensitive": [{"@type": "http://www.w3.org/2001/XMLSchema#boolean", "@value": True}],
            f"{AS}summary": [{"@value": "careful"}],
            f"{AS}inReplyTo": [{"@id": "https://c.test/1"}],
            f"{AS}tag": [{"@type": [f"{AS}Mention"], f"{AS}href": [{"@id": "https://c.test/u"}]}],
            f"{AS}attachment": [
                {
                    "@type": [f"{AS}Document"],
                    f"{AS}mediaType": [{"@value": "image/png"}],
                    f"{AS}url": [{"@id": "https://b.test/1.png"}],
                    f"{AS}width": [{"@value": 640}],
                    f"{AS}height": [{"@value": "480"}],
                    "http://joinmastodon.org/ns#focalPoint": {"@list": [{"@value": 0.5}, {"@value": -0.25}]},
                }
            ],
        },
        now=NOW,
    )
    assert (parsed.id, parsed.type, parsed.author) == ("https://b.test/1", "Note", BOB)
    assert (parsed.content, parsed.language, parsed.summary) == ("<p>hallo</p>", "de", "careful")
    assert (parsed.to, parsed.cc, parsed.sensitive) == ((PUBLIC,), (f"{BOB}/followers",), True)
    assert parsed.published == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert parsed.in_reply_to == "https://c.test/1"
    assert parsed.mentions[0].href == "https://c.test/u"
    [medium] = parsed.attachments
    assert (medium.width, medium.height, medium.focus) == (640, 480, (0.5, -0.25))


def test_an_expanded_actor() -> None:
    parsed = actor.parse(
        {
            "@id": BOB,
            "@type": [f"{AS}Person"],
            f"{AS}preferredUsername": [{"@value": "bob"}],
            "http://www.w3.org/ns/ldp#inbox": [{"@id": f"{BOB}/inbox"}],
            f"{AS}endpoints": [{f"{AS}sharedInbox": [{"@id": "https://b.test/inbox"}]}],
            f"{AS}manuallyApprovesFollowers": [{"@value": "true"}],
            f"{AS}attachment": [
                {
                    "@type": ["http://schema.org#PropertyValue"],
                    f"{AS}name": [{"@value": "Web"}],
                    "http://schema.org#value": [{"@value": "b.test"}],
                }
            ],
            f"{SEC}publicKey": [
                {
                    "@id": f"{BOB}#main-key",
                    f"{SEC}owner": [{"@id": BOB}],
                    f"{SEC}publicKeyPem": [{"@value": "PEM"}],
                }
            ],
        }
    )
    assert (parsed.username, parsed.inbox, parsed.shared_inbox) == ("bob", f"{BOB}/inbox", "https://b.test/inbox")
    assert parsed.locked
    assert parsed.fields == (Field("Web", "b.test"),)
    assert [(key.id, key.owner, key.material) for key in parsed.keys] == [(f"{BOB}#main-key", BOB, "PEM")]


@pytest.mark.parametrize(
    "kind",
    ["as:Note", f"{AS}Note", "http://www.w3.org/ns/activitystreams#Note", ["Note", f"{AS}x"], ["x:Y", "as:Note"]],
)
def test_the_type_in_all_spellings(kind: Any) -> None:
    assert read(kind).type == "Note"


def test_a_capability_in_place_of_an_id() -> None:
    """Mastodon, for posts that are not public (10.1.1)."""
    bear = "bear:?t=abc&u=https%3A%2F%2Fb.test%2F1"
    assert read(id=bear).id == "https://b.test/1"
    assert read(inReplyTo=bear, id="https://b.test/2").in_reply_to == "https://b.test/1"
    for broken in ("bear:", "bear:?t=x", "bear:?u=", "bear:" + "x" * 5000):
        assert read(inReplyTo=broken).in_reply_to is None


# ---------------------------------------------------------------- text


@pytest.mark.parametrize(
    ("properties", "content", "language"),
    [
        ({"content": None, "contentMap": {"en": None, "de": "<p>x</p>"}}, "<p>x</p>", "de"),
        ({"content": "", "contentMap": {"en": ["<p>x</p>"]}}, "<p>x</p>", "en"),
        ({"content": "<p>x</p>", "contentMap": {"de": "", "en": {"@value": "<p>x</p>"}}}, "<p>x</p>", "en"),
        ({"content": [{"@value": "<p>x</p>", "@language": "fr"}, "<p>y</p>"]}, "<p>x</p>", "fr"),
        ({"content": "<p>x</p>", "contentMap": None}, "<p>x</p>", None),
        ({"content": None, "contentMap": {"-": "\n\t", "en": "<p>x</p>"}}, "<p>x</p>", "en"),  # go-ap
    ],
)
def test_content_in_languages(properties: dict[str, Any], content: str, language: str | None) -> None:
    parsed = read(**properties)
    assert (parsed.content, parsed.language) == (content, language)


def test_names_in_languages() -> None:
    """Whoever has nothing but translations has a name all the same."""
    assert person(nameMap={"en": "Bob"}).name == "Bob"
    assert person(name=None, nameMap={"fr": None, "en": "Bob"}).name == "Bob"
    assert read("Article", name="", nameMap={"en": "Title"}).title == "Title"
    picture = {"type": "Image", "url": "https://b.test/1.png", "nameMap": {"en": "a cat"}}
    assert read(attachment=picture).attachments[0].description == "a cat"
    polled = read("Question", oneOf=[{"type": "Note", "nameMap": {"en": "A"}}, {"type": "Note", "name": "B"}]).poll
    assert polled is not None
    assert [option.title for option in polled.options] == ["A", "B"]


def test_places_in_words() -> None:
    """Calendars write one, or an object of it."""
    event = {"name": "Party", "startTime": "2026-07-01T19:00:00Z", "content": ""}
    for location in ("Town hall", {"type": "Place", "name": "Town hall"}, [{"type": "Place", "name": "Town hall"}]):
        assert "<p>2026-07-01 19:00:00 UTC<br>Town hall</p>" in read("Event", location=location, **event).content


@pytest.mark.parametrize("kind", ["Story", "Story:Reaction", "Story:Reply"])
def test_stories_are_no_posts(kind: str) -> None:
    """Pixelfed's."""
    document = {
        "id": "https://b.test/1",
        "type": kind,
        "attributedTo": BOB,
        "content": "<p>hi</p>",
        "to": "https://c.test/u",
    }
    assert not note.is_post(document)


def test_a_name_alone_is_shown() -> None:
    assert read(content="", name="Title").content == "<p><strong>Title</strong></p>"
    assert read("Question", content=None, name="Tea?", oneOf=["a", "b"]).content == "<p><strong>Tea?</strong></p>"
    assert read(content=None, name="tea", inReplyTo="https://c.test/1").is_vote


def test_reviews_ratings_and_quotations_of_books() -> None:
    """BookWyrm, to its like: stars and quotations are no part of the text."""
    review = read("Review", name="A book", rating=4.0, content="<p>Good.</p>")
    assert review.content.startswith("<p><strong>A book</strong></p><p>★★★★</p><p>Good.</p>")
    assert read("Rating", rating="3.5", content="").content == "<p>★★★½</p>"
    assert read("Rating", rating=None).content == "<p>hi</p>"
    assert read("Rating", rating=1e300).content == "<p>hi</p>"
    quotation = read("Quotation", quote="<p>To be</p>", content="<p>Hm.</p>")
    assert quotation.content == "<blockquote><p>To be</p></blockquote><p>Hm.</p>"
    assert quotation.quote is None


# ---------------------------------------------------------------- people


def test_of_several_authors_a_person_before_an_organization() -> None:
    authors = [{"type": "Organization", "id": "https://b.test/o"}, {"type": "Person", "id": BOB}]
    assert read(attributedTo=authors).author == BOB
    assert read(attributedTo=authors[:1]).author == "https://b.test/o"


def test_keys_alone_are_told_from_a_bare_profile() -> None:
    """GoToSocial's answer to whoever did not sign, and its accounts that never said anything about themselves."""
    stub = {"id": BOB, "type": "Person", "preferredUsername": "bob", "publicKey": {}, "inbox": f"{BOB}/inbox"}
    assert actor.is_stub(stub)
    assert not actor.is_stub({**stub, "url": "https://b.test/@bob", "manuallyApprovesFollowers": True})
    assert not actor.is_stub({**stub, "movedTo": "https://c.test/bob"})


def test_the_actor_of_a_server_may_have_no_name() -> None:
    whole = actor.parse(
        {"id": "https://b.test:8443/actor", "type": "Application", "inbox": "https://b.test:8443/inbox"}
    )
    assert whole.username == "b.test"


# ---------------------------------------------------------------- what hangs on it


@pytest.mark.parametrize(
    "attached",
    [
        "https://b.test/1.png",
        ["https://b.test/1.png", "https://b.test/about", "x"],
        {"type": "Document", "url": ["https://b.test/1.png"]},
        {"type": "Image", "url": {"type": "Link", "href": "https://b.test/1.png"}},
        {"type": "as:Image", "url": [{"@type": "Link", "href": {"@id": "https://b.test/1.png"}}]},
    ],
)
def test_a_picture_in_all_shapes(attached: Any) -> None:
    [medium] = read(attachment=attached).attachments
    assert (medium.kind, medium.url, medium.media_type) == ("image", "https://b.test/1.png", "image/png")


def test_the_size_of_a_picture_stands_with_its_link() -> None:
    """Pleroma and Akkoma."""
    link = {"type": "Link", "href": "https://b.test/1.png", "mediaType": "image/png", "width": 640, "height": "480"}
    [medium] = read(attachment={"type": "Document", "url": [link], "name": "alt"}).attachments
    assert (medium.width, medium.height, medium.description) == (640, 480, "alt")


def test_of_a_picture_in_several_sizes_the_largest() -> None:
    links = [
        {"type": "Link", "href": f"https://b.test/{width}.jpg", "mediaType": "image/jpeg", "width": width}
        for width in (600, 1024, 300)
    ]
    [medium] = read(attachment={"type": "Image", "mediaType": "image/jpeg", "url": links}).attachments
    assert (medium.url, medium.width) == ("https://b.test/1024.jpg", 1024)


@pytest.mark.parametrize(
    ("properties", "name"),
    [
        ({"content": "\U0001fae8"}, "\U0001fae8"),  # of Unicode 15
        ({"content": "\U0001f6d8\ufe0f"}, "\U0001f6d8\ufe0f"),  # of Unicode 17
        ({"contentMap": {"en": "🔥"}}, "🔥"),
        ({"content": "", "_misskey_reaction": "🎉"}, "🎉"),
        ({"content": "\U0001fc00"}, None),
        ({"content": "\u0378"}, None),
    ],
)
def test_reactions_that_are_new_or_in_languages(properties: dict[str, Any], name: str | None) -> None:
    made = reaction.parse(
        activity.parse({"type": "EmojiReact", "actor": BOB, "object": "https://c.test/1", **properties})
    )
    assert (made.name if made else None) == name


def test_the_thumbnail_of_an_article_may_be_its_icon() -> None:
    icon = {"type": "Image", "url": "https://b.test/1.png"}
    assert [medium.url for medium in read("Article", icon=icon).attachments] == ["https://b.test/1.png"]
    assert read(icon=icon).attachments == ()


@pytest.mark.parametrize(
    ("content", "shown", "taken"),
    [
        ('<p><a href="https://b.test/b"><img src="https://b.test/1.png" alt="A &amp; B"></a></p>', "", ["A & B"]),
        ('<figure class="wp-block-image"><img src="https://b.test/1.png"/></figure><p>x</p>', "<p>x</p>", [""]),
        ('<p>:) <img class="wp-smiley" alt=":-)" src="https://b.test/s.png"></p>', "<p>:) :-)</p>", []),
        ('<p>x<img src="https://b.test/p.gif" width="1" height="1"></p>', "<p>x</p>", []),
        ('<p>x<img src="data:image/png;base64,AAAA" alt="A"></p>', "<p>xA</p>", []),
        ('<p>x<img data-src="https://b.test/lazy.png" src="https://b.test/1.png"></p>', "<p>x</p>", [""]),
        ('<IMG SRC=https://b.test/1.png>', "", [""]),
    ],
)  # fmt: skip
def test_pictures_in_the_text(content: str, shown: str, taken: list[str]) -> None:
    parsed = read(content=content)
    assert parsed.content == shown
    assert [medium.description for medium in parsed.attachments] == taken


def test_addresses_of_pictures_in_the_text_are_clean() -> None:
    [medium] = read(content="""<p>x<img src='HTTPS://b.test/1.png" onerror="x'></p>""").attachments
    assert medium.url == "https://b.test/1.png%22%20onerror=%22x"


def test_pictures_in_the_text_are_no_more_than_others() -> None:
    many = "".join(f'<img src="https://b.test/{number}.png">' for number in range(50))
    assert len(read(content=many).attachments) == 32
    twice = read(content='<img src="https://b.test/1.png" alt="a"> <img src="https://b.test/1.png">')
    assert [medium.url for medium in twice.attachments] == ["https://b.test/1.png"]


def test_votes_that_are_counted_in_other_words() -> None:
    options = [
        {"type": "Note", "name": "a", "replies": [{"type": "Collection", "totalItems": "3"}]},
        {"type": "Note", "name": "b", "replies": {"totalItems": {"@value": 4}}},
        {"type": "Note", "name": "c", "replies": 5},
    ]
    poll = read("Question", anyOf=options, votersCount="7").poll
    assert poll is not None
    assert ([option.votes for option in poll.options], poll.voters) == ([3, 4, 5], 7)


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-01-02T03:04:05+00", 3),
        ("2026-01-02 03:04:05+02", 1),
        ("2026-01-02 03:04:05 UTC", 3),
        ("2026-01-02T03:04:05.123456789 GMT", 3),
    ],
)
def test_dates_of_databases(text: str, hour: int) -> None:
    found = normalise.moment(text, NOW)
    assert found is not None
    assert found.hour == hour


# ---------------------------------------------------------------- activities


def test_ids_without_a_host_belong_to_their_actor() -> None:
    """Fedify. What an actor undoes by such an id is its own as well."""
    urn = "urn:uuid:9a1c2c1e-5a3f-4a52-9c0e-2f6a0d6b1a11"
    like = activity.arrived({"id": urn, "type": "Like", "actor": BOB, "object": "https://c.test/1"})
    assert like.id == f"{BOB}#{urn}"
    assert activity.spelt(like.id, BOB) == urn
    undone = activity.arrived({"id": urn, "type": "Undo", "actor": BOB, "object": urn})
    assert undone.object_id == like.id
    assert activity.arrived({"id": "https://c.test/1", "type": "Like", "actor": BOB}).id is None
    assert activity.spelt(f"{BOB}#follows/1", BOB) == f"{BOB}#follows/1"
