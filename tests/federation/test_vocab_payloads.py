"""What other implementations write is read as what it is. See tests/interop/payloads/README.md for the sources."""

import csv
from pathlib import Path
from typing import Any

import pytest

from federation.vocab import treatment
from federation.vocab.normalise import loads
from scripts import payloads

ROOT = Path(__file__).parent.parent / "interop" / "payloads"
with (ROOT / "index.tsv").open(encoding="utf-8", newline="") as index:
    ROWS = list(csv.DictReader(index, delimiter="\t", quoting=csv.QUOTE_NONE))

# Where we read more, or refuse more, than the expectation says, and why.
DIFFERENT = {
    "castopod/podcast-typed-actor.json": "a Podcast with an inbox is an account like any Service",
    "mastodon/spec-create-1432-create.json": "the quoted post is a Tombstone",
    "pasture/attachments-5.json": "payto: is not a web address",
    "mastodon/emoji-reaction-no-emoji.json": "~ is no emoji, so nothing was said",
    "granary-as2/note_with_string_id_image.json": "an image of a post that has no attachment is shown",
    "granary-as2/note_with_string_id_image-from-as.json": "the same",
    "ktistec/question_spec-cr-209-question.json": "a Question that offers nothing to choose is a post",
    "mastodon/spec-create-1414-create.json": "a Hashtag without a name names nothing",
    "mastodon/spec-create-1424-create.json": "an Emoji without a picture is text",
    "mastodon/spec-fetch_replies_worker-1535-collection.json": "it has no items",
    "mastodon/spec-process_status_update_service-1653-note.json": "the quoted post is a Tombstone",
    "pasture/hashtag_jsonld-4.json": "as:Hashtag is a Hashtag, whatever the context says",
    "pasture/hashtags-10.json": "a picture alone is no hashtag",
    "pasture/hashtags-6.json": "digits alone are no hashtag",
    "pasture/in_reply_to-5.json": "nobody answers a collection",
    "pasture/mentions-7.json": "as:Mention is a Mention, whatever the context says",
    "pasture/object_type-2.json": "a Document with a text of its own is shown as a post",
}


def read(name: str) -> dict[str, Any]:
    return loads((ROOT / name).read_bytes())


@pytest.mark.parametrize("row", ROWS, ids=[row["file"] for row in ROWS])
def test_payload_is_treated_as_expected(row: dict[str, str]) -> None:
    made = treatment.classify(read(row["file"]))
    if row["file"] not in DIFFERENT:
        assert payloads.same_shape(made, row["expected"]), str(made)


def test_every_listed_file_is_there_and_every_file_is_listed() -> None:
    assert {str(path.relative_to(ROOT)) for path in ROOT.rglob("*.json")} == {row["file"] for row in ROWS}


def test_the_script_reports_totals(capsys: pytest.CaptureFixture[str]) -> None:
    assert payloads.main([str(ROOT)]) == 0
    assert f"parsed without an exception: {len(ROWS)} of {len(ROWS)}" in capsys.readouterr().out
