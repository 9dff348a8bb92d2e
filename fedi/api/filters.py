"""Filters, in both versions of the API: groups of keywords and posts (v2), single keywords (v1). One set of rows."""

from collections.abc import Iterable

import msgspec
from msgspec import UNSET, UnsetType

from fedi.entities.user_filter import Filter, FilterKeyword, FilterStatus, Parts, V1Filter, build, v1
from fedi.entities.user_filter import Keyword as KeywordParts
from fedi.http.endpoint import Call, NoParams, delete, get, patch, post, put, user
from fedi.services import filters as service
from fedi.services.filters import Changes, KeywordChange
from storage import filters
from storage.filters import Action, Context, Whole

READ, WRITE = user("read:filters"), user("write:filters")


class FilterParams(msgspec.Struct, frozen=True, kw_only=True):
    """What is not given stays; an empty or null `expires_in` (seconds) means for ever."""

    title: str | None = None
    context: list[Context] | None = None
    filter_action: Action | None = None
    expires_in: int | None | UnsetType = UNSET
    keywords_attributes: list[KeywordChange] = []


class KeywordParams(msgspec.Struct, frozen=True, kw_only=True):
    keyword: str | None = None
    whole_word: bool | None = None


class StatusParams(msgspec.Struct, frozen=True):
    status_id: int


class V1Params(msgspec.Struct, frozen=True, kw_only=True):
    phrase: str | None = None
    context: list[Context] | None = None
    irreversible: bool | None = None
    whole_word: bool | None = None
    expires_in: int | None | UnsetType = UNSET


def _parts(whole: Whole, keywords: Iterable[filters.Keyword] | None = None) -> Parts:
    row = whole.filter
    return Parts(
        row.id,
        row.title,
        tuple(row.context),
        row.action,
        row.expires_at,
        keywords=tuple(
            KeywordParts(each.id, each.keyword, each.whole_word)
            for each in (whole.keywords if keywords is None else keywords)
        ),
        statuses=tuple((each.id, each.status_id) for each in whole.statuses),
    )


# ------------------------------------------------------------ groups


async def index(call: Call[NoParams]) -> list[Filter]:
    async with call.read() as conn:
        return [build(_parts(whole)) for whole in await filters.of_account(conn, call.user.account_id)]


async def show(call: Call[NoParams]) -> Filter:
    async with call.read() as conn:
        return build(_parts(await filters.own(conn, call.user.account_id, call.id())))


async def create(call: Call[FilterParams]) -> Filter:
    return build(_parts(await service.create(call.app, call.user.account_id, _changes(call.params))))


async def update(call: Call[FilterParams]) -> Filter:
    return build(_parts(await service.update(call.app, call.user.account_id, call.id(), _changes(call.params))))


def _changes(params: FilterParams) -> Changes:
    return Changes(
        title=params.title,
        context=params.context,
        action=params.filter_action,
        expires_in=params.expires_in,
        keywords=params.keywords_attributes,
    )


async def remove(call: Call[NoParams]) -> None:
    await service.delete(call.app, call.user.account_id, call.id())


# ------------------------------------------------------------ keywords of a group


async def keywords(call: Call[NoParams]) -> list[FilterKeyword]:
    async with call.read() as conn:
        whole = await filters.own(conn, call.user.account_id, call.id("filter_id"))
    return build(_parts(whole)).keywords


async def add_keyword(call: Call[KeywordParams]) -> FilterKeyword:
    change = KeywordChange(keyword=call.params.keyword, whole_word=call.params.whole_word)
    return _keyword(await service.add_keyword(call.app, call.user.account_id, call.id("filter_id"), change))


async def show_keyword(call: Call[NoParams]) -> FilterKeyword:
    async with call.read() as conn:
        return _keyword(await filters.own_keyword(conn, call.user.account_id, call.id()))


async def update_keyword(call: Call[KeywordParams]) -> FilterKeyword:
    change = KeywordChange(keyword=call.params.keyword, whole_word=call.params.whole_word)
    return _keyword(await service.change_keyword(call.app, call.user.account_id, call.id(), change))


async def remove_keyword(call: Call[NoParams]) -> None:
    await service.remove_keyword(call.app, call.user.account_id, call.id())


def _keyword(row: filters.Keyword) -> FilterKeyword:
    return FilterKeyword(str(row.id), row.keyword, row.whole_word)


# ------------------------------------------------------------ single posts of a group


async def statuses(call: Call[NoParams]) -> list[FilterStatus]:
    async with call.read() as conn:
        whole = await filters.own(conn, call.user.account_id, call.id("filter_id"))
    return build(_parts(whole)).statuses


async def add_status(call: Call[StatusParams]) -> FilterStatus:
    filter_id, status_id = call.id("filter_id"), call.params.status_id
    return _entry(await service.add_status(call.app, call.user.account_id, filter_id, status_id))


async def show_status(call: Call[NoParams]) -> FilterStatus:
    async with call.read() as conn:
        return _entry(await filters.own_entry(conn, call.user.account_id, call.id()))


async def remove_status(call: Call[NoParams]) -> None:
    await service.remove_status(call.app, call.user.account_id, call.id())


def _entry(row: filters.Entry) -> FilterStatus:
    return FilterStatus(str(row.id), str(row.status_id))


# ------------------------------------------------------------ the old kind


async def v1_index(call: Call[NoParams]) -> list[V1Filter]:
    async with call.read() as conn:
        wholes = await filters.of_account(conn, call.user.account_id)
    return [each for whole in wholes for each in v1(_parts(whole))]


async def v1_show(call: Call[NoParams]) -> V1Filter:
    async with call.read() as conn:
        keyword = await filters.own_keyword(conn, call.user.account_id, call.id())
        return _v1(await filters.own(conn, call.user.account_id, keyword.filter_id), keyword.id)


async def v1_create(call: Call[V1Params]) -> V1Filter:
    params = call.params
    word = KeywordChange(keyword=params.phrase or "", whole_word=params.whole_word is True)
    changes = msgspec.structs.replace(_group(params), title=(params.phrase or "")[: service.MAX_TITLE_CHARS])
    whole = await service.create(call.app, call.user.account_id, msgspec.structs.replace(changes, keywords=[word]))
    return _v1(whole, whole.keywords[0].id)


async def v1_update(call: Call[V1Params]) -> V1Filter:
    word = KeywordChange(keyword=call.params.phrase, whole_word=call.params.whole_word)
    whole = await service.update_by_keyword(call.app, call.user.account_id, call.id(), word, _group(call.params))
    return _v1(whole, call.id())


async def v1_remove(call: Call[NoParams]) -> None:
    await service.delete_by_keyword(call.app, call.user.account_id, call.id())


def _group(params: V1Params) -> Changes:
    action: Action | None = None
    if params.irreversible is not None:
        action = "hide" if params.irreversible else "warn"
    return Changes(context=params.context, action=action, expires_in=params.expires_in)


def _v1(whole: Whole, keyword_id: int) -> V1Filter:
    return v1(_parts(whole, [each for each in whole.keywords if each.id == keyword_id]))[0]


ROUTES = [
    get("/api/v2/filters", index, access=READ),
    post("/api/v2/filters", create, access=WRITE, params=FilterParams),
    get("/api/v2/filters/:id", show, access=READ),
    put("/api/v2/filters/:id", update, access=WRITE, params=FilterParams),
    patch("/api/v2/filters/:id", update, access=WRITE, params=FilterParams),
    delete("/api/v2/filters/:id", remove, access=WRITE),
    get("/api/v2/filters/:filter_id/keywords", keywords, access=READ),
    post("/api/v2/filters/:filter_id/keywords", add_keyword, access=WRITE, params=KeywordParams),
    get("/api/v2/filters/keywords/:id", show_keyword, access=READ),
    put("/api/v2/filters/keywords/:id", update_keyword, access=WRITE, params=KeywordParams),
    patch("/api/v2/filters/keywords/:id", update_keyword, access=WRITE, params=KeywordParams),
    delete("/api/v2/filters/keywords/:id", remove_keyword, access=WRITE),
    get("/api/v2/filters/:filter_id/statuses", statuses, access=READ),
    post("/api/v2/filters/:filter_id/statuses", add_status, access=WRITE, params=StatusParams),
    get("/api/v2/filters/statuses/:id", show_status, access=READ),
    delete("/api/v2/filters/statuses/:id", remove_status, access=WRITE),
    get("/api/v1/filters", v1_index, access=READ),
    post("/api/v1/filters", v1_create, access=WRITE, params=V1Params),
    get("/api/v1/filters/:id", v1_show, access=READ),
    put("/api/v1/filters/:id", v1_update, access=WRITE, params=V1Params),
    patch("/api/v1/filters/:id", v1_update, access=WRITE, params=V1Params),
    delete("/api/v1/filters/:id", v1_remove, access=WRITE),
]
