"""Privacy policy and terms of service, as pages."""

from starlette.responses import Response

from fedi import errors, i18n
from fedi.http.endpoint import OPEN, Call, Endpoint, NoParams, get
from fedi.services import documents as service
from fedi.web import pages
from fedi.web.pages import Page
from storage import documents
from storage.documents import Document


async def privacy_policy(page: Page, call: Call[NoParams]) -> Response:
    async with call.read() as conn:
        found = await documents.current(conn, "privacy_policy")
    return _shown(page, i18n.gettext("Privacy policy"), found)


async def terms_of_service(page: Page, call: Call[NoParams]) -> Response:
    async with call.read() as conn:
        found = await documents.current(conn, "terms_of_service")
    return _shown(page, i18n.gettext("Terms of service"), found)


async def terms_of_day(page: Page, call: Call[NoParams]) -> Response:
    async with call.read() as conn:
        found = await service.terms_of_day(conn, call.path["date"])
    return _shown(page, i18n.gettext("Terms of service"), found)


def _shown(page: Page, title: str, found: Document | None) -> Response:
    if found is None:
        raise errors.NotFound
    return page.html(
        "document.html",
        title=title,
        text=service.html(page.app, found.text),
        since=found.effective_date.isoformat(),
        until=found.succeeded_on.isoformat() if found.succeeded_on else "",
    )


ROUTES: list[Endpoint] = [
    get("/privacy-policy", pages.page(privacy_policy), access=OPEN),
    get("/terms-of-service", pages.page(terms_of_service), access=OPEN),
    get("/terms-of-service/:date", pages.page(terms_of_day), access=OPEN),
]
