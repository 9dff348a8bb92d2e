"""Every other shape: what is left out, what is null, and what is never empty."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from fedi.entities import application, conversation, instance, relationship, tag
from fedi.entities import user_filter as filters
from fedi.entities.account import Parts as AccountParts
from fedi.entities.account import Stats as AccountStats
from fedi.entities.account import build as build_account
from tests.support import answers, checker
from tests.support.answers import ALICE, ANSWERS, BOB, NOW, parsed

MADE = AccountParts(
    id=1,
    username="eve",
    domain="e.test",
    uri="https://e.test/users/eve",
    created_at=datetime(2026, 8, 1, 23, 59, tzinfo=UTC),
    avatar="https://a.test/a.png",
    header="https://a.test/h.png",
    display_name="Eve",
    note="<p>x</p>",
)


@pytest.mark.parametrize("operation", ANSWERS)
def test_every_answer_passes_the_checker(operation: str) -> None:
    method, path = operation.split()
    assert checker.check(method, path, 200, ANSWERS[operation], user=True) == []


def test_an_account_has_thirty_two_keys() -> None:
    assert len(parsed(ALICE)) == 32


def test_an_account_tells_days_only() -> None:
    made = build_account(MADE, AccountStats(last_status_at=datetime(2026, 8, 2, 23, tzinfo=UTC)))
    assert (made.created_at, made.last_status_at) == ("2026-08-01T00:00:00.000Z", "2026-08-02")
    assert build_account(MADE, AccountStats()).last_status_at is None


def test_addresses_of_an_account_fall_back() -> None:
    made = build_account(MADE, AccountStats())
    assert made.url == made.uri == "https://e.test/users/eve"
    assert (made.avatar_static, made.header_static) == (made.avatar, made.header)
    assert made.acct == "eve@e.test"


def test_a_suspended_account_says_nothing_but_its_name() -> None:
    made = build_account(msgspec.structs.replace(MADE, suspended=True), AccountStats(1, 2, 3, date(2026, 8, 1)))
    assert (made.suspended, made.acct) == (True, "eve@e.test")
    assert (made.display_name, made.note, made.followers_count, made.last_status_at) == ("", "", 0, None)


def test_a_moved_account_names_the_new_one() -> None:
    made = build_account(MADE, AccountStats(), moved=ALICE)
    assert parsed(made)["moved"]["id"] == "7"
    assert checker.check("GET", "/api/v1/accounts/1", 200, parsed(made)) == []


def test_a_relationship_without_a_follow_shows_no_reblogs() -> None:
    made = relationship.build(relationship.Parts(id=1, notifying=True, languages=("en",)))
    assert (made.showing_reblogs, made.notifying, made.languages) == (False, False, None)
    assert relationship.build(relationship.Parts(id=1, requested=True)).showing_reblogs is True


def test_a_mute_that_ended_leaves_no_date() -> None:
    made = relationship.build(relationship.Parts(id=1, muting_notifications=True, muting_expires_at=NOW))
    assert (made.muting_notifications, made.muting_expires_at) == (False, None)


def test_somebody_talking_alone_is_in_their_conversation() -> None:
    alone = conversation.build(1, viewer=ALICE, others=[ALICE], unread=False, last_status=None)
    assert alone.accounts == [ALICE]
    assert conversation.build(1, viewer=ALICE, others=[ALICE, BOB], unread=False, last_status=None).accounts == [BOB]


def test_a_keyword_is_a_filter_of_the_first_version() -> None:
    (old,) = filters.v1(msgspec.structs.replace(answers.RULE, action="hide"))
    assert (old.id, old.phrase, old.irreversible) == ("1", "buy", True)


def test_a_kind_of_match_that_did_not_happen_is_null() -> None:
    made = filters.result(answers.RULE, keywords=[], statuses=[4])
    assert (made.keyword_matches, made.status_matches) == (None, ["4"])


def test_a_tag_has_seven_days_of_decimal_strings() -> None:
    body = parsed(answers.TAG)
    assert len(body["history"]) == 7
    assert body["history"][0] == {"day": "1785542400", "accounts": "2", "uses": "5"}
    assert body["history"][6] == {"day": "1785024000", "accounts": "0", "uses": "0"}


def test_an_anonymous_viewer_follows_no_tag() -> None:
    body = parsed(tag.build(tag.Parts(1, "x", "https://a.test/tags/x"), today=NOW.date(), following=None))
    assert body.keys() == {"id", "name", "url", "history"}


def test_an_emoji_without_a_category_does_not_mention_one() -> None:
    assert "category" not in parsed(answers.BLOB)


def test_old_clients_read_all_redirect_uris_from_one_string() -> None:
    made = application.build(answers.APP, vapid_key="x")
    assert made.redirect_uri == "urn:ietf:wg:oauth:2.0:oob\napp://back"


def test_a_token_is_dated_in_whole_seconds() -> None:
    assert application.token("x", ["read"], NOW).created_at == 1785592556


def test_the_version_starts_with_a_number_clients_compare() -> None:
    body = parsed(instance.v1(answers.SERVER))
    assert body["version"].startswith("4.")
    assert body["version"] == parsed(instance.build(answers.SERVER))["version"]
    assert body["max_toot_chars"] == body["configuration"]["statuses"]["max_characters"]
