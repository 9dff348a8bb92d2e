"""What anybody may read without logging in: profiles, posts with their threads, hashtags. Ours only; whatever lives on
another server is shown there."""

import msgspec
from starlette.responses import Response

from fedi import access, entities, errors
from fedi.entities.status import Status
from fedi.http.endpoint import OPEN, Call, Endpoint, NoParams, get
from fedi.text import tags
from fedi.web import pages
from fedi.web.pages import Page
from storage import account_statuses, accounts, tallies, threads, timelines
from storage.accounts import Account
from storage.paging import Page as Slice

PAGE_SIZE = 20
# As much of a thread as the client API shows to the public.
MAX_ANCESTORS, MAX_DESCENDANTS, MAX_DEPTH = 40, 60, 20
EXCERPT_CHARS = 200


class Older(msgspec.Struct, frozen=True):
    max_id: int | None = None


async def _person(call: Call[Older] | Call[NoParams]) -> Account:
    """The local account of the path; `NotFound` for others, `Gone` for a suspended one."""
    username, _, domain = call.path["username"].partition("@")
    async with call.read() as conn:
        found = await accounts.by_handle(conn, username, call.app.fed.site.handle_domain(domain))
        if found is None:
            raise errors.NotFound("There is nobody of that name here")
        account = await access.account(conn, None, found.id)
    if account.is_local and account.suspended_at is not None:
        raise errors.Gone("This account is not available")
    return account


async def profile(page: Page, call: Call[Older]) -> Response:
    account = await _person(call)
    if not account.is_local:
        return pages.thing(page, account.url)
    wanted = account_statuses.Wanted(exclude_replies=True)
    async with call.read() as conn:
        ids = await account_statuses.ids(conn, None, account.id, wanted, Slice(PAGE_SIZE, max_id=call.params.max_id))
        pinned = [] if call.params.max_id else await account_statuses.pinned_ids(conn, None, account.id, Slice(5))
        pinned_ids = [status_id for _, status_id in pinned]
        shown = await entities.statuses(call.app, conn, [*pinned_ids, *ids], None)
        person = await entities.account(call.app, conn, account.id)
    above = len([status for status in shown[: len(pinned_ids)] if int(status.id) in pinned_ids])
    response = page.html(
        "public/profile.html",
        person=person,
        handle=account.handle,
        indexable=account.indexable,
        pinned=shown[:above],
        statuses=[status for status in shown[above:] if int(status.id) not in pinned_ids],
        older=ids[-1] if len(ids) == PAGE_SIZE else None,
        actor=account.uri,
    )
    return _linked(response, account.uri)


async def status(page: Page, call: Call[NoParams]) -> Response:
    account = await _person(call)
    async with call.read() as conn:
        row = await access.visible_status(conn, None, call.id())
        if row.account_id != account.id:
            raise errors.NotFound
        if not row.is_local or row.reblog_of_id is not None:
            return pages.thing(page, row.url or row.uri)
        above = await threads.ancestors(conn, None, row.id, most=MAX_ANCESTORS)
        below = await threads.descendants(conn, None, row.id, most=MAX_DESCENDANTS, depth=MAX_DEPTH)
        loaded = {found.id: found for found in await entities.statuses(call.app, conn, [*above, row.id, *below], None)}
        known = await tallies.known(conn, [int(status_id) for status_id in loaded])
    response = page.html(
        "public/status.html",
        subject=loaded[str(row.id)],
        known={str(status_id): counts for status_id, counts in known.items()},
        ancestors=[loaded[str(one)] for one in above if str(one) in loaded],
        descendants=[loaded[str(one)] for one in below if str(one) in loaded],
        excerpt=_excerpt(loaded[str(row.id)], row.text),
        indexable=account.indexable,
        handle=account.handle,
        uri=row.uri,
    )
    return _linked(response, row.uri)


def _excerpt(shown: Status, text: str | None) -> str:
    """A line for previews elsewhere; the warning alone when there is one."""
    line = shown.spoiler_text or " ".join((text or "").split())
    return line if len(line) <= EXCERPT_CHARS else f"{line[:EXCERPT_CHARS]}…"


async def tag(page: Page, call: Call[Older]) -> Response:
    name = tags.normalise(call.path["name"])
    wanted = timelines.Tagged(any=(name,))
    async with call.read() as conn:
        ids = await timelines.tagged(conn, None, wanted, Slice(PAGE_SIZE, max_id=call.params.max_id))
        shown = await entities.statuses(call.app, conn, ids, None)
        known = await tallies.known(conn, ids)
    return page.html(
        "public/tag.html",
        name=name,
        statuses=shown,
        known={str(status_id): counts for status_id, counts in known.items()},
        older=ids[-1] if len(ids) == PAGE_SIZE else None,
    )


def _linked(response: Response, uri: str) -> Response:
    """Where the same thing is for machines."""
    response.headers["Link"] = f'<{uri}>; rel="alternate"; type="application/activity+json"'
    return response


async def user_profile(page: Page, call: Call[NoParams]) -> Response:
    """The actor's own address, opened in a browser."""
    account = await _person(call)
    return pages.thing(page, account.url)


async def user_status(page: Page, call: Call[NoParams]) -> Response:
    account = await _person(call)
    async with call.read() as conn:
        row = await access.visible_status(conn, None, call.id())
    if row.account_id != account.id:
        raise errors.NotFound
    return pages.thing(page, row.url or row.uri)


ROUTES: list[Endpoint] = [
    get("/@:username", pages.page(profile), access=OPEN, params=Older),
    get("/@:username/:id", pages.page(status), access=OPEN),
    get("/users/:username", pages.page(user_profile), access=OPEN),
    get("/users/:username/statuses/:id", pages.page(user_status), access=OPEN),
    get("/tags/:name", pages.page(tag), access=OPEN, params=Older),
]
