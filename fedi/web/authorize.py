"""The page on which a person lets an app in: reached from apps, web views and popups, and answered by redirect.

Its answers keep the opener (no COOP) and its form may lead anywhere (no form-action in the CSP): the registered address
of the app, checked before the page is shown, decides where.
"""

from urllib.parse import quote, urlencode

import msgspec
from starlette.responses import Response

from fedi import i18n
from fedi.auth import oauth
from fedi.auth.oauth import Asked, Query, UnusableRequest
from fedi.http import scopes
from fedi.http.endpoint import OPEN, Call, Endpoint, delete, get, post
from fedi.web import pages
from fedi.web.pages import Page

_ = i18n.gettext


class Decision(Query, frozen=True, kw_only=True):
    """The form: what was asked, and the answer."""

    form_token: str = ""
    decision: str = ""
    deny: bool = False


class Native(msgspec.Struct, frozen=True, kw_only=True):
    code: str = ""


async def show(page: Page, call: Call[Query]) -> Response:
    try:
        asked = await oauth.asked(call.app, call.params)
    except UnusableRequest as exc:
        return _unusable(page, exc)
    # Anybody may register an address: whoever has no account here is not sent there by a link that looks like ours.
    if page.user is None or call.params.force_login:
        return pages.redirect(_log_in_first(call), status=302)
    if asked.error is not None:
        return _tell(asked, error=asked.error.code, error_description=asked.error.description)
    if not page.user.active:
        return pages.redirect("/auth/welcome", status=302)
    return _ask(page, asked, call.params)


def _log_in_first(call: Call[Query]) -> str:
    """The log-in page, which comes back here with the whole query but the wish to be asked again."""
    kept = [part for part in call.request.url.query.split("&") if not part.startswith("force_login=")]
    back = f"/oauth/authorize?{'&'.join(kept)}"
    force = "&force=true" if call.params.force_login else ""
    lang = f"&lang={quote(call.params.lang, safe='')}" if call.params.lang else ""
    return f"/auth/log_in?next={quote(back, safe='')}{force}{lang}"


def _again(params: Query) -> str:
    """The query that leads to the same question."""
    given = {name: getattr(params, name) for name in Query.__struct_fields__ if name != "force_login"}
    return urlencode({name: value for name, value in given.items() if value})


def _ask(page: Page, asked: Asked, params: Query, *, error: str = "", status: int = 200) -> Response:
    return page.html(
        "auth/authorize.html",
        status=status,
        keeps_opener=True,
        asked=asked,
        query=params,
        scope=" ".join(asked.scopes),
        abilities=_abilities(asked.scopes),
        again=_again(params),
        error=error,
    )


def _abilities(granted: tuple[str, ...]) -> list[str]:
    """What the scopes mean, in words, the broad ones first."""
    words = {
        "read": _("Read everything in your account: posts, notifications, lists, settings"),
        "write": _("Post, reply, follow and change your account for you"),
        "follow": _("Follow, mute and block people for you"),
        "push": _("Receive your notifications"),
        "profile": _("See your name and picture"),
        "admin:read": _("Read all data on this server, as its staff"),
        "admin:write": _("Change all data on this server, as its staff"),
    }
    said = [text for scope, text in words.items() if scope in granted]
    finer = [
        scope for scope in granted if scope not in words and not scopes.within([scope], words.keys() & set(granted))
    ]
    if any(scope.startswith("read:") for scope in finer):
        said.append(_("Read parts of your account: %s") % _list(finer, "read:"))
    if any(scope.startswith("write:") for scope in finer):
        said.append(_("Change parts of your account: %s") % _list(finer, "write:"))
    if any(scope.startswith("admin:") for scope in finer):
        said.append(_("Do staff's work on this server: %s") % _list(finer, "admin:"))
    return said


def _list(granted: list[str], prefix: str) -> str:
    return ", ".join(scope.removeprefix(prefix).replace("_", " ") for scope in granted if scope.startswith(prefix))


async def decide(page: Page, call: Call[Decision]) -> Response:
    try:
        asked = await oauth.asked(call.app, call.params)
    except UnusableRequest as exc:
        return _unusable(page, exc)
    if page.user is None:
        return pages.redirect(f"/auth/log_in?next={quote('/oauth/authorize?' + _again(call.params), safe='')}")
    if asked.error is not None:
        return _tell(asked, error=asked.error.code, error_description=asked.error.description)
    if not page.user.active:
        return pages.redirect("/auth/welcome")
    if not page.genuine(call.params.form_token):
        return _ask(page, asked, call.params, error=pages.stale(), status=422)
    if call.params.deny or call.params.decision == "deny":
        return _tell(
            asked,
            error="access_denied",
            error_description="The resource owner or authorization server denied the request.",
        )
    return _tell(asked, code=await oauth.grant(call.app, asked, page.user))


async def deny(page: Page, call: Call[Decision]) -> Response:
    """DELETE is how Mastodon's own page says no."""
    call.params = msgspec.structs.replace(call.params, deny=True)
    return await decide(page, call)


def _tell(asked: Asked, **answer: str) -> Response:
    """The answer, at the client's address; 302, because some web views follow nothing else out of a form."""
    if asked.redirect_uri == oauth.OUT_OF_BAND:
        asked = msgspec.structs.replace(asked, redirect_uri="/oauth/authorize/native")
    return pages.redirect(oauth.location(asked, **answer), status=302)


def _unusable(page: Page, exc: UnusableRequest) -> Response:
    if str(exc) == "client":
        text = _("The app is not known to this server. Remove the account from the app, and add it again.")
    else:
        text = _("The app asked to be answered at an address it has not registered.")
    return page.message(_("This app cannot log in"), text, status=400)


async def native(page: Page, call: Call[Native]) -> Response:
    """For apps that cannot be reached by redirect: the code, to be copied."""
    if not call.params.code:
        return page.message(_("Access was not granted"), _("You can close this page."))
    return page.html("auth/native.html", keeps_opener=True, code=call.params.code)


ROUTES: list[Endpoint] = [
    get("/oauth/authorize", pages.page(show), access=OPEN, params=Query),
    post("/oauth/authorize", pages.page(decide), access=OPEN, params=Decision),
    delete("/oauth/authorize", pages.page(deny), access=OPEN, params=Decision),
    get("/oauth/authorize/native", pages.page(native), access=OPEN, params=Native),
]
