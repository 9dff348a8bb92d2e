"""Parse every payload of a directory and compare what we make of it with the `expected` column of its index.tsv.

Usage: python -m scripts.payloads DIRECTORY [--all]

Prints one line for each payload that raised or whose class differs (with --all, for every payload), then totals.
"""

import csv
import sys
import traceback
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from federation.vocab import activity, note, treatment, types
from federation.vocab.normalise import loads
from federation.vocab.treatment import Treatment

# The beginning of the expectation, and the classes of ours that satisfy it. The first that fits counts.
CLASSES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("status (or authorization) deleted", ("status deleted",)),
    ("status (", ("status",)),
    ("quote post without stamp", ("status",)),
    ("converted status", ("converted",)),
    ("profile rejected", ("refused",)),
    ("profile update rejected", ("refused",)),
    ("profile update", ("profile update",)),
    ("profile", ("profile",)),
    ("collection page", ("collection page",)),
    ("collection  index", ("collection index",)),
    ("collection  with items", ("collection with items",)),
    ("follow request", ("follow request",)),
    ("follow accepted", ("follow accepted",)),
    ("follow rejected", ("follow rejected",)),
    ("follow revoked", ("follow revoked",)),
    ("unfollow", ("unfollow",)),
    ("favourite", ("favourite",)),
    ("emoji reaction", ("reaction",)),
    ("unfavourite", ("unfavourite",)),
    ("boost of inlined", ("boost of embedded",)),
    ("boost", ("boost",)),
    ("unboost", ("unboost",)),
    ("group redistribution", ("group redistribution",)),
    ("undo by id", ("undo by id",)),
    ("remote block", ("block",)),
    ("unblock", ("unblock",)),
    ("report", ("report",)),
    ("account deleted", ("account deleted",)),
    ("account migration", ("move",)),
    ("authorization revoked", ("authorization revoked",)),
    ("edit of status (converted", ("converted edit",)),
    ("edit of status", ("edit",)),
    ("poll refresh only", ("poll refresh",)),
    ("poll refresh or edit", ("poll edit", "poll refresh")),
    ("vote", ("vote", "list")),
    ("direct status", ("chat message", "status")),
    ("fetch object by id", ("fetch",)),
    ("pin /", ("item added",)),
    ("unpin", ("item removed",)),
    ("quote approval request", ("quote request",)),
    ("quote approved", ("quote accepted",)),
    ("quote rejected", ("quote rejected",)),
    ("quote stamp", ("quote stamp",)),
    ("interaction approval", ("interaction stamp",)),
    ("interaction request", ("interaction request",)),
    ("interaction", ("interaction accepted", "interaction rejected")),
    ("feature request", ("feature request",)),
    ("feature", ("feature accepted", "feature rejected")),
    ("starter pack (", ("feature collection",)),
    ("starter-pack update", ("feature collection update",)),
    ("starter-pack item", ("feature item",)),
    ("custom emoji record", ("emoji",)),
    ("media attachment", ("media",)),
    ("public key", ("key",)),
    ("resolves to", ("webfinger",)),
    ("software detected", ("nodeinfo",)),
    ("gone", ("gone",)),
    ("ignored or generic", ("ignored", "refused", "status", "converted")),
    ("ignored", ("ignored", "refused")),
)
# Words in the expectation of a post, and the feature of ours each stands for.
FEATURES = {
    "reply": "reply",
    "with media": "media",
    "with mentions": "mentions",
    "with hashtags": "hashtags",
    "with custom emoji": "custom emoji",
    "with content warning": "content warning",
    "with poll": "poll",
    "with preview link": "preview link",
    "quote post": "quote",
    "has source": "source",
    "sensitive": "sensitive",
}
# Seen in every post that has them, but not always named in the expectation.
UNNAMED = {"preview link", "sensitive", "source", "without id"}


class Row(NamedTuple):
    file: str
    expected: str
    scope: str


class Report:
    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def judge(self, row: Row, body: bytes, *, show_all: bool) -> None:
        self.counts["payloads"] += 1
        try:
            made = treatment.classify(loads(body))
        except Exception as exc:  # noqa: BLE001  a parser that raises is what we look for
            self.counts["raised"] += 1
            print(f"RAISED   {row.file}: {traceback.format_exception_only(exc)[0].strip()}")
            return
        expected, negative = _positive(row.expected)
        same, detail = _same_class(made, expected), same_shape(made, expected)
        group = "NEGATIVE" if negative else "positive"
        self.counts[group] += 1
        self.counts[f"{group}, same class"] += same
        self.counts[f"{group}, same class and detail"] += detail
        self.counts["refused from the document alone"] += negative and _refused(made, body)
        if show_all or not same or not detail:
            word = "same" if detail else "DETAIL" if same else "CLASS"
            print(f"{word:8} {row.file}: expected {row.expected!r}, ours {str(made)!r}")

    def totals(self) -> str:
        parsed = self.counts["payloads"] - self.counts["raised"]
        lines = [f"parsed without an exception: {parsed} of {self.counts['payloads']}"]
        for group in ("positive", "NEGATIVE"):
            if total := self.counts[group]:
                same, detail = self.counts[f"{group}, same class"], self.counts[f"{group}, same class and detail"]
                lines.append(
                    f"{group}: {total}; shape read as expected {same} ({same / total:.1%}), details too {detail}"
                )
        refused = self.counts["refused from the document alone"]
        lines.append(
            f"NEGATIVE refused from the document alone: {refused}; the rest is for signatures and stored state"
        )
        return "\n".join(lines)


def same_shape(made: Treatment, expected: str) -> bool:
    """Whether class, visibility and features are what the expectation of a row says."""
    return _same_class(made, expected) and _same_detail(made, expected)


def _positive(expected: str) -> tuple[str, bool]:
    """What the shape says, and whether it must nevertheless have no effect."""
    if not expected.startswith("NEGATIVE"):
        return expected, False
    return expected.rpartition("(otherwise ")[2].removesuffix(")"), True


def _refused(made: Treatment, body: bytes) -> bool:
    """By shape, or because the document contradicts itself about whose it is."""
    if made.kind in {"refused", "ignored", "gone"}:
        return True
    document = loads(body)
    if types.primary(document) not in {"Create", "Update"}:
        return False
    envelope = activity.parse(document)
    if envelope.object is None or envelope.object.doc is None:
        return False
    return not note.vouched(envelope, note.parse(envelope.object.doc))


def _same_class(made: Treatment, expected: str) -> bool:
    return next((made.kind in ours for prefix, ours in CLASSES if expected.startswith(prefix)), False)


def _same_detail(made: Treatment, expected: str) -> bool:
    if not expected.startswith(("status (", "converted status (")) or made.kind not in {"status", "converted"}:
        return True
    visibility = expected.partition("(")[2].partition(")")[0]
    level = {"followers-only": "private"}.get(visibility, visibility)
    if made.kind == "converted" or expected.startswith("status (or"):
        return made.visibility == level
    named = {feature for word, feature in FEATURES.items() if f", {word}" in expected}
    return made.visibility == level and named <= made.features and made.features - UNNAMED <= named


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0].startswith("-"):
        print(__doc__)
        return 2
    root = Path(arguments[0])
    report = Report()
    with (root / "index.tsv").open(encoding="utf-8", newline="") as index:
        for line in csv.DictReader(index, delimiter="\t", quoting=csv.QUOTE_NONE):
            row = Row(line["file"], line["expected"], line["scope"])
            report.judge(row, (root / row.file).read_bytes(), show_all="--all" in arguments)
    print(report.totals())
    return 1 if report.counts["raised"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
