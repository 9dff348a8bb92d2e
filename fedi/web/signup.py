"""Joining, and confirming an address."""

import msgspec
from starlette.responses import Response

from fedi import i18n
from fedi.auth import passwords, sessions
from fedi.http.endpoint import OPEN, Call, Endpoint, NoParams, get, post
from fedi.services import signup
from fedi.web import faults as words
from fedi.web import pages
from fedi.web.pages import Page
from storage import invites, rules, users

_ = i18n.gettext


class SignUp(msgspec.Struct, frozen=True, kw_only=True):
    username: str = ""
    email: str = ""
    password: str = ""
    agreement: bool = False
    reason: str = ""
    invite: str = ""
    owner: str = ""
    lang: str = ""
    form_token: str = ""


async def sign_up_form(page: Page, call: Call[SignUp]) -> Response:
    if page.user is not None:
        return pages.redirect("/")
    return await _sign_up_page(page, call.params)


async def _sign_up_page(
    page: Page, params: SignUp, *, faults: tuple[signup.Fault, ...] = (), error: str = "", status: int = 200
) -> Response:
    settings = page.app.settings
    async with page.call.read() as conn:
        owner = bool(params.owner) and await signup.owner_link_valid(conn, params.owner)
        invite = await invites.by_code(conn, params.invite) if params.invite else None
        invited, vouched = invite is not None, await signup.vouched(conn, page.app, invite)
        listed = await rules.listed(conn)
    if params.owner and not owner:
        return page.message(
            _("This link has expired"),
            _("The link for the first account works once, and only the latest is good. Restart for another."),
            status=410,
        )
    closed = settings.registrations == "closed" or (settings.registrations == "invite" and not invited)
    return page.html(
        "auth/sign_up.html",
        status=status,
        values=params,
        rules=listed,
        owner=owner,
        invited=invited,
        closed=closed and not owner,
        by_invitation=settings.registrations == "invite",
        approval=settings.registrations == "approval" and not vouched and not owner,
        faults=words.of(faults),
        error=error,
        shortest=passwords.MIN_CHARACTERS,
    )


async def sign_up(page: Page, call: Call[SignUp]) -> Response:
    params = call.params
    page.limit("sign_up")
    if not page.genuine(params.form_token):
        return await _sign_up_page(page, params, error=pages.stale(), status=422)
    form = signup.Form(
        username=params.username.strip().removeprefix("@"),
        email=params.email,
        password=params.password,
        agreement=params.agreement,
        reason=params.reason or None,
        invite_code=params.invite or None,
        locale=i18n.current(),
    )
    try:
        joined = await signup.sign_up(call.app, form, ip=sessions.address(call.request), owner_token=params.owner)
    except signup.Refused as exc:
        return await _sign_up_page(page, params, faults=exc.faults, status=422)
    async with call.read() as conn:
        user = await users.by_id(conn, joined.user_id)
    assert user is not None  # it was created a moment ago
    return await pages.signed_in(page, user, "/auth/welcome")


async def welcome(page: Page, call: Call[NoParams]) -> Response:
    """What happens next: nothing is missing, or the address or the staff's word is."""
    if page.user is None:
        return pages.redirect("/auth/log_in")
    return page.html("auth/welcome.html", keeps_opener=True, sent=False, faults={})


class Resend(msgspec.Struct, frozen=True, kw_only=True):
    email: str = ""
    form_token: str = ""


async def resend(page: Page, call: Call[Resend]) -> Response:
    """The confirmation mail again, perhaps to a corrected address."""
    if page.user is None:
        return pages.redirect("/auth/log_in")
    page.limit("reset")
    if not page.genuine(call.params.form_token):
        return page.message(_("Please try again"), pages.stale(), status=422)
    if page.user.confirmed_at is not None:
        return pages.redirect("/auth/welcome")
    try:
        address = call.params.email or None
        await signup.send_confirmation(call.app, page.user, address, ip=sessions.address(call.request))
    except signup.Refused as exc:
        return page.html("auth/welcome.html", status=422, sent=False, faults=words.of(exc.faults))
    async with call.read() as conn:
        page.user = await users.by_id(conn, page.user.id)
    return page.html("auth/welcome.html", sent=True, faults={})


class Link(msgspec.Struct, frozen=True, kw_only=True):
    token: str = ""
    form_token: str = ""


async def confirm_form(page: Page, call: Call[Link]) -> Response:
    """A button, because mail scanners follow links."""
    return page.html("auth/confirm.html", token=call.params.token, error="")


async def confirm(page: Page, call: Call[Link]) -> Response:
    page.limit("reset")
    if not page.genuine(call.params.form_token):
        return page.html("auth/confirm.html", status=422, token=call.params.token, error=pages.stale())
    user = await signup.confirm(call.app, call.params.token)
    if user is None:
        return page.message(_("This link has expired"), _("Log in to have another one sent to you."), status=410)
    return page.html("auth/confirmed.html", approved=user.approved_at is not None)


ROUTES: list[Endpoint] = [
    get("/auth/sign_up", pages.page(sign_up_form), access=OPEN, params=SignUp),
    post("/auth/sign_up", pages.page(sign_up), access=OPEN, params=SignUp, limit="none"),
    get("/auth/welcome", pages.page(welcome), access=OPEN),
    post("/auth/welcome", pages.page(resend), access=OPEN, params=Resend, limit="none"),
    get("/auth/confirm", pages.page(confirm_form), access=OPEN, params=Link),
    post("/auth/confirm", pages.page(confirm), access=OPEN, params=Link, limit="none"),
]
