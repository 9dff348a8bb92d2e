"""The way in: an address, looked up, shown with what one can do."""

import msgspec
from starlette.responses import Response

from federation import featuring, resolve
from fedi import errors, i18n
from fedi.http.endpoint import OPEN, Call, Endpoint, get
from fedi.web import pages
from fedi.web.interaction import people, posts, who
from fedi.web.pages import Page
from storage.accounts import Account
from storage.collections import Collection

_ = i18n.gettext


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    uri: str = ""
    acct: str = ""  # what some servers send instead
    sent: int | None = None  # one's own answer, just posted


async def show(page: Page, call: Call[Asked]) -> Response:
    url = call.request.url
    user = who.somebody(page, f"{url.path}?{url.query}" if url.query else url.path)
    if isinstance(user, Response):
        return user
    wanted = (call.params.uri or call.params.acct).strip()
    if not wanted:
        return _look_up(page)
    who.limit(page, user)
    found = await resolve.url(call.app.fed, wanted) or await featuring.url(call.app.fed, wanted)
    if found is None:
        return _nothing(page, wanted)
    try:
        if isinstance(found, Collection):
            return pages.redirect(f"/collections/{found.id}")
        if isinstance(found, Account):
            return await people.show(page, user, found.id)
        return await posts.show(page, user, found.id, sent=call.params.sent)
    except errors.NotFound:
        return _nothing(page, wanted)


def _look_up(page: Page, wanted: str = "", *, error: str = "", status: int = 200) -> Response:
    return page.html("interaction/look_up.html", status=status, wanted=wanted, error=error)


def _nothing(page: Page, wanted: str) -> Response:
    """The same whether it is not there, not for this person, or its server does not answer."""
    return _look_up(
        page, wanted, error=_("Nothing was found there that you may see, or its server did not answer."), status=404
    )


ROUTES: list[Endpoint] = [get(who.PATH, pages.page(show), access=OPEN, params=Asked)]
