"""Letting people in: invitations, by everybody where joining is by invitation, and applications, decided by staff."""

from datetime import UTC, datetime, timedelta

import msgspec
from starlette.responses import Response

from fedi import errors, i18n, roles
from fedi.http.endpoint import OPEN, Call, Endpoint, NoParams, get, post
from fedi.services import moderation
from fedi.services.staff import By
from fedi.web import pages
from fedi.web.pages import Page
from storage import invites, users
from storage.db import Conn

_ = i18n.gettext

LIFETIME = timedelta(days=30)
MAX_OPEN_INVITES = 50


class Form(msgspec.Struct, frozen=True, kw_only=True):
    form_token: str = ""
    once: bool = False


def _staff(page: Page) -> users.User:
    user = page.somebody()
    if not user.rank.is_staff:
        raise errors.Forbidden
    return user


def _decider(page: Page) -> By:
    user = _staff(page)
    return By(user.id, user.account_id, user.rank)


async def invitations(page: Page, call: Call[NoParams]) -> Response:
    if page.user is None:
        return pages.redirect("/auth/log_in?next=/auth/invites")
    user = page.somebody()
    async with call.read() as conn:
        listed = await invites.of_user(conn, user.id)
    return page.html(
        "auth/invites.html", invites=listed, allowed=roles.may_invite(call.app.settings.registrations, user.rank)
    )


async def invite(page: Page, call: Call[Form]) -> Response:
    user = page.somebody()
    if not roles.may_invite(call.app.settings.registrations, user.rank):
        raise errors.Forbidden
    if not page.genuine(call.params.form_token):
        return page.message(_("Please try again"), pages.stale(), status=422)
    async with call.app.db.transaction() as conn:
        if len(await invites.of_user(conn, user.id)) >= MAX_OPEN_INVITES:
            raise errors.Unprocessable(i18n.mark("There are too many invitations already"))
        most = 1 if call.params.once else None
        await invites.create(conn, user_id=user.id, max_uses=most, expires_at=datetime.now(UTC) + LIFETIME)
    return pages.redirect("/auth/invites")


async def withdraw(page: Page, call: Call[Form]) -> Response:
    user = page.somebody()
    if page.genuine(call.params.form_token):
        async with call.app.db.transaction() as conn:
            await invites.withdraw(conn, call.id(), user_id=user.id)
    return pages.redirect("/auth/invites")


async def applications(page: Page, call: Call[NoParams]) -> Response:
    if page.user is None:
        return pages.redirect("/auth/log_in?next=/auth/applications")
    _staff(page)
    async with call.read() as conn:
        applicants = await waiting(conn)
    return page.html("auth/applications.html", applicants=applicants)


async def waiting(conn: Conn) -> list[users.User]:
    """Applicants whose address is known to be theirs."""
    return [user for user in await users.listed(conn, waiting=True) if user.confirmed_at is not None]


async def approve(page: Page, call: Call[Form]) -> Response:
    who = _decider(page)
    if page.genuine(call.params.form_token):
        async with call.app.db.transaction() as conn:
            target = await moderation.find(conn, call.app, who, call.path["name"])
            await moderation.approve(conn, call.app, who, target)
    return pages.redirect("/auth/applications")


async def reject(page: Page, call: Call[Form]) -> Response:
    who = _decider(page)
    if page.genuine(call.params.form_token):
        async with call.app.db.transaction() as conn:
            await moderation.reject(conn, who, await moderation.find(conn, call.app, who, call.path["name"]))
    return pages.redirect("/auth/applications")


ROUTES: list[Endpoint] = [
    get("/auth/invites", pages.page(invitations), access=OPEN),
    post("/auth/invites", pages.page(invite), access=OPEN, params=Form),
    post("/auth/invites/:id/withdraw", pages.page(withdraw), access=OPEN, params=Form),
    get("/auth/applications", pages.page(applications), access=OPEN),
    post("/auth/applications/:name/approve", pages.page(approve), access=OPEN, params=Form),
    post("/auth/applications/:name/reject", pages.page(reject), access=OPEN, params=Form),
]
