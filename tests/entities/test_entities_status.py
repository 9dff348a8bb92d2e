"""A status: one rendering for everybody, an overlay for each viewer."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from fedi.entities import notification
from fedi.entities.media import Parts as MediaParts
from fedi.entities.media import build as build_media
from fedi.entities.poll import Ballot, Tally
from fedi.entities.poll import Parts as PollParts
from fedi.entities.poll import build as build_poll
from fedi.entities.status import Marks, Status, as_source, mention
from fedi.entities.status import Stats as StatusStats
from fedi.entities.status import overlay as overlay_status
from fedi.entities.status import render as render_status
from tests.support import checker
from tests.support.answers import ALICE, BOB, FILTERED, NOW, PICTURE, parsed, parts

FLAGS = {"favourited", "reblogged", "muted", "bookmarked", "filtered"}


def seen_by(marks: Marks | None, **changes: Any) -> Status:
    rendered = render_status(parts(**changes))
    return overlay_status(rendered, account=ALICE, stats=StatusStats(1, 2, 3, 4), marks=marks)


def test_everybody_sees_thirty_keys() -> None:
    assert len(parsed(seen_by(None))) == 30
    assert parsed(seen_by(None)).keys().isdisjoint(FLAGS)
    assert checker.check("GET", "/api/v1/statuses/1", 200, parsed(seen_by(None)), user=False) == []


def test_a_viewer_sees_flags_and_on_their_own_whether_it_is_pinned() -> None:
    theirs = parsed(seen_by(Marks(bookmarked=True)))
    assert theirs.keys() >= FLAGS
    assert (theirs["bookmarked"], theirs["favourited"], theirs["filtered"]) == (True, False, [])
    assert "pinned" not in theirs
    assert parsed(seen_by(Marks(pinned=False)))["pinned"] is False


def test_counters_come_from_the_overlay() -> None:
    body = parsed(seen_by(None))
    assert [body[f"{kind}_count"] for kind in ("replies", "reblogs", "favourites", "quotes")] == [1, 2, 3, 4]


def test_one_rendering_serves_every_viewer() -> None:
    rendered = render_status(parts())
    before = msgspec.json.encode(rendered)
    for marks in (None, Marks(favourited=True, filtered=(FILTERED,))):
        overlay_status(rendered, account=BOB, stats=StatusStats(9, 9, 9), marks=marks)
    assert msgspec.json.encode(rendered) == before


@pytest.mark.parametrize("number", range(4))
def test_visibility_is_one_of_the_four_words(number: int) -> None:
    assert render_status(parts(visibility=number)).visibility == ("public", "unlisted", "private", "direct")[number]


def test_an_address_is_never_empty() -> None:
    assert render_status(parts(url=None)).url == parts().uri
    assert mention(1, username="b", acct="b@b.test", url="", uri="https://b.test/b").url == "https://b.test/b"


def test_a_language_is_null_rather_than_empty() -> None:
    assert render_status(parts(language="")).language is None


def test_times_are_utc_with_three_digits() -> None:
    east = datetime(2026, 8, 1, 15, 55, 56, 999_999, timezone(timedelta(hours=2)))
    assert render_status(parts(created_at=east)).created_at == "2026-08-01T13:55:56.999Z"
    assert render_status(parts(created_at=datetime(2026, 1, 1, tzinfo=UTC))).created_at == "2026-01-01T00:00:00.000Z"


def test_a_deleted_status_shows_what_was_typed() -> None:
    body = parsed(as_source(seen_by(Marks()), "typed"))
    assert body["text"] == "typed"
    assert "content" not in body
    assert checker.check("DELETE", "/api/v1/statuses/1", 200, body, user=True) == []


def test_a_notification_without_its_status_is_left_out() -> None:
    gone = notification.build(notification.Parts(1, "favourite", NOW), notification.Subject(), account=BOB)
    assert gone is None


def test_a_notification_outside_of_groups_says_so() -> None:
    made = notification.build(notification.Parts(1, "follow_request", NOW), notification.Subject(), account=BOB)
    assert made is not None
    assert made.group_key == "ungrouped-1"


@pytest.mark.parametrize(("kind", "shown"), [("image", "image"), ("document", "unknown"), ("audio", "audio")])
def test_an_attachment_has_a_known_type(kind: str, shown: str) -> None:
    assert build_media(msgspec.structs.replace(PICTURE, type=kind)).type == shown


def test_a_picture_always_has_a_preview() -> None:
    bare = MediaParts(id=1, type="image", url="https://a.test/1.png", width=4, height=2)
    body = parsed(build_media(bare))
    assert body["preview_url"] == bare.url
    size = {"width": 4, "height": 2, "size": "4x2", "aspect": 2.0}
    assert body["meta"] == {"original": size, "small": size}


def test_an_attachment_in_the_making_has_no_address_yet() -> None:
    body = parsed(build_media(MediaParts(id=1, type="image", url=None)))
    assert checker.check("POST", "/api/v2/media", 202, body) == []
    assert body["url"] is None


def test_a_video_tells_its_length() -> None:
    video = MediaParts(id=1, type="video", url="https://a.test/1.mp4", width=640, height=480, duration=7.3)
    assert parsed(build_media(video))["meta"]["original"] == {"width": 640, "height": 480, "duration": 7.3}


QUESTION = PollParts(id=1, titles=("a", "b"), expires_at=NOW)


def test_a_poll_ends_by_the_clock_or_by_word_of_its_server() -> None:
    before = NOW - timedelta(seconds=1)
    assert not build_poll(QUESTION, Tally(()), now=before).expired
    assert build_poll(QUESTION, Tally(()), now=NOW).expired
    assert build_poll(QUESTION, Tally((), closed=True), now=before).expired


def test_a_poll_nobody_voted_in_counts_zero() -> None:
    made = build_poll(QUESTION, Tally(()), now=NOW)
    assert [option.votes_count for option in made.options] == [0, 0]


def test_a_poll_shows_a_viewer_their_own_vote() -> None:
    tally = Tally((2, 1), 3)
    assert "voted" not in parsed(build_poll(QUESTION, tally, now=NOW))
    body = parsed(build_poll(QUESTION, tally, now=NOW, ballot=Ballot((1,))))
    assert (body["voted"], body["own_votes"], body["votes_count"], body["voters_count"]) == (True, [1], 3, 3)
    assert parsed(build_poll(QUESTION, tally, now=NOW, ballot=Ballot()))["voted"] is False
    assert parsed(build_poll(QUESTION, tally, now=NOW, ballot=Ballot(own=True)))["voted"] is True


def test_a_secret_poll_shows_nothing_until_it_is_over() -> None:
    secret = msgspec.structs.replace(QUESTION, hide_totals=True)
    running = build_poll(secret, Tally((2, 1)), now=NOW - timedelta(seconds=1))
    assert [option.votes_count for option in running.options] == [None, None]
    assert [option.votes_count for option in build_poll(secret, Tally((2, 1)), now=NOW).options] == [2, 1]
