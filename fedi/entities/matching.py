"""What a viewer's filters find in a status. Every filter in force is matched; clients look at its contexts."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from fedi.entities.user_filter import FilterResult, Parts, result
from storage import bundles


class Matcher:
    """The filters of one viewer."""

    def __init__(self, rows: Sequence[bundles.Filter]) -> None:
        self._filters = [
            (
                Parts(row.id, row.title, tuple(row.context), row.action, row.expires_at),
                [
                    (each.keyword, _pattern(each.keyword, each.whole_word))
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
        found = []
        for parts, keywords, listed in self._filters:
            words = [keyword for keyword, pattern in keywords if pattern.search(text)]
            ids = [status_id for status_id in status_ids if status_id in listed]
            if words or ids:
                found.append(result(parts, keywords=words, statuses=ids))
        return tuple(found)


def hides(results: Iterable[FilterResult], context: str) -> bool:
    """Whether a status is to be left out of that context altogether."""
    return any(each.filter.filter_action == "hide" and context in each.filter.context for each in results)


@lru_cache(maxsize=2000)
def _pattern(keyword: str, whole_word: bool) -> re.Pattern[str]:
    """A word boundary is asked for only where the keyword itself ends in a letter or digit."""
    pattern = re.escape(keyword)
    if whole_word:
        start = r"\b" if re.match(r"\w", keyword) else ""
        end = r"\b" if re.search(r"\w\Z", keyword) else ""
        pattern = f"{start}{pattern}{end}"
    return re.compile(pattern, re.IGNORECASE)
