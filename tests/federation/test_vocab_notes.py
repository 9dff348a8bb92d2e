"""Posts in the shapes other servers give them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from federation.errors import Gone, Rejected
from federation.vocab import activity, note
from federation.vocab.attachment import Attachment
from federation.vocab.audience import PUBLIC, Audience
from federation.vocab.tag import Emoji, Hashtag, Mention

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
BOB = "https://b.test/users/bob"
REL = 'rel="nofollow noopener noreferrer" target="_blank"'


def read(kind: str = "Note", **properties: Any) -> note.Note:
    document = {"id": "https://b.test/1", "type": kind, "attributedTo": BOB, "content": "<p>hi</p>", **properties}
    return note.parse(document, now=NOW)


def test_one_value_and_a_list_of_one_are_the_same() -> None:
    tag = {"type": "Mention", "href": BOB, "name": "@bob"}
    picture = {"type": "Image", "url": "https://b.test/1.png", "summary": "alt"}
    single = read(tag=tag, attachment=picture, to="as:Public", cc="https://c.test/u", inReplyTo="https://c.test/1")
    listed = read(
        tag=[tag], attachment=[picture], to=["Public"], cc=[{"id": "https://c.test/u"}], inReplyTo=["https://c.test/1"]
    )
    for name in ("mentions", "attachments", "to", "cc", "in_reply_to"):
        assert getattr(single, name) == getattr(listed, name)
    assert single.mentions == (Mention(BOB, "@bob"),)
    assert single.attachments[0].description == "alt"
    assert single.attachments[0].kind == "image"


def test_null_and_nonsense_in_lists_are_passed_over() -> None:
    parsed = read(
        tag=[None, "x", 3, [], {}, {"type": "Edition"}], attachment=[None, {"type": "PropertyValue"}, "x"], to=None
    )
    assert (parsed.mentions, parsed.attachments, parsed.to) == ((), (), ())
    assert not parsed.is_addressed


@pytest.mark.parametrize(
    ("properties", "content", "language"),
    [
        ({"content": "a", "contentMap": {"de": "x", "en": "a"}}, "a", "en"),
        ({"content": "a", "contentMap": {"de": "x"}}, "a", "de"),
        ({"content": None, "contentMap": {"de": "<b>x</b>"}}, "<b>x</b>", "de"),
        ({"content": "a", "contentMap": []}, "a", None),
        ({"content": "a", "contentMap": {"und": "a"}}, "a", None),
        ({"content": "a", "language": {"identifier": "fr", "name": "Français"}}, "a", "fr"),
        ({"content": {"@value": "a", "@language": "en"}}, "a", "en"),
        ({"content": None}, "", None),
        ({"content": "a\n<b>", "mediaType": "text/plain"}, "<p>a<br>&lt;b&gt;</p>", None),
    ],
)
def test_content_and_its_language(properties: dict[str, Any], content: str, language: str | None) -> None:
    parsed = read(**properties)
    assert (parsed.content, parsed.language) == (content, language)


@pytest.mark.parametrize(
    ("properties", "summary", "sensitive"),
    [
        ({"summary": "careful"}, "careful", True),
        ({"summary": "<p>careful &amp; slow</p>"}, "careful & slow", True),
        ({"summary": ""}, "", False),
        ({"summary": None, "sensitive": "true"}, "", True),
        ({"summary": "\u200b"}, "", True),
        ({"summaryMap": {"en": "careful"}}, "careful", True),
        ({"sensitive": None}, "", False),
    ],
)
def test_content_warnings(properties: dict[str, Any], summary: str, sensitive: bool) -> None:
    parsed = read(**properties)
    assert (parsed.summary, parsed.sensitive) == (summary, sensitive)


def test_an_update_counts_only_when_it_is_later() -> None:
    published = "2026-05-01T00:00:00Z"
    assert read(published=published, updated="2026-05-01T00:00:00Z").updated is None
    assert read(published=published, updated="2026-04-01T00:00:00Z").updated is None
    assert read(published=published, updated="2026-05-02T00:00:00Z").updated == datetime(2026, 5, 2, tzinfo=UTC)


def test_a_missing_date_is_now_and_a_far_one_is_near() -> None:
    assert read().published == NOW
    assert read(published="garbage").published == NOW
    assert read(published="9999-01-01T00:00:00Z").published == NOW + timedelta(days=1)


def test_the_author_is_a_person_on_the_posts_host() -> None:
    group, person = {"type": "Group", "id": "https://b.test/c/x"}, {"type": "Person", "id": BOB}
    assert read(attributedTo=[group, person]).author == BOB
    assert read(attributedTo=["https://evil.test/u", BOB]).author == BOB
    assert read(attributedTo="https://evil.test/u").author == "https://evil.test/u"
    assert read(attributedTo=None).author is None
    assert len(read(attributedTo=[group, person]).authors) == 2


def test_an_embedded_copy_is_vouched_for_only_by_its_author_on_its_host() -> None:
    def envelope(**properties: Any) -> activity.Activity:
        return activity.parse({"id": "https://b.test/1/activity", "type": "Create", "actor": BOB, **properties})

    assert note.vouched(envelope(), read())
    assert not note.vouched(envelope(actor="https://b.test/users/eve"), read())
    assert not note.vouched(envelope(id="https://evil.test/1"), read())
    assert not note.vouched(envelope(), read(id="https://c.test/1"))
    assert not note.vouched(envelope(), read(attributedTo="https://c.test/u"))
    assert not note.vouched(envelope(actor=None), read())


def test_the_activity_addresses_only_what_the_object_leaves_open() -> None:
    envelope = activity.parse({"type": "Create", "actor": BOB, "to": "as:Public", "cc": "https://c.test/u"})
    assert note.recipients(envelope, read(to=[BOB])) == Audience((BOB,), ("https://c.test/u",))
    assert note.recipients(envelope, read()) == Audience((PUBLIC,), ("https://c.test/u",))
    unlisted = read(to=[BOB], cc=[BOB], audience="as:Public")
    assert note.recipients(envelope, unlisted) == Audience((BOB,), (BOB, PUBLIC))


def test_a_reply_to_itself_has_no_parent() -> None:
    assert read(inReplyTo="https://b.test/1").in_reply_to is None
    assert read(inReplyTo={"type": "Note", "id": "https://c.test/1"}).in_reply_to == "https://c.test/1"


@pytest.mark.parametrize(
    ("properties", "quote"),
    [
        ({"quote": "https://c.test/1", "quoteUrl": "https://c.test/2"}, "https://c.test/1"),
        ({"quote": {"id": "https://c.test/1", "type": "Note"}}, "https://c.test/1"),
        ({"quote": {"type": "Tombstone"}, "quoteUrl": "https://c.test/2"}, None),
        ({"_misskey_quote": "https://c.test/3", "quoteUri": "https://c.test/4"}, "https://c.test/3"),
        ({"quoteUri": "https://c.test/4"}, "https://c.test/4"),
        (
            {"tag": {"type": "Link", "mediaType": "application/activity+json", "href": "https://c.test/5"}},
            "https://c.test/5",
        ),
        ({"tag": {"type": "Link", "mediaType": "text/html", "href": "https://c.test/5"}}, None),
        (
            {"tag": {"type": "Link", "rel": "https://misskey-hub.net/ns#_misskey_quote", "href": "https://c.test/6"}},
            "https://c.test/6",
        ),
        (
            {"tag": {"type": "Link", "rel": ["tag", "misskey:_misskey_quote"], "href": "https://c.test/6"}},
            "https://c.test/6",
        ),
        ({"tag": {"type": "Link", "rel": "tag", "href": "https://c.test/6"}}, None),
    ],
)
def test_quotes_in_every_spelling(properties: dict[str, Any], quote: str | None) -> None:
    assert read(**properties).quote == quote


def test_emojis_and_hashtags() -> None:
    emoji = {"type": "toot:Emoji", "id": None, "name": "blob", "icon": {"url": {"href": "https://b.test/b.png"}}}
    parsed = read(tag=[emoji, {**emoji, "icon": {}}, {"type": "as:Hashtag", "name": "Cats"}])
    assert parsed.emojis == (Emoji("blob", "https://b.test/b.png"),)
    assert parsed.hashtags == (Hashtag("Cats"),)


def test_attachments_with_lists_of_links() -> None:
    links = [
        {"type": "Link", "href": "https://b.test/v.html", "mediaType": "text/html"},
        {"type": "Link", "href": "https://b.test/v.mp4", "mediaType": "video/mp4"},
    ]
    parsed = read(attachment=[{"type": "Document", "url": links, "name": "a <b> film", "width": "640", "height": 480}])
    assert parsed.attachments == (
        Attachment(
            kind="video",
            url="https://b.test/v.mp4",
            media_type="video/mp4",
            description="a <b> film",
            width=640,
            height=480,
        ),
    )


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "https://user:pw@b.test/x", "", None, 7])
def test_an_attachment_without_a_web_address_is_none(url: object) -> None:
    assert read(attachment={"type": "Image", "url": url}).attachments == ()


def test_of_a_video_in_several_sizes_the_one_people_do_not_wait_for() -> None:
    files = [
        {"type": "Link", "mediaType": "video/mp4", "href": f"https://b.test/{h}.mp4", "height": h}
        for h in (1080, 720, 240)
    ]
    page = {"type": "Link", "mediaType": "text/html", "href": "https://b.test/w/1"}
    playlist = {"type": "Link", "mediaType": "application/x-mpegURL", "href": "https://b.test/1.m3u8", "tag": files}
    for url in ([page, *files], [page, playlist]):
        parsed = read("Video", name="Film & more", url=url, content="*text*", mediaType="text/markdown")
        assert parsed.attachments[0].url == "https://b.test/720.mp4"
        assert parsed.url == "https://b.test/w/1"
        assert parsed.converted
        assert parsed.content == (
            "<p><strong>Film &amp; more</strong></p><p><em>text</em></p>"
            f'<p><a href="https://b.test/w/1" {REL}>https://b.test/w/1</a></p>'
        )


def test_an_article_shows_title_text_and_link_and_its_abstract_is_no_warning() -> None:
    parsed = read("Article", name="A &lt;title&gt;", summary="abstract", url="https://b.test/a")
    assert parsed.content == (
        f'<p><strong>A &lt;title&gt;</strong></p><p>hi</p><p><a href="https://b.test/a" {REL}>https://b.test/a</a></p>'
    )
    assert (parsed.summary, parsed.sensitive) == ("", False)


def test_a_long_article_gives_way_to_its_preview() -> None:
    preview = {"type": "Note", "content": "<p>short</p>"}
    assert "short" in read("Article", content="<p>" + "x" * 5000 + "</p>", preview=preview).content
    assert "short" not in read("Article", preview=preview).content


def test_a_page_links_to_what_it_is_about() -> None:
    link = {"type": "Link", "href": "https://news.test/story"}
    parsed = read(
        "Page", name="Story", content=None, attachment=[link], image={"type": "Image", "url": "https://b.test/t.png"}
    )
    assert parsed.content == (
        f'<p><strong>Story</strong></p><p><a href="https://news.test/story" {REL}>https://news.test/story</a></p>'
    )
    assert parsed.links == ("https://news.test/story",)
    assert [a.url for a in parsed.attachments] == ["https://b.test/t.png"]


def test_an_event_shows_when_and_where() -> None:
    place = {"type": "Place", "name": "Hall", "address": {"streetAddress": "1 Road", "addressLocality": "Town"}}
    parsed = read("Event", name="Party", startTime="2026-07-01T20:00:00+02:00", location=place)
    assert "<p>2026-07-01 20:00:00+02:00<br>Hall, 1 Road, Town</p>" in parsed.content


def test_a_note_with_a_name_shows_it_first() -> None:
    assert read(name="Topic").content == "<p><strong>Topic</strong></p><p>hi</p>"


def test_a_name_without_content_in_reply_to_something_is_a_vote_letter_by_letter() -> None:
    vote = read(name="Ben & <b>Jerry</b>", content=None, inReplyTo="https://a.test/poll")
    assert vote.is_vote
    assert vote.title == "Ben & <b>Jerry</b>"
    assert not read(name="x", inReplyTo="https://a.test/poll").is_vote
    assert not read(name="x", content=None).is_vote


OPTIONS = [{"type": "Note", "name": "a", "replies": {"type": "Collection", "totalItems": 2}}, {"name": "b"}, "c"]


def test_polls() -> None:
    poll = read("Question", oneOf=OPTIONS, endTime="2026-06-02T00:00:00Z", votersCount=2).poll
    assert poll is not None
    assert [(o.title, o.votes) for o in poll.options] == [("a", 2), ("b", 0), ("c", 0)]
    assert (poll.multiple, poll.closed, poll.voters) == (False, None, 2)
    assert read("Question", anyOf=OPTIONS[0]).poll.multiple  # type: ignore[union-attr]
    assert read("Question").poll is None


@pytest.mark.parametrize(
    ("properties", "ends", "closed"),
    [
        ({"endTime": "2026-05-01T00:00:00Z"}, datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)),
        ({"closed": "2026-05-01T00:00:00Z"}, datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)),
        ({"closed": "2026-07-01T00:00:00Z"}, datetime(2026, 7, 1, tzinfo=UTC), None),
        ({"endTime": "2026-07-01T00:00:00Z", "closed": True}, datetime(2026, 7, 1, tzinfo=UTC), NOW),
        ({}, None, None),
    ],
)
def test_the_end_of_a_poll(properties: dict[str, Any], ends: datetime | None, closed: datetime | None) -> None:
    poll = read("Question", oneOf=OPTIONS, **properties).poll
    assert poll is not None
    assert (poll.ends, poll.closed) == (ends, closed)


def test_what_is_not_a_post_is_rejected_and_what_is_gone_is_gone() -> None:
    for kind in ("Story", "Person", "Create", "Emoji", "Unknown", ""):
        with pytest.raises(Rejected):
            read(kind, attributedTo=None)
    with pytest.raises(Rejected):
        read(id=None)
    with pytest.raises(Gone):
        read("Tombstone")


def test_an_unknown_type_with_an_author_and_something_to_show_is_converted() -> None:
    parsed = read("Recipe", name="Soup")
    assert parsed.converted
    assert "Soup" in parsed.content
    assert read(["https://x.test/ns#Board", "Note"]).type == "Note"  # type: ignore[arg-type]


def test_hostile_html_does_not_survive_in_any_property() -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>ok"
    parsed = read("Article", name=evil, content=evil, summary=evil, url='https://b.test/"><script>')
    assert "<script" not in parsed.content
    assert "<img" not in parsed.content
    assert parsed.title == "ok"
