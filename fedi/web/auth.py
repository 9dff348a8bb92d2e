"""Signing in and out, passwords, and the list of sessions and apps."""

import msgspec
from starlette.responses import Response

from fedi import i18n
from fedi.auth import passwords, sessions
from fedi.http.endpoint import OPEN, Call, Endpoint, NoParams, get, post
from fedi.http.limits import HOUR, MINUTE, Limit
from fedi.services import logins, signup
from fedi.web import browsers, disputes, pages
from fedi.web import faults as words
from fedi.web.pages import Page
from storage import oauth, users
from storage import sessions as rows

_ = i18n.gettext

PER_LOGIN = Limit("log_in_account", 25, HOUR, "account")
PER_ADDRESS = Limit("reset_address", 5, 30 * MINUTE, "address")


# ---------------------------------------------------------------- signing in and out


class LogIn(msgspec.Struct, frozen=True, kw_only=True):
    login: str = ""
    password: str = ""
    next: str = "/"
    force: bool = False
    lang: str = ""
    form_token: str = ""


async def log_in_form(page: Page, call: Call[LogIn]) -> Response:
    if page.user is not None and not call.params.force:
        return pages.redirect(pages.local(call.params.next))
    return _log_in_page(page, call.params)


def _log_in_page(page: Page, params: LogIn, *, error: str = "", status: int = 200) -> Response:
    return page.html(
        "auth/log_in.html",
        status=status,
        keeps_opener=True,
        login=params.login,
        next=pages.local(params.next),
        force=params.force,
        error=error,
    )


async def log_in(page: Page, call: Call[LogIn]) -> Response:
    params = call.params
    page.limit("log_in")
    if not page.genuine(params.form_token):
        return _log_in_page(page, params, error=pages.stale(), status=422)
    login = params.login.strip().removeprefix("@")
    page.limit_key(PER_LOGIN, login.lower())
    async with call.read() as conn:
        known = await users.credentials(conn, login)
    right = await passwords.matches(known.password_hash if known else None, params.password)
    if not right or known is None:
        return _log_in_page(page, params, error=_("E-mail address or password is wrong."), status=422)
    async with call.read() as conn:
        user = await users.by_id(conn, known.user_id)
    if user is None or user.disabled_at is not None or user.suspended_at is not None:
        turned_away = await disputes.turned_away(page, user) if user is not None else None
        return turned_away or _log_in_page(page, params, error=_("This login has been disabled."), status=403)
    if known.password_hash is not None and passwords.outdated(known.password_hash):
        fresh = await passwords.hashed(params.password)
        async with call.app.db.transaction() as conn:
            await users.rehash(conn, user.id, fresh)
    return await pages.signed_in(page, user, pages.local(params.next))


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """A form with nothing but its button."""

    form_token: str = ""


async def log_out(page: Page, call: Call[Form]) -> Response:
    if not page.genuine(call.params.form_token):
        return page.message(_("Please try again"), pages.stale(), status=422)
    if page.session is not None:
        async with call.app.db.transaction() as conn:
            await rows.end(conn, page.session.id, user_id=page.session.user_id)
    response = pages.redirect("/")
    sessions.clear_cookie(call.app, response)
    return response


# ---------------------------------------------------------------- passwords


class Forgotten(msgspec.Struct, frozen=True, kw_only=True):
    email: str = ""
    form_token: str = ""


async def forgotten_form(page: Page, call: Call[NoParams]) -> Response:
    return page.html("auth/forgotten.html", keeps_opener=True, error="")


async def forgotten(page: Page, call: Call[Forgotten]) -> Response:
    """The same answer for every address."""
    page.limit("reset")
    if not page.genuine(call.params.form_token):
        return page.html("auth/forgotten.html", status=422, keeps_opener=True, error=pages.stale())
    address = call.params.email.strip()
    page.limit_key(PER_ADDRESS, address.lower())
    if signup.valid_address(address, development=True):
        await logins.request_reset(call.app, address)
    return page.message(
        _("Look at your mail"),
        _("If an account here has this address, a link to choose a new password is on its way to it."),
    )


class NewPassword(msgspec.Struct, frozen=True, kw_only=True):
    token: str = ""
    password: str = ""
    form_token: str = ""


async def new_password_form(page: Page, call: Call[NewPassword]) -> Response:
    if not await logins.reset_link_valid(call.app, call.params.token):
        return page.message(_("This link has expired"), _("Ask for another one."), status=410)
    return _new_password_page(page, call.params.token)


def _new_password_page(page: Page, token: str, *, error: str = "", status: int = 200) -> Response:
    return page.html(
        "auth/new_password.html", status=status, token=token, error=error, shortest=passwords.MIN_CHARACTERS
    )


async def new_password(page: Page, call: Call[NewPassword]) -> Response:
    params = call.params
    page.limit("reset")
    if not page.genuine(params.form_token):
        return _new_password_page(page, params.token, error=pages.stale(), status=422)
    try:
        done = await logins.reset_password(call.app, params.token, params.password)
    except signup.Refused as exc:
        return _new_password_page(page, params.token, error=words.sentence(exc.faults[0]), status=422)
    if not done:
        return page.message(_("This link has expired"), _("Ask for another one."), status=410)
    return page.html("auth/password_changed.html")


class ChangePassword(msgspec.Struct, frozen=True, kw_only=True):
    old_password: str = ""
    password: str = ""
    form_token: str = ""


async def change_password_form(page: Page, call: Call[NoParams]) -> Response:
    if page.user is None:
        return pages.redirect("/auth/log_in?next=/auth/password")
    return page.html("auth/change_password.html", faults={}, error="", shortest=passwords.MIN_CHARACTERS)


async def change_password(page: Page, call: Call[ChangePassword]) -> Response:
    if page.user is None:
        return pages.redirect("/auth/log_in?next=/auth/password")
    page.limit("log_in")
    page.limit_key(PER_LOGIN, f"user:{page.user.id}")
    faults: dict[str, str] = {}
    error = "" if page.genuine(call.params.form_token) else pages.stale()
    if not error:
        try:
            await logins.change_password(call.app, page.user, call.params.old_password, call.params.password)
        except signup.Refused as exc:
            faults = words.of(exc.faults)
    if error or faults:
        return page.html(
            "auth/change_password.html", status=422, faults=faults, error=error, shortest=passwords.MIN_CHARACTERS
        )
    return page.html("auth/password_changed.html")


# ---------------------------------------------------------------- sessions and apps


async def sessions_page(page: Page, call: Call[NoParams]) -> Response:
    if page.user is None or page.session is None:
        return pages.redirect("/auth/log_in?next=/auth/sessions")
    async with call.read() as conn:
        listed = await rows.of_user(conn, page.user.id)
        apps = await oauth.authorized(conn, page.user.id)
    return page.html("auth/sessions.html", browser=browsers.describe, sessions=listed, this=page.session.id, apps=apps)


async def end_session(page: Page, call: Call[Form]) -> Response:
    if page.user is not None and page.genuine(call.params.form_token):
        async with call.app.db.transaction() as conn:
            await rows.end(conn, call.id(), user_id=page.user.id)
    return pages.redirect("/auth/sessions")


async def end_other_sessions(page: Page, call: Call[Form]) -> Response:
    if page.user is not None and page.session is not None and page.genuine(call.params.form_token):
        async with call.app.db.transaction() as conn:
            await rows.end_all(conn, page.user.id, but=page.session.id)
    return pages.redirect("/auth/sessions")


async def revoke_app(page: Page, call: Call[Form]) -> Response:
    if page.user is not None and page.genuine(call.params.form_token):
        async with call.app.db.transaction() as conn:
            await oauth.revoke_of_user(conn, page.user.id, application_id=call.id())
    return pages.redirect("/auth/sessions")


ROUTES: list[Endpoint] = [
    get("/auth/log_in", pages.page(log_in_form), access=OPEN, params=LogIn),
    post("/auth/log_in", pages.page(log_in), access=OPEN, params=LogIn, limit="none"),
    post("/auth/log_out", pages.page(log_out), access=OPEN, params=Form),
    get("/auth/password/forgotten", pages.page(forgotten_form), access=OPEN),
    post("/auth/password/forgotten", pages.page(forgotten), access=OPEN, params=Forgotten, limit="none"),
    get("/auth/password/edit", pages.page(new_password_form), access=OPEN, params=NewPassword),
    post("/auth/password/edit", pages.page(new_password), access=OPEN, params=NewPassword, limit="none"),
    get("/auth/password", pages.page(change_password_form), access=OPEN),
    post("/auth/password", pages.page(change_password), access=OPEN, params=ChangePassword, limit="none"),
    get("/auth/sessions", pages.page(sessions_page), access=OPEN),
    post("/auth/sessions/end_others", pages.page(end_other_sessions), access=OPEN, params=Form),
    post("/auth/sessions/:id/end", pages.page(end_session), access=OPEN, params=Form),
    post("/auth/apps/:id/revoke", pages.page(revoke_app), access=OPEN, params=Form),
]
