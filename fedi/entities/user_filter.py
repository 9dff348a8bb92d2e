"""Filter (a group of keywords and statuses), V1Filter (one keyword of a group), and FilterResult on a status."""

from datetime import datetime

from msgspec import Struct

from fedi.entities import dates


class FilterKeyword(Struct, frozen=True):
    id: str
    keyword: str
    whole_word: bool


class FilterStatus(Struct, frozen=True):
    id: str
    status_id: str


class Filter(Struct, frozen=True):
    id: str
    title: str
    context: list[str]
    expires_at: str | None
    filter_action: str
    keywords: list[FilterKeyword]
    statuses: list[FilterStatus]


class Matched(Struct, frozen=True):
    """The filter inside a FilterResult: without its rules."""

    id: str
    title: str
    context: list[str]
    expires_at: str | None
    filter_action: str


class FilterResult(Struct, frozen=True):
    filter: Matched
    keyword_matches: list[str] | None
    status_matches: list[str] | None


class V1Filter(Struct, frozen=True):
    """`id` is the keyword's."""

    id: str
    phrase: str
    context: list[str]
    whole_word: bool
    expires_at: str | None
    irreversible: bool


class Keyword(Struct, frozen=True):
    id: int
    keyword: str
    whole_word: bool


class Parts(Struct, frozen=True):
    id: int
    title: str
    context: tuple[str, ...]
    action: str
    expires_at: datetime | None = None
    keywords: tuple[Keyword, ...] = ()
    statuses: tuple[tuple[int, int], ...] = ()
    """(id of the entry, id of the status)"""


def build(parts: Parts) -> Filter:
    return Filter(
        id=str(parts.id),
        title=parts.title,
        context=list(parts.context),
        expires_at=dates.optional(parts.expires_at),
        filter_action=parts.action,
        keywords=[FilterKeyword(str(each.id), each.keyword, each.whole_word) for each in parts.keywords],
        statuses=[FilterStatus(str(entry), str(status)) for entry, status in parts.statuses],
    )


def v1(parts: Parts) -> list[V1Filter]:
    """One of the old kind for each keyword; there they have no title and `hide` is called irreversible."""
    return [
        V1Filter(
            id=str(each.id),
            phrase=each.keyword,
            context=list(parts.context),
            whole_word=each.whole_word,
            expires_at=dates.optional(parts.expires_at),
            irreversible=parts.action == "hide",
        )
        for each in parts.keywords
    ]


def result(parts: Parts, *, keywords: list[str], statuses: list[int]) -> FilterResult:
    """Why a status is filtered; a kind of match that did not happen is null."""
    return FilterResult(
        filter=Matched(
            id=str(parts.id),
            title=parts.title,
            context=list(parts.context),
            expires_at=dates.optional(parts.expires_at),
            filter_action=parts.action,
        ),
        keyword_matches=keywords or None,
        status_matches=[str(each) for each in statuses] or None,
    )
