"""Trends: tags, links and posts, by offset."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from fedi import entities
from fedi.entities import urls
from fedi.entities.account import Account
from fedi.entities.card import Credit, TrendLink, build, credited, trend
from fedi.entities.card import Parts as CardParts
from fedi.entities.status import Status
from fedi.entities.tag import Tag, Usage, history
from fedi.http.endpoint import PUBLIC, Call, get
from fedi.services import trends as service
from storage.db import Conn
from storage.trends import Link

T = TypeVar("T")


class OffsetParams(msgspec.Struct, frozen=True):
    limit: int | None = None
    offset: int | None = None


async def tags(call: Call[OffsetParams]) -> list[Tag]:
    names = part(call, await service.tags(call.app), default=10, most=20)
    async with call.read() as conn:
        return await entities.tags(call.app, conn, names, call.viewer_id)


async def statuses(call: Call[OffsetParams]) -> list[Status]:
    """Without authors the viewer has blocked or muted."""
    ids = part(call, await service.statuses(call.app), default=20, most=40)
    async with call.read() as conn:
        wanted = entities.Wanted(status_ids=ids, filter_context="public", unmuted=True)
        return (await entities.load(call.app, conn, call.viewer_id, wanted)).pick(ids)


async def links(call: Call[OffsetParams]) -> list[TrendLink]:
    found = part(call, await service.links(call.app), default=10, most=20)
    async with call.read() as conn:
        return await shown(call, conn, found)


async def shown(call: Call[Any], conn: Conn, found: Sequence[Link]) -> list[TrendLink]:
    """With their authors, where those vouch for it. Any: no parameter matters."""
    authors = {each.author_account_id for each in found if each.author_account_id and each.author_vouches}
    known = (
        {each.id: each for each in await entities.accounts(call.app, conn, list(authors), call.viewer_id)}
        if authors
        else {}
    )
    return [_link(call, each, known.get(str(each.author_account_id))) for each in found]


def _link(call: Call[Any], link: Link, author: Account | None) -> TrendLink:
    """With what is known of the page; of a page that was not looked at that is its address."""
    week = {each.day: Usage(each.people, each.uses) for each in service.usage(link)}
    card = build(
        CardParts(
            url=link.url,
            title=link.title or link.url,
            description=link.description or "",
            language=link.language,
            type=link.type or "link",
            author_name=link.author_name or "",
            author_url=link.author_url or "",
            provider_name=link.provider_name or service.host(link.url),
            provider_url=link.provider_url or "",
            html=link.html or "",
            width=link.width or 0,
            height=link.height or 0,
            image=urls.either(call.app.settings.base_url, link.image_file, None),
            image_description=link.image_description or "",
            embed_url=link.embed_url or "",
            blurhash=link.blurhash,
            published_at=link.published_at,
        )
    )
    if link.author_account_id:
        credit = Credit(link.author_account_id, bool(link.author_vouches))
        card = credited(card, credit, author, call.viewer_id)
    return trend(card, history(week, today=datetime.now(UTC).date()))


def part(call: Call[OffsetParams], found: Sequence[T], *, default: int, most: int) -> list[T]:
    """The part that was asked for; sets the Link header."""
    params = call.params
    limit = default if params.limit is None else min(abs(params.limit), most)
    offset = max(params.offset or 0, 0)
    chosen = list(found[offset : offset + limit])
    offsets = []
    if chosen and offset + limit < len(found):
        offsets.append((offset + limit, "next"))
    if chosen and offset > 0:
        offsets.append((max(offset - limit, 0), "prev"))
    if offsets:
        call.headers["Link"] = ", ".join(f'<{_address(call, limit, to)}>; rel="{rel}"' for to, rel in offsets)
    return chosen


def _address(call: Call[Any], limit: int, offset: int) -> str:
    # Any: whatever its parameters were.
    query = urlencode({"limit": limit, "offset": offset})
    return f"{call.app.settings.base_url}{call.request.url.path}?{query}"


ROUTES = [
    get("/api/v1/trends", tags, access=PUBLIC, params=OffsetParams),
    get("/api/v1/trends/tags", tags, access=PUBLIC, params=OffsetParams),
    get("/api/v1/trends/statuses", statuses, access=PUBLIC, params=OffsetParams),
    get("/api/v1/trends/links", links, access=PUBLIC, params=OffsetParams),
]
