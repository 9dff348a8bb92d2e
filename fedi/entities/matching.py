"""What a viewer's filters find in a status. Every filter in force is matched; clients look at its contexts."""

import unicodedata
from collections.abc import Iterable, Sequence

from fedi.entities.user_filter import FilterResult, Parts, result
from fedi.text import words
from storage import bundles


class Matcher:
    """The filters of one viewer."""

    def __init__(self, rows: Sequence[bundles.Filter]) -> None:
        self._filters = [
            (
                Parts(row.id, row.title, tuple(row.context), row.action, row.expires_at),
                [
                    (each.keyword, _folded(each.keyword), each.whole_word)
                    for each in bundles.decode(row.keywords, bundles.Keyword)
                ],
                frozenset(row.status_ids),
            )
            for row in rows
        ]

    def __bool__(self) -> bool:
        return bool(self._filters)

    def match(self, status_ids: Iterable[int], text: str) -> tuple[FilterResult, ...]:
        """`status_ids`: the status, and the boost of it that is shown."""
        found, folded = [], _folded(text)
        for parts, keywords, listed in self._filters:
            # First whether it is there at all: a reader may have a thousand keywords, and a page forty posts.
            matched = [
                keyword
                for keyword, looked_for, whole_word in keywords
                if looked_for in folded and (not whole_word or _stands_alone(looked_for, folded))
            ]
            ids = [status_id for status_id in status_ids if status_id in listed]
            if matched or ids:
                found.append(result(parts, keywords=matched, statuses=ids))
        return tuple(found)


def hides(results: Iterable[FilterResult], context: str) -> bool:
    """Whether a status is to be left out of that context altogether."""
    return any(each.filter.filter_action == "hide" and context in each.filter.context for each in results)


def _folded(text: str) -> str:
    """Case does not matter, nor whether an accent is a sign of its own; which accent it is does."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text).casefold()


def _stands_alone(keyword: str, text: str) -> bool:
    """Whether it is somewhere in the text without being part of a longer word."""
    before, after = _bounded(keyword[0]), _bounded(keyword[-1])
    start = text.find(keyword)
    while start >= 0:
        end = start + len(keyword)
        if not (before and start > 0 and _is_letter(text[start - 1])) and not (
            after and end < len(text) and _is_letter(text[end])
        ):
            return True
        start = text.find(keyword, start + 1)
    return False


def _bounded(char: str) -> bool:
    """A boundary is asked for only where the keyword itself ends in a letter or digit, and only in scripts that have
    boundaries."""
    return _is_letter(char) and words.is_spaced(char)


def _is_letter(char: str) -> bool:
    """Signs that belong to a letter, as vowels of Indic scripts, are part of the word."""
    return char.isalnum() or char == "_" or unicodedata.category(char) in ("Mn", "Mc")
