"""The page for going on as another account: which others are one's own, moving away, coming back."""

from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from fedi import errors, i18n
from fedi.auth import passwords
from fedi.http.endpoint import OPEN, Call, Endpoint, get, post
from fedi.http.limits import HOUR, Limit
from fedi.services import moving as service
from fedi.web import pages
from fedi.web.pages import Page
from storage import accounts, users

_ = i18n.gettext

PATH = "/auth/move"
# Each may ask another server.
PER_PERSON = Limit("move_person", 30, HOUR, "user")


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    done: str = ""


class Other(msgspec.Struct, frozen=True, kw_only=True):
    other: str = ""
    form_token: str = ""


class Going(msgspec.Struct, frozen=True, kw_only=True):
    other: str = ""
    password: str = ""
    followers: bool = False
    form_token: str = ""


class Form(msgspec.Struct, frozen=True, kw_only=True):
    form_token: str = ""


def _somebody(page: Page) -> users.User | Response:
    if page.user is None:
        return pages.redirect("/auth/log_in?" + urlencode({"next": PATH}))
    return page.user if page.user.active else pages.redirect("/auth/welcome")


async def show(page: Page, call: Call[Shown]) -> Response:
    user = _somebody(page)
    if isinstance(user, Response):
        return user
    words = {
        "alias": _("That account can move here now."),
        "unalias": _("That account cannot move here any more."),
        "moved": _("You have moved. Your followers are asked to go along."),
        "redirected": _("Your profile says now where you are."),
        "back": _("You are here again."),
    }
    return await _page(page, user, notice=words.get(call.params.done, ""))


async def _page(
    page: Page, user: users.User, *, notice: str = "", error: str = "", other: str = "", alias: str = ""
) -> Response:
    async with page.call.read() as conn:
        account = await accounts.by_id(conn, user.account_id)
        if account is None:
            raise errors.NotFound
        target = await accounts.by_id(conn, account.moved_to_id) if account.moved_to_id else None
        known = await service.aliases(conn, account)
        free_at = await service.free_at(conn, account.id)
    return page.html(
        "auth/move.html",
        status=422 if error else 200,
        aliases=known,
        target=target,
        free_at=free_at,
        notice=notice,
        error=error,
        other=other,
        alias=alias,
    )


async def alias(page: Page, call: Call[Other]) -> Response:
    user = _somebody(page)
    if isinstance(user, Response):
        return user
    if not page.genuine(call.params.form_token):
        return await _page(page, user, error=pages.stale())
    page.limit_key(PER_PERSON, str(user.id))
    try:
        await service.add_alias(call.app, user.account_id, call.params.other.strip())
    except errors.Unprocessable as exc:
        return await _page(page, user, error=_(exc.message), alias=call.params.other)
    return pages.redirect(f"{PATH}?done=alias")


async def unalias(page: Page, call: Call[Other]) -> Response:
    user = _somebody(page)
    if isinstance(user, Response):
        return user
    if not page.genuine(call.params.form_token):
        return await _page(page, user, error=pages.stale())
    await service.remove_alias(call.app, user.account_id, call.params.other)
    return pages.redirect(f"{PATH}?done=unalias")


async def go(page: Page, call: Call[Going]) -> Response:
    """The password is asked for: whoever finds a browser open must not send all followers away."""
    user = _somebody(page)
    if isinstance(user, Response):
        return user
    params = call.params
    if not page.genuine(params.form_token):
        return await _page(page, user, error=pages.stale(), other=params.other)
    page.limit_key(PER_PERSON, str(user.id))
    async with call.read() as conn:
        known = await users.password_hash(conn, user.id)
    if not await passwords.matches(known, params.password):
        return await _page(page, user, error=_("The password is wrong."), other=params.other)
    try:
        await service.move(call.app, user.account_id, params.other.strip(), with_followers=params.followers)
    except errors.Unprocessable as exc:
        return await _page(page, user, error=_(exc.message), other=params.other)
    return pages.redirect(f"{PATH}?done={'moved' if params.followers else 'redirected'}")


async def back(page: Page, call: Call[Form]) -> Response:
    user = _somebody(page)
    if isinstance(user, Response):
        return user
    if not page.genuine(call.params.form_token):
        return await _page(page, user, error=pages.stale())
    await service.come_back(call.app, user.account_id)
    return pages.redirect(f"{PATH}?done=back")


ROUTES: list[Endpoint] = [
    get(PATH, pages.page(show), access=OPEN, params=Shown),
    post(PATH, pages.page(go), access=OPEN, params=Going),
    post("/auth/move/back", pages.page(back), access=OPEN, params=Form),
    post("/auth/move/aliases", pages.page(alias), access=OPEN, params=Other),
    post("/auth/move/aliases/remove", pages.page(unalias), access=OPEN, params=Other),
]
