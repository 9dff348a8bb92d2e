"""What somebody typed, as a question to the index of posts: words and operators become one `tsquery`, dates ids."""

from collections.abc import Iterable

import msgspec

from fedi import errors
from fedi.text import mentions, query
from fedi.text.query import Operator, Term, Typed
from storage import accounts, ids, search, tags
from storage.db import Conn
from storage.search import StatusQuery
from storage.status_words import quoted

NOBODY = 0
ME = "me"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks for beside the text. `domain` is ours: the one of handles without any."""

    text: str
    domain: str
    limit: int
    offset: int = 0
    account_id: int | None = None
    max_id: int | None = None
    min_id: int | None = None


async def find(conn: Conn, viewer_id: int, request: Request) -> list[int]:
    """Ids of posts, newest first. Nothing for a text that only says what is not wanted: that is everything."""
    try:
        typed = query.parse(request.text)
    except query.BadDate as exc:
        raise errors.Unprocessable(f"Invalid date {exc}") from exc
    if not typed.asks:
        return []
    authors = await _authors(conn, viewer_id, typed, request.domain)
    below, above = _bounds(typed, request)
    return await search.status_ids(
        conn,
        viewer_id,
        StatusQuery(
            words=_question(typed, authors, request.account_id),
            limit=request.limit,
            offset=request.offset,
            scope=typed.scope,
            embeds=_embeds(typed),
            below=below,
            above=above,
        ),
    )


async def _authors(conn: Conn, viewer_id: int, typed: Typed, domain: str) -> dict[str, int]:
    """Account ids by the values of `from:`; nobody's id for whom we do not know."""
    values = {each.value for each in typed.operators if each.name == "from" and each.value != ME}
    handles = {value: _handle(value, domain) for value in values}
    known = await accounts.by_handles(conn, list(set(handles.values()))) if handles else []
    by_handle = {(each.username.lower(), each.domain.lower()): each.id for each in known}
    return {ME: viewer_id, **{value: by_handle.get(handle, NOBODY) for value, handle in handles.items()}}


def _handle(value: str, domain: str) -> tuple[str, str]:
    username, _, host = value.partition("@")
    return username, (mentions.normalise_domain(host) or host) if host else domain


def _bounds(typed: Typed, request: Request) -> tuple[int, int]:
    """Ids lie in time: the id below which and the id above which is looked."""
    below = [ids.MAX_ID if request.max_id is None else request.max_id]
    above = [-1 if request.min_id is None else request.min_id]
    if typed.until is not None:
        below.append(ids.floor(typed.until))
    if typed.since is not None:
        above.append(ids.floor(typed.since) - 1)
    return min(below), max(above)


def _embeds(typed: Typed) -> bool | None:
    """Cards come later than posts, so that this is no mark in the index."""
    asked = [not each.excluded for each in typed.operators if (each.name, each.value) == ("has", "embed")]
    return asked[-1] if asked else None


def _question(typed: Typed, authors: dict[str, int], account_id: int | None) -> str:
    """Everything joined by "and". Of several authors or languages one is enough: no post has two."""
    parts = [_either(_term(term) for term in group) for group in typed.groups]
    wanted = [each for each in typed.operators if not each.excluded]
    for name in ("from", "language"):
        marks = [_mark(each, authors) for each in wanted if each.name == name]
        parts += [_either(marks)] if marks else []
    parts += [_mark(each, authors) for each in wanted if each.name == "has" and each.value != "embed"]
    parts += ["!" + _mark(each, authors) for each in typed.operators if each.excluded and each.value != "embed"]
    if account_id is not None:
        parts.append(quoted(f"@{account_id}"))
    if all(part.startswith("!") for part in parts):
        parts.append(quoted("=any"))
    return " & ".join(parts)


def _either(parts: Iterable[str]) -> str:
    found = list(parts)
    return found[0] if len(found) == 1 else f"({' | '.join(found)})"


def _mark(each: Operator, authors: dict[str, int]) -> str:
    match each.name:
        case "from":
            return quoted(f"@{authors[each.value]}")
        case "language":
            return quoted(f"=lang:{each.value}")
        case _:
            return quoted(f"={each.value}")


def _term(term: Term) -> str:
    if term.tag:
        found = quoted("#" + tags.normalise(term.words[0]))
    else:
        found = "(" + " <-> ".join(_word(each) for each in term.words) + ")"
    return f"!{found}" if term.excluded else found


def _word(word: str) -> str:
    return quoted(word.removesuffix("*")) + (":*" if word.endswith("*") else "")
