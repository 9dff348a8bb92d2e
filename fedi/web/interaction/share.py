"""Writing a post, begun elsewhere: a page's button for sharing, or another server, sends its text along.

Our WebFinger names this page as the place for it (FEP-3b86 Create).
"""

import secrets

import msgspec
from starlette.responses import Response

from fedi import errors, i18n
from fedi.http.endpoint import OPEN, Call, Endpoint, get, post
from fedi.services import statuses
from fedi.services.drafts import Draft
from fedi.text import counting
from fedi.web import pages
from fedi.web.interaction import who
from fedi.web.pages import Page
from storage import statuses as rows
from storage.visibility import NAMES

_ = i18n.gettext

PATH = "/share"
MAX_GIVEN_CHARS = 10_000


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What the sender has written so far; a title and an address, as browsers' share targets send them."""

    text: str = ""
    title: str = ""
    url: str = ""


class Form(msgspec.Struct, frozen=True, kw_only=True):
    text: str = ""
    warning: str = ""
    visibility: str = ""  # empty: as one's posts usually are
    key: str = ""  # the same for every sending of one form
    form_token: str = ""


async def show(page: Page, call: Call[Given]) -> Response:
    url = call.request.url
    user = who.somebody(page, f"{url.path}?{url.query}" if url.query else url.path)
    if isinstance(user, Response):
        return user
    given = call.params
    parts = [part.strip() for part in (given.title, given.text, given.url) if part.strip()]
    return _page(page, Form(text="\n\n".join(dict.fromkeys(parts))[:MAX_GIVEN_CHARS]))


async def send(page: Page, call: Call[Form]) -> Response:
    user = who.somebody(page, PATH)
    if isinstance(user, Response):
        return user
    params = call.params
    if not page.genuine(params.form_token):
        return _page(page, params, error=pages.stale(), status=422)
    who.limit(page, user)
    if fault := _fault(page, params):
        return _page(page, params, error=fault, status=422)
    chosen = next((name for name in NAMES if name == params.visibility), None)
    draft = Draft(status=params.text, spoiler_text=params.warning, visibility=chosen)
    try:
        sent = await statuses.publish(call.app, who.acting(user), draft, key=params.key or None)
    except errors.Invalid as exc:
        return _page(page, params, error=_(exc.message), status=exc.status)
    async with call.read() as conn:
        row = await rows.by_id(conn, sent)
    return pages.redirect(who.address(row.uri) if row is not None else "/")


def _page(page: Page, form: Form, *, error: str = "", status: int = 200) -> Response:
    key = form.key or secrets.token_urlsafe(16)
    return page.html("interaction/share.html", status=status, form=form, key=key, error=error)


def _fault(page: Page, form: Form) -> str:
    """What is wrong with it, in the person's language."""
    if not form.text.strip():
        return _("Write something first.")
    most = page.app.settings.max_status_chars
    if counting.characters(form.text, form.warning) > most:
        return _("This is too long. A post has at most %s characters.") % most
    return ""


ROUTES: list[Endpoint] = [
    get(PATH, pages.page(show), access=OPEN, params=Given),
    post(PATH, pages.page(send), access=OPEN, params=Form),
]
