"""What every page needs: who looks, in which language, a template, and forms that are really ours."""

import secrets
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import msgspec
from starlette.responses import HTMLResponse, Response

from federation.http.callers import client_ip
from fedi import errors, i18n
from fedi.auth import csrf, sessions
from fedi.context import App
from fedi.http.endpoint import Call
from fedi.http.limits import Limit, Limits
from fedi.web import problems
from storage import sessions as rows
from storage import users
from storage.sessions import Session

P = TypeVar("P", bound=msgspec.Struct)


class Page:
    """One request for a page."""

    def __init__(self, call: Call[Any], session: Session | None, user: users.User | None) -> None:
        self.call = call
        self.app: App = call.app
        self.session = session
        self.user = user  # whoever is signed in
        self._browser = call.request.cookies.get(sessions.cookie_name(self.app.settings, "form"), "")
        self._made_browser = False

    def html(self, template: str, *, status: int = 200, keeps_opener: bool = False, **values: Any) -> Response:
        """Render. `keeps_opener`: a web client's popup must be able to report back to the window that opened it."""
        if not self._browser:
            self._browser, self._made_browser = secrets.token_urlsafe(16), True
        text = self.app.templates.get_template(template).render(
            user=self.user, form_token=csrf.token(self.app, self._browser, self.session), **values
        )
        response = HTMLResponse(
            text, status, {"Cache-Control": "private, no-store", "Content-Language": i18n.current()}
        )
        response.headers["Cross-Origin-Opener-Policy"] = "unsafe-none" if keeps_opener else "same-origin"
        if self._made_browser:
            sessions.set_cookie(self.app, response, self._browser, kind="form")
        return response

    def message(self, title: str, text: str, *, status: int = 200) -> Response:
        """A page that only says something."""
        return self.html("message.html", status=status, keeps_opener=True, title=title, text=text)

    def somebody(self) -> users.User:
        """Whoever is signed in and may use the account. Forbidden otherwise."""
        if self.user is None or not self.user.active:
            raise errors.Forbidden
        return self.user

    def genuine(self, form_token: str) -> bool:
        """Whether a form came from a page of ours in this browser."""
        return csrf.genuine(self.app, self.call.request, shown=form_token, browser=self._browser, session=self.session)

    def limit(self, family: str) -> None:
        """Count against a family of limits by address. TooMany."""
        limits: Limits = self.app.memory["limits"]
        limits.hit(family, ip=client_ip(self.call.request))

    def limit_key(self, limit: Limit, key: str) -> None:
        limits: Limits = self.app.memory["limits"]
        limits.hit_key(limit, key)


async def opened(call: Call[Any], *, language: str = "") -> Page:
    """Find out who looks, and speak their language."""
    session = await sessions.current(call)
    user = None
    if session is not None:
        async with call.read() as conn:
            user = await users.by_id(conn, session.user_id)
    i18n.use(i18n.choose(language, call.request.headers.get("accept-language", ""), user.locale if user else ""))
    return Page(call, session, user)


async def signed_in(page: Page, user: users.User, to: str) -> Response:
    """A new session, whatever the browser had before."""
    async with page.app.db.transaction() as conn:
        if page.session is not None:
            await rows.end(conn, page.session.id, user_id=page.session.user_id)
        secret = await sessions.begin(conn, page.call.request, user)
    response = redirect(to)
    sessions.set_cookie(page.app, response, secret)
    return response


def thing(page: Page, url: str) -> Response:
    """Where a person or a post is shown. To what lives on another server nobody is sent without a word: whoever lives
    there chose the address, and whoever follows a link of ours trusts it."""
    own = url.startswith(f"{page.app.settings.base_url}/")
    return redirect(url, status=302) if own else page.html("public/elsewhere.html", url=url, host=urlsplit(url).netloc)


def stale() -> str:
    return i18n.gettext("This page was open for too long. Please try again.")


def redirect(to: str, *, status: int = 303) -> Response:
    """To a place of ours, or to one that was checked."""
    return Response(status_code=status, headers={"Location": to, "Cache-Control": "no-store"})


def local(path: str) -> str:
    """A path on this server that a form or a link may name as the next page; the start page for anything else."""
    if len(path) > 8000 or "\\" in path or any(ord(character) <= 32 for character in path):
        return "/"
    try:
        parts = urlsplit(path)
    except ValueError:
        return "/"
    if parts.scheme or parts.netloc or not path.startswith("/") or path.startswith("//"):
        return "/"
    return quote(path, safe="".join(map(chr, range(33, 127))))


Handler = Callable[[Page, Call[P]], Awaitable[Response]]


def page(handler: Handler[P]) -> Callable[[Call[P]], Awaitable[Response]]:
    """An endpoint that answers with pages, problems included."""

    async def answer(call: Call[P]) -> Response:
        shown = await opened(call, language=getattr(call.params, "lang", ""))
        try:
            return await handler(shown, call)
        except errors.Problem as exc:
            title, text = problems.words(exc)
            response = shown.message(title, text, status=exc.status)
            response.headers.update(exc.headers)
            return response

    return answer
