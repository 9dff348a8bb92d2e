"""The start page and the page about this server."""

from starlette.responses import Response

from fedi.http.endpoint import OPEN, Call, Endpoint, NoParams, get
from fedi.web import pages, people
from fedi.web.pages import Page
from storage import rules, users


async def home(page: Page, call: Call[NoParams]) -> Response:
    if page.user is not None and not page.user.active:
        return pages.redirect("/auth/welcome")
    if page.user is not None:
        return await _signed_in(page, page.user)
    async with call.read() as conn:
        listed = await rules.listed(conn)
        empty = not await users.any_exist(conn)
    return page.html("landing.html", rules=listed, empty=empty)


async def _signed_in(page: Page, user: users.User) -> Response:
    waiting = None
    if user.role in people.STAFF:
        async with page.call.read() as conn:
            waiting = len(await people.waiting(conn))
    return page.html(
        "home.html", waiting=waiting, may_invite=people.may_invite(page.app.settings.registrations, user.role)
    )


async def about(page: Page, call: Call[NoParams]) -> Response:
    async with call.read() as conn:
        listed = await rules.listed(conn)
    return page.html("about.html", rules=listed)


ROUTES: list[Endpoint] = [
    get("/", pages.page(home), access=OPEN),
    get("/about", pages.page(about), access=OPEN),
]
