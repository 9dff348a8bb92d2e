"""What happened to a person, likes of one post and the like in groups."""

from collections.abc import Sequence
from typing import Any

from fedi import entities, errors
from fedi.api.notifications import (
    MAX_REFILLS,
    READ,
    WRITE,
    Count,
    CountParams,
    FallbackParams,
    ListParams,
    clear,
    count_limit,
    known,
    marker,
    wanted,
)
from fedi.entities.account import Account
from fedi.entities.notification_group import GroupedNotifications
from fedi.http.endpoint import Call, NoParams, get, post
from fedi.http.paging import PageParams, link, page
from storage import notification_groups
from storage.db import Conn
from storage.notification_groups import GROUPED, Group
from storage.paging import Page

EXPAND = ("full", "partial_avatars")


class GroupsParams(ListParams, frozen=True, kw_only=True):
    grouped_types: tuple[str, ...] | None = None
    expand_accounts: str = "full"


class CountGroupsParams(CountParams, frozen=True, kw_only=True):
    grouped_types: tuple[str, ...] | None = None


def _grouped(types: tuple[str, ...] | None) -> list[str]:
    return [each for each in GROUPED if types is None or each in types]


async def index(call: Call[GroupsParams]) -> GroupedNotifications:
    params = call.params
    if params.expand_accounts not in EXPAND:
        raise errors.BadRequest(f"Invalid value for 'expand_accounts': '{params.expand_accounts}'")
    asked = page(params, default=40, most=80)
    style = entities.Style(partial=params.expand_accounts == "partial_avatars", known=known(call.user, params))
    async with call.read() as conn:
        rows = await _rows(call, conn, asked)
        pages = [await entities.notification_groups(call.app, conn, rows, call.user.account_id, style)]
        seen, read = list(rows), len(rows) == asked.size
        upwards = asked.min_id is not None
        for _refill in range(MAX_REFILLS):
            missing = asked.size - sum(len(each.notification_groups) for each in pages)
            if not (missing and read and seen):
                break
            rows = await _rows(call, conn, asked.beyond(_newest(seen), _oldest(seen), size=missing))
            more = await entities.notification_groups(call.app, conn, rows, call.user.account_id, style)
            seen, pages = (rows + seen, [more, *pages]) if upwards else (seen + rows, [*pages, more])
            read = len(rows) == missing
    link(call, [_newest(seen), _oldest(seen)] if seen else [])
    return entities.joined(pages)


async def _rows(call: Call[GroupsParams], conn: Conn, asked: Page) -> list[Group]:
    params = call.params
    return await notification_groups.page(
        conn, call.user.account_id, asked, wanted(params), grouped=_grouped(params.grouped_types)
    )


def _newest(groups: Sequence[Group]) -> int:
    return max(each.page_max_id for each in groups)


def _oldest(groups: Sequence[Group]) -> int:
    return min(each.page_min_id for each in groups)


def _key(call: Call[Any]) -> str:
    key = call.path["group_key"]
    if "\0" in key:  # which no text in the database can hold
        raise errors.NotFound
    return key


async def show(call: Call[FallbackParams]) -> GroupedNotifications:
    style = entities.Style(paged=False, known=known(call.user, call.params))
    async with call.read() as conn:
        row = await notification_groups.by_key(conn, call.user.account_id, _key(call))
        if row is None:
            raise errors.NotFound
        found = await entities.notification_groups(call.app, conn, [row], call.user.account_id, style)
    if not found.notification_groups:
        raise errors.NotFound
    return found


async def accounts(call: Call[PageParams]) -> list[Account]:
    """Everybody in the group, latest first."""
    asked, key = page(call.params, default=40, most=80), _key(call)
    async with call.read() as conn:
        group = await notification_groups.by_key(conn, call.user.account_id, key)
        if group is None:
            raise errors.NotFound
        rows = await notification_groups.accounts(conn, call.user.account_id, key, asked)
        found = await entities.accounts(call.app, conn, [account_id for _, account_id in rows], call.viewer_id)
    found = [entities.face(call.app, group, each) for each in found]
    link(call, [notification_id for notification_id, _ in rows], full=len(rows) == asked.size)
    return found


async def unread_count(call: Call[CountGroupsParams]) -> Count:
    """How many groups have something newer than the marker, as far as the limit."""
    params = call.params
    async with call.read() as conn:
        count = await notification_groups.unread_count(
            conn,
            call.user.account_id,
            wanted(params),
            above=await marker(conn, call.user),
            limit=count_limit(params),
            grouped=_grouped(params.grouped_types),
        )
    return Count(count)


async def dismiss(call: Call[NoParams]) -> None:
    """A group that is not there any more is dismissed, too."""
    async with call.app.db.transaction() as conn:
        await notification_groups.dismiss(conn, call.user.account_id, _key(call))


ROUTES = [
    get("/api/v2/notifications", index, access=READ, params=GroupsParams),
    get("/api/v2/notifications/unread_count", unread_count, access=READ, params=CountGroupsParams),
    post("/api/v2/notifications/clear", clear, access=WRITE),
    get("/api/v2/notifications/:group_key", show, access=READ, params=FallbackParams),
    get("/api/v2/notifications/:group_key/accounts", accounts, access=READ, params=PageParams),
    post("/api/v2/notifications/:group_key/dismiss", dismiss, access=WRITE),
]
