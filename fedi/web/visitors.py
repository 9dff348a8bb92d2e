"""For people whose account is elsewhere: from a page of ours to the same thing on their own server, where they can
follow and answer.

A form with a token, not a link: only somebody who stands on a page of ours is ever sent away, so the page is no open
redirect. They are sent to a place that the WebFinger of the domain they typed names, on that domain or on the host
where it says their account lives; nowhere else.
"""

from urllib.parse import quote

import msgspec
from starlette.responses import Response

from federation import webfinger
from federation.errors import Gone, Rejected, Retry
from federation.http.addresses import parse_url
from federation.http.errors import BadUrl
from federation.webfinger import Handle
from fedi import errors, i18n
from fedi.http.endpoint import OPEN, Call, Endpoint, post
from fedi.web import pages
from fedi.web.pages import Page

_ = i18n.gettext


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    uri: str = ""  # of ours: what they want to act on
    handle: str = ""
    form_token: str = ""


async def send_home(page: Page, call: Call[Visit]) -> Response:
    params, settings = call.params, call.app.settings
    if not params.uri.startswith(f"{settings.base_url}/"):
        raise errors.NotFound
    page.limit("interact")
    if not page.genuine(params.form_token):
        return _again(page, params, pages.stale())
    visitor = _visitor(params.handle)
    if visitor is None:
        return _again(page, params, _("This is not an address. It looks like @you@your.server"))
    if visitor.domain in (settings.account_domain, settings.web_domain):
        return pages.redirect(f"/authorize_interaction?uri={quote(params.uri, safe='')}")
    try:
        place = await webfinger.interaction(call.app.fed, visitor, params.uri, somebody=_is_profile(page, params.uri))
    except Retry:
        return _again(page, params, _("%s does not answer at the moment.") % visitor.domain)
    except (Rejected, Gone):
        return _again(page, params, _("%s does not know this address.") % visitor.domain)
    if place is None:
        text = _("%s does not say where to go. Please search for the address below in your app.")
        return _again(page, params, text % visitor.domain)
    return pages.redirect(place)


def _is_profile(page: Page, uri: str) -> bool:
    """Whether it is an account of ours, by its address or its page."""
    path = uri.removeprefix(f"{page.app.settings.base_url}/")
    return "/" not in path.removeprefix("users/") and path.startswith(("users/", "@"))


def _visitor(text: str) -> Handle | None:
    """A handle, or the address of a profile, from which most people would copy it."""
    text = text.strip()
    if text.lower().startswith(("http://", "https://")):
        try:
            profile = parse_url(text)
        except BadUrl:
            return None
        name = profile.target.removeprefix("/@")
        return webfinger.parse(f"{name}@{profile.authority}") if profile.target.startswith("/@") else None
    return webfinger.parse(text)


def _again(page: Page, params: Visit, error: str) -> Response:
    return page.html("interaction/visitor.html", status=422, uri=params.uri, entered=params.handle.strip(), error=error)


ROUTES: list[Endpoint] = [post("/visitors", pages.page(send_home), access=OPEN, params=Visit)]
