"""Accounts and what staff does to them."""

import ipaddress
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import msgspec

from fedi import errors, roles
from fedi.api.admin import listing
from fedi.entities import admin_account
from fedi.entities.admin_account import AdminAccount
from fedi.http.endpoint import Call, Endpoint, NoParams, delete, get, post, staff
from fedi.http.paging import PageParams
from fedi.services import domain_rules, moderation
from fedi.services import staff as deciding
from fedi.services.staff import By
from storage import dossiers, ids
from storage import roles as role_rows
from storage.db import Conn
from storage.dossiers import Filter, Status
from storage.moderation import Action, Subject

READ = staff("admin:read:accounts", roles.MANAGE_USERS)
WRITE = staff("admin:write:accounts", roles.MANAGE_USERS)
DECIDE = staff("admin:write:accounts", roles.MANAGE_USERS | roles.MANAGE_REPORTS)
DELETE = staff("admin:write:accounts", roles.DELETE_USER_DATA)


class Search(PageParams, frozen=True, kw_only=True):
    """What both versions take."""

    username: str | None = None
    display_name: str | None = None
    by_domain: str | None = None
    email: str | None = None
    ip: str | None = None


class FirstSearch(Search, frozen=True, kw_only=True):
    local: bool = False
    remote: bool = False
    active: bool = False
    pending: bool = False
    disabled: bool = False
    silenced: bool = False
    suspended: bool = False
    sensitized: bool = False
    staff: bool = False


class SecondSearch(Search, frozen=True, kw_only=True):
    origin: Literal["local", "remote"] | None = None
    status: Status | None = None
    permissions: Literal["staff"] | None = None
    role_ids: list[str] | None = None
    invited_by: int | None = None


_STATUSES: tuple[Status, ...] = ("active", "pending", "disabled", "silenced", "suspended", "sensitized")


async def first_index(call: Call[FirstSearch]) -> list[AdminAccount]:
    params = call.params
    wanted = _filter(
        params,
        local=None if params.local == params.remote else params.local,
        statuses=[each for each in _STATUSES if getattr(params, each)],
        roles=await _roles(call, staff=True) if params.staff else None,
    )
    return await _index(call, wanted)


async def index(call: Call[SecondSearch]) -> list[AdminAccount]:
    params = call.params
    named = None
    if params.role_ids is not None or params.permissions == "staff":
        named = await _roles(call, params.role_ids, staff=params.permissions == "staff")
    wanted = _filter(
        params,
        local=None if params.origin is None else params.origin == "local",
        statuses=[] if params.status is None else [params.status],
        roles=named,
        invited_by=params.invited_by,
    )
    return await _index(call, wanted)


async def _roles(call: Call[Any], wanted: list[str] | None = None, *, staff: bool) -> list[str]:
    """Names of roles: those of the ids, or all; with `staff` only those who moderate."""
    ids_ = None if wanted is None else [_number(each) for each in wanted]
    async with call.read() as conn:
        listed = await role_rows.listed(conn)
    return [each.name for each in listed if (ids_ is None or each.id in ids_) and (not staff or each.rank.is_staff)]


def _number(text: str) -> int:
    """Of a role: -99 is everybody's. 0 is no role's."""
    return -(ids.parse(text.removeprefix("-")) or 0) if text.startswith("-") else ids.parse(text) or 0


def _filter(params: Search, **more: Any) -> Filter:  # Any: fields of the struct
    network = None
    if params.ip:
        try:
            network = str(ipaddress.ip_network(params.ip.strip(), strict=False))
        except ValueError as exc:
            raise errors.Invalid("Ip is not an address or a network") from exc
    return Filter(
        username=params.username or None,
        display_name=params.display_name or None,
        domain=domain_rules.normal(params.by_domain) if params.by_domain else None,
        email=params.email or None,
        network=network,
        **more,
    )


async def _index(call: Call[Any], wanted: Filter) -> list[AdminAccount]:  # Any: either search
    page = listing.page(call.params)
    async with call.read() as conn:
        rows = await dossiers.listed(conn, wanted, page)
        found = await admin_account.load(call.app, conn, rows)
    listing.link(call, rows, page.size)
    return found


async def show(call: Call[NoParams]) -> AdminAccount:
    async with call.read() as conn:
        return await _shown(call, conn)


async def _shown(call: Call[Any], conn: Conn) -> AdminAccount:  # Any: no parameter matters
    rows = await dossiers.by_ids(conn, [call.id()])
    found = await admin_account.load(call.app, conn, list(rows.values()))
    if not found:
        raise errors.NotFound
    return found[0]


async def approve(call: Call[NoParams]) -> AdminAccount:
    who = deciding.by(call.user)
    async with call.app.db.transaction() as conn:
        target = await deciding.subject(conn, who, call.id())
        if not await moderation.approve(conn, call.app, who, target):
            raise errors.Forbidden
        return await _shown(call, conn)


async def reject(call: Call[NoParams]) -> AdminAccount:
    """The account as it was: it is gone now."""
    who = deciding.by(call.user)
    async with call.app.db.transaction() as conn:
        target = await deciding.subject(conn, who, call.id())
        shown = await _shown(call, conn)
        if not await moderation.reject(conn, who, target):
            raise errors.Forbidden
        return shown


class ActionParams(msgspec.Struct, frozen=True, kw_only=True):
    type: Action
    report_id: int | None = None
    warning_preset_id: int | None = None
    text: str = ""
    send_email_notification: bool = True


async def action(call: Call[ActionParams]) -> None:
    params, who = call.params, deciding.by(call.user)
    decision = moderation.Decision(
        action=params.type,
        text=params.text,
        preset_id=params.warning_preset_id,
        report_id=params.report_id,
        tell=params.send_email_notification,
    )
    async with call.app.db.transaction() as conn:
        target = await deciding.subject(conn, who, call.id())
        await moderation.decide(conn, call.app, who, target, decision)


async def _lifted(call: Call[NoParams], lift: Callable[[Conn, By, Subject], Awaitable[object]]) -> AdminAccount:
    who = deciding.by(call.user)
    async with call.app.db.transaction() as conn:
        await lift(conn, who, await deciding.subject(conn, who, call.id()))
        return await _shown(call, conn)


async def enable(call: Call[NoParams]) -> AdminAccount:
    return await _lifted(call, moderation.enable)


async def unsilence(call: Call[NoParams]) -> AdminAccount:
    return await _lifted(call, moderation.unsilence)


async def unsensitive(call: Call[NoParams]) -> AdminAccount:
    return await _lifted(call, moderation.unsensitize)


async def unsuspend(call: Call[NoParams]) -> AdminAccount:
    who = deciding.by(call.user)
    async with call.app.db.transaction() as conn:
        if not await moderation.unsuspend(conn, who, await deciding.subject(conn, who, call.id())):
            raise errors.Forbidden
        return await _shown(call, conn)


async def destroy(call: Call[NoParams]) -> AdminAccount:
    """The account as it was; what it has left is removed by a job."""
    who = deciding.by(call.user)
    async with call.app.db.transaction() as conn:
        target = await deciding.subject(conn, who, call.id())
        shown = await _shown(call, conn)
        await moderation.delete(conn, who, target)
        return shown


ROUTES: list[Endpoint] = [
    get("/api/v1/admin/accounts", first_index, access=READ, params=FirstSearch),
    get("/api/v2/admin/accounts", index, access=READ, params=SecondSearch),
    get("/api/v1/admin/accounts/:id", show, access=READ),
    delete("/api/v1/admin/accounts/:id", destroy, access=DELETE),
    post("/api/v1/admin/accounts/:id/approve", approve, access=WRITE),
    post("/api/v1/admin/accounts/:id/reject", reject, access=WRITE),
    post("/api/v1/admin/accounts/:id/action", action, access=DECIDE, params=ActionParams),
    post("/api/v1/admin/accounts/:id/enable", enable, access=WRITE),
    post("/api/v1/admin/accounts/:id/unsilence", unsilence, access=WRITE),
    post("/api/v1/admin/accounts/:id/unsensitive", unsensitive, access=WRITE),
    post("/api/v1/admin/accounts/:id/unsuspend", unsuspend, access=WRITE),
]
