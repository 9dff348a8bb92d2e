"""What moderators did to somebody, and their appeals against it: pages for those who were struck, and for those who
decide.

The addresses of the first are Mastodon's: apps link to them. Who can no longer log in gets in with a link that the form
for logging in gives to whoever knows the password.
"""

from collections.abc import Awaitable, Callable
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from fedi import errors, i18n, roles
from fedi.auth import secrets
from fedi.context import App
from fedi.http.endpoint import OPEN, Call, Endpoint, NoParams, get, post
from fedi.services import appeals as service
from fedi.services.staff import By
from fedi.web import pages
from fedi.web.pages import Page
from storage import appeals, user_tokens, users, warnings
from storage.db import Conn
from storage.errors import Conflict, Missing

_ = i18n.gettext

STRIKES = "/disputes/strikes"
APPEALS = "/auth/appeals"
MOST = 100


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    token: str = ""


class Appealing(msgspec.Struct, frozen=True, kw_only=True):
    text: str = ""
    token: str = ""
    form_token: str = ""


class Form(msgspec.Struct, frozen=True, kw_only=True):
    form_token: str = ""


# ---------------------------------------------------------------- those who were struck


async def _struck(page: Page, conn: Conn, token: str) -> users.User | None:
    """Whoever is signed in, else whom the link was made for."""
    if page.user is not None or not token:
        return page.user
    link = await user_tokens.by_hash(conn, secrets.hashed(token), "appeal")
    return await users.by_id(conn, link.user_id) if link is not None and link.user_id is not None else None


def _log_in(page: Page) -> Response:
    return pages.redirect(f"/auth/log_in?next={pages.local(page.call.request.url.path)}")


async def strikes(page: Page, call: Call[Visit]) -> Response:
    async with call.read() as conn:
        user = await _struck(page, conn, call.params.token)
        if user is None:
            return _log_in(page)
        listed = await warnings.of(conn, user.account_id, limit=MOST)
    return page.html("auth/strikes.html", strikes=listed, token=call.params.token)


async def strike(page: Page, call: Call[Visit]) -> Response:
    async with call.read() as conn:
        user = await _struck(page, conn, call.params.token)
        if user is None:
            return _log_in(page)
        found = await warnings.own(conn, user.account_id, call.id())
    if found is None:
        raise errors.NotFound
    return _strike_page(page, found, call.params.token)


def _strike_page(
    page: Page, found: warnings.Warning, token: str, *, text: str = "", error: str = "", status: int = 200
) -> Response:
    return page.html(
        "auth/strike.html", status=status, strike=found, possible=service.possible(found), token=token, text=text,
        error=error, longest=service.MAX_TEXT_CHARS,
    )  # fmt: skip


async def appeal(page: Page, call: Call[Appealing]) -> Response:
    params = call.params
    async with call.read() as conn:
        user = await _struck(page, conn, params.token)
        if user is None:
            return _log_in(page)
        found = await warnings.own(conn, user.account_id, call.id())
    if found is None:
        raise errors.NotFound
    if not page.genuine(params.form_token):
        return _strike_page(page, found, params.token, text=params.text, error=pages.stale(), status=422)
    try:
        async with call.app.db.transaction() as conn:
            await service.lodge(conn, call.app, user.account_id, found.id, params.text)
    except errors.Unprocessable as refused:
        return _strike_page(page, found, params.token, text=params.text, error=_(refused.message), status=422)
    except Conflict:
        pass  # sent twice at once
    return pages.redirect(f"{STRIKES}/{found.id}" + (f"?token={quote(params.token)}" if params.token else ""))


async def turned_away(page: Page, user: users.User) -> Response | None:
    """For somebody who has shown that it is them, but may not log in; None when there is nothing to appeal."""
    async with page.app.db.transaction() as conn:
        if not await warnings.of(conn, user.account_id, limit=1):
            return None
        link = await service.link(conn, page.app, user)
    return page.html("auth/turned_away.html", status=403, link=link)


# ---------------------------------------------------------------- those who decide


def _judge(page: Page) -> By:
    user = page.user
    if user is None or not user.active or not user.rank.may(roles.MANAGE_APPEALS):
        raise errors.Forbidden
    return By(user.id, user.account_id, user.rank)


async def index(page: Page, call: Call[NoParams]) -> Response:
    if page.user is None:
        return _log_in(page)
    _judge(page)
    async with call.read() as conn:
        waiting = await appeals.listed(conn)
        decided = await appeals.listed(conn, decided=True, limit=20)
    return page.html("auth/appeals.html", waiting=waiting, decided=decided)


async def approve(page: Page, call: Call[Form]) -> Response:
    return await _decide(page, call, service.approve)


async def reject(page: Page, call: Call[Form]) -> Response:
    return await _decide(page, call, service.reject)


async def _decide(page: Page, call: Call[Form], verb: Callable[[Conn, App, By, int], Awaitable[None]]) -> Response:
    who = _judge(page)
    if page.genuine(call.params.form_token):
        try:
            async with call.app.db.transaction() as conn:
                await verb(conn, call.app, who, call.id())
        except Missing as exc:
            raise errors.NotFound from exc
    return pages.redirect(APPEALS)


ROUTES: list[Endpoint] = [
    get(STRIKES, pages.page(strikes), access=OPEN, params=Visit),
    get(f"{STRIKES}/:id", pages.page(strike), access=OPEN, params=Visit),
    post(f"{STRIKES}/:id/appeal", pages.page(appeal), access=OPEN, params=Appealing),
    get(APPEALS, pages.page(index), access=OPEN),
    post(f"{APPEALS}/:id/approve", pages.page(approve), access=OPEN, params=Form),
    post(f"{APPEALS}/:id/reject", pages.page(reject), access=OPEN, params=Form),
]
