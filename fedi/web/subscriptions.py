"""Pages about reading somebody by e-mail: asking for it, confirming, ending it; and offering it."""

import msgspec
from starlette.responses import Response

from fedi import access, i18n
from fedi.http.endpoint import OPEN, Call, Endpoint, get, post
from fedi.services import subscription_letters, subscriptions
from fedi.services.signup import Refused
from fedi.web import faults as words
from fedi.web import pages
from fedi.web.pages import Page
from storage import accounts, email_subscriptions

_ = i18n.gettext

OWN = "/auth/subscribers"


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    account_id: int = 0
    email: str = ""
    form_token: str = ""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    token: str = ""
    form_token: str = ""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    done: str = ""


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    enabled: bool = False
    form_token: str = ""


async def subscribe(page: Page, call: Call[Wish]) -> Response:
    """From the form on a profile."""
    params = call.params
    page.limit("subscribe")
    async with call.read() as conn:
        person = await access.active_account(conn, None, params.account_id)
    error = ""
    if not page.genuine(params.form_token):
        error = pages.stale()
    else:
        try:
            await subscriptions.request(call.app, person.id, params.email, locale=i18n.current())
        except Refused as exc:
            error = words.sentence(exc.faults[0])
    if error:
        return page.html("subscriptions/ask.html", status=422, person=person, email=params.email.strip(), error=error)
    return page.message(
        _("Look into your mail"),
        _("If this address is new here, it gets a letter with a link. Posts come once you have confirmed it."),
    )


async def confirm_form(page: Page, call: Call[Link]) -> Response:
    """A button, because mail scanners follow links."""
    row = await subscription_letters.subscription(call.app, "confirm", call.params.token)
    async with call.read() as conn:
        person = await accounts.by_id(conn, row.account_id) if row is not None else None
    if person is None:
        return _expired(page)
    return page.html("subscriptions/confirm.html", person=person, token=call.params.token, error="")


async def confirm(page: Page, call: Call[Link]) -> Response:
    if not page.genuine(call.params.form_token):
        return page.message(_("Please try again"), pages.stale(), status=422)
    row = await subscriptions.confirm(call.app, call.params.token)
    if row is None:
        return _expired(page)
    return page.message(
        _("You are subscribed"), _("New public posts come to you by e-mail. Each letter has a link that ends this.")
    )


def _expired(page: Page) -> Response:
    return page.message(_("This link has expired"), _("Ask again on the profile to have another one sent."), status=410)


async def unsubscribe_form(page: Page, call: Call[Link]) -> Response:
    return page.html("subscriptions/unsubscribe.html", token=call.params.token)


async def unsubscribe(page: Page, call: Call[Link]) -> Response:
    """Also by the reader's mail program, which has no form of ours (RFC 8058); the link is what counts."""
    await subscriptions.unsubscribe(call.app, call.params.token)
    return page.message(_("You are not subscribed"), _("No more letters come to you because of this subscription."))


# ------------------------------------------------------------ offering it


async def own(page: Page, call: Call[Shown]) -> Response:
    if page.user is None:
        return pages.redirect(f"/auth/log_in?next={OWN}")
    user = page.somebody()
    async with call.read() as conn:
        offer = await email_subscriptions.offer(conn, user.account_id)
        allowed = await subscriptions.allowed(call.app.settings, conn, user.account_id)
        audience = await email_subscriptions.audiences(conn, user.account_id)
    words = {"saved": _("Saved."), "forgotten": _("Their addresses are forgotten.")}
    return page.html(
        "subscriptions/own.html",
        notice=words.get(call.params.done, ""),
        enabled=offer is not None and offer.enabled,
        allowed=allowed,
        confirmed=audience[0].confirmed if audience else 0,
        known=bool(audience),
    )


async def change(page: Page, call: Call[Offer]) -> Response:
    user = page.somebody()
    if not page.genuine(call.params.form_token):
        return page.message(_("Please try again"), pages.stale(), status=422)
    await subscriptions.enable(call.app, user.account_id, enabled=call.params.enabled)
    return pages.redirect(f"{OWN}?done=saved")


async def forget(page: Page, call: Call[Offer]) -> Response:
    user = page.somebody()
    if not page.genuine(call.params.form_token):
        return page.message(_("Please try again"), pages.stale(), status=422)
    await subscriptions.forget(call.app, user.account_id)
    return pages.redirect(f"{OWN}?done=forgotten")


ROUTES: list[Endpoint] = [
    post("/email_subscriptions", pages.page(subscribe), access=OPEN, params=Wish),
    get("/email_subscriptions/confirm", pages.page(confirm_form), access=OPEN, params=Link),
    post("/email_subscriptions/confirm", pages.page(confirm), access=OPEN, params=Link),
    get("/email_subscriptions/unsubscribe", pages.page(unsubscribe_form), access=OPEN, params=Link),
    post("/email_subscriptions/unsubscribe", pages.page(unsubscribe), access=OPEN, params=Link),
    get(OWN, pages.page(own), access=OPEN, params=Shown),
    post(OWN, pages.page(change), access=OPEN, params=Offer),
    post(f"{OWN}/forget", pages.page(forget), access=OPEN, params=Offer),
]
