"""The start page and the page about this server."""

from starlette.responses import Response

from fedi import roles
from fedi.http.endpoint import OPEN, Call, Endpoint, NoParams, get
from fedi.services import documents as service
from fedi.web import pages, people
from fedi.web.pages import Page
from storage import appeals, documents, rules, users, warnings


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
    waiting = pending = None
    async with page.call.read() as conn:
        struck = bool(await warnings.of(conn, user.account_id, limit=1))
        if user.rank.is_staff:
            waiting = len(await people.waiting(conn))
        if user.rank.may(roles.MANAGE_APPEALS):
            pending = await appeals.waiting(conn)
    return page.html(
        "home.html",
        waiting=waiting,
        appeals=pending,
        struck=struck,
        may_invite=roles.may_invite(page.app.settings.registrations, user.rank),
    )


async def about(page: Page, call: Call[NoParams]) -> Response:
    async with call.read() as conn:
        listed = await rules.listed(conn)
        texts = await documents.kinds(conn)
        long = await documents.current(conn, "extended_description")
    html = service.html(call.app, long.text) if long else ""
    return page.html("about.html", rules=listed, texts=texts - {"extended_description"}, long=html)


ROUTES: list[Endpoint] = [
    get("/", pages.page(home), access=OPEN),
    get("/about", pages.page(about), access=OPEN),
]
