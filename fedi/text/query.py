"""What people type into a search field: words, "phrases", `-not`, and operators like `from:me has:poll before:2026`.

Pure: text in, a structure out. What is no operator is words; nothing is a syntax error but a date that is none.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from fedi.text import words

Scope = Literal["all", "library", "public"]

MAX_TERMS = 50
MAX_VALUE_CHARS = 300
_TERM = re.compile(
    r'(?P<sign>[-+])?(?:(?P<name>[A-Za-z]+):(?P<value>"[^"]*"|[^\s"]+)|"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))'
)
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_MILLISECONDS = re.compile(r"\d{5,14}")


class BadDate(Exception):
    """An operator's value that is no day."""


class Term(msgspec.Struct, frozen=True):
    """Words that stand side by side. The last may be a beginning (`*`). `tag`: a hashtag of that name."""

    words: tuple[str, ...]
    excluded: bool = False
    tag: bool = False


class Operator(msgspec.Struct, frozen=True):
    """`from` with a handle, `has` and `is` with a property, `language` with a code."""

    name: Literal["from", "has", "language"]
    value: str
    excluded: bool = False


class Typed(msgspec.Struct, kw_only=True):
    """`groups`: each has to be met by one of its terms (they are joined by OR). Times: from `since`, before `until`."""

    groups: list[list[Term]]
    operators: list[Operator]
    scope: Scope = "all"
    since: datetime | None = None
    until: datetime | None = None

    @property
    def asks(self) -> bool:
        """Whether it says what is wanted, not only what is not."""
        return (
            any(not term.excluded for group in self.groups for term in group)
            or any(not each.excluded for each in self.operators)
            or self.since is not None
            or self.until is not None
        )


def parse(text: str) -> Typed:
    """`BadDate` is all that can be wrong."""
    typed = Typed(groups=[], operators=[])
    joined = False
    for count, match in enumerate(_TERM.finditer(text)):
        if count >= MAX_TERMS:
            break
        if match[0] == "OR":
            joined = bool(typed.groups)
            continue
        if match["name"] is None or not _operator(typed, match):
            _add(typed, match, joined=joined)
        joined = False
    return typed


def _add(typed: Typed, match: re.Match[str], *, joined: bool) -> None:
    excluded = match["sign"] == "-"
    raw = match["phrase"] if match["phrase"] is not None else match[0].removeprefix(match["sign"] or "")
    if raw.startswith(("#", "＃")) and match["phrase"] is None:
        term = Term((raw[1:],), excluded, tag=True)
    else:
        term = Term(words.phrase(raw), excluded)
        if raw.endswith("*") and term.words and not term.words[-1].endswith("*"):
            term = Term((*term.words[:-1], term.words[-1] + "*"), excluded)
    if not term.words or not term.words[0]:
        return
    if joined and not excluded:
        typed.groups[-1].append(term)
    else:
        typed.groups.append([term])


def _operator(typed: Typed, match: re.Match[str]) -> bool:
    """Whether it is one; then it is taken in."""
    name, value = match["name"].lower(), match["value"].strip('"')[:MAX_VALUE_CHARS]
    excluded = match["sign"] == "-"
    match name:
        case "from":
            typed.operators.append(Operator("from", value.removeprefix("@").lower(), excluded))
        case "has" | "is":
            typed.operators.append(Operator("has", value.lower(), excluded))
        case "language":
            typed.operators.append(Operator("language", value.lower(), excluded))
        case "in" if value.lower() in ("all", "library", "public"):
            typed.scope = _scope(value.lower(), excluded=excluded)
        case "before" | "after" | "during":
            _when(typed, name, value)
        case _:
            return False
    return True


def _scope(value: str, *, excluded: bool) -> Scope:
    if value == "library":
        return "public" if excluded else "library"
    if value == "public":
        return "library" if excluded else "public"
    return "all"


def _when(typed: Typed, name: str, value: str) -> None:
    """Days are those of UTC. `before` a day ends where it begins, `after` begins where it ends."""
    first, end = _span(value)
    if name == "before":
        typed.until = first if typed.until is None else min(typed.until, first)
        return
    since = end if name == "after" else first
    typed.since = since if typed.since is None else max(typed.since, since)
    if name == "during":
        typed.until = end if typed.until is None else min(typed.until, end)


def _span(value: str) -> tuple[datetime, datetime]:
    """A year, a month, a day, or a moment in milliseconds: where it begins and where the next one does."""
    found = _DATE.fullmatch(value)
    try:
        if found is None:
            if not _MILLISECONDS.fullmatch(value):
                raise ValueError
            moment = datetime.fromtimestamp(int(value) / 1000, UTC)
            return moment, moment + timedelta(milliseconds=1)
        year, month, day = int(found[1]), int(found[2] or 1), int(found[3] or 1)
        first = datetime(year, month, day, tzinfo=UTC)
        if found[3]:
            return first, first + timedelta(days=1)
        if found[2]:
            return first, datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        return first, datetime(year + 1, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError) as exc:
        raise BadDate(value) from exc
