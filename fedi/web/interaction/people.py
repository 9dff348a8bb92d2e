"""Following somebody, from a page about them."""

from typing import Literal

import msgspec
from starlette.responses import Response

from fedi import access, entities, errors
from fedi.http.endpoint import OPEN, Call, Endpoint, post
from fedi.services import follows
from fedi.web import pages
from fedi.web.interaction import who
from fedi.web.pages import Page
from storage import accounts, users
from storage import follows as rows


class Form(msgspec.Struct, frozen=True, kw_only=True):
    do: Literal["follow", "unfollow"]
    form_token: str = ""


async def show(page: Page, user: users.User, account_id: int, *, error: str = "", status: int = 200) -> Response:
    async with page.call.read() as conn:
        account = await access.active_account(conn, user.account_id, account_id)
        person = await entities.account(page.app, conn, account.id)
        (tie,) = await entities.relationships(conn, user.account_id, [account.id])
    return page.html(
        "interaction/account.html",
        status=status,
        person=person,
        handle=account.handle,
        tie=tie,
        myself=account.id == user.account_id,
        error=error,
    )


async def act(page: Page, call: Call[Form]) -> Response:
    user = who.somebody(page)
    if isinstance(user, Response):
        return user
    account_id = call.id()
    if not page.genuine(call.params.form_token):
        return await show(page, user, account_id, error=pages.stale(), status=422)
    try:
        if call.params.do == "follow":
            await follows.follow(call.app, who.acting(user), account_id, rows.Options())
        else:
            await follows.unfollow(call.app, who.acting(user), account_id)
    except errors.Forbidden as exc:
        return await show(page, user, account_id, error=who.refusal(), status=exc.status)
    async with call.read() as conn:
        account = await accounts.by_id(conn, account_id)
    return pages.redirect(who.address(account.uri) if account else who.PATH)


ROUTES: list[Endpoint] = [post(f"{who.PATH}/accounts/:id", pages.page(act), access=OPEN, params=Form)]
