"""The page of a collection: who is recommended, and following several of them at once.

Everybody sees ours. Those of other servers are shown to people here, who can follow from here; others go where it is.
"""

import msgspec
from starlette.responses import Response

from fedi import access, entities, errors
from fedi.entities.account import Account
from fedi.entities.collection import CollectionWithAccounts
from fedi.entities.relationship import Relationship
from fedi.http.endpoint import OPEN, Call, Endpoint, NoParams, get, post
from fedi.services import follows
from fedi.web import pages
from fedi.web.interaction import who
from fedi.web.pages import Page
from storage import follows as rows
from storage import users

MAX_AT_ONCE = 150


class Form(msgspec.Struct, frozen=True, kw_only=True):
    accounts: list[int] = []
    form_token: str = ""


async def collection(page: Page, call: Call[NoParams]) -> Response:
    return await show(page, call.id())


async def show(page: Page, collection_id: int, *, error: str = "", status: int = 200) -> Response:
    user = page.user if page.user is not None and page.user.active else None
    viewer_id = user.account_id if user else None
    async with page.call.read() as conn:
        row = await access.collection(conn, viewer_id, collection_id)
        if not row.is_local and user is None:
            return pages.thing(page, row.url or row.uri)
        shown = await entities.collection_with_accounts(page.app, conn, row, viewer_id)
        people = _people(shown)
        ties = await _ties(page, user, [int(each.id) for each in people])
    response = page.html(
        "public/collection.html",
        status=status,
        collection=shown.collection,
        owner=shown.accounts[0],
        people=people,
        ties=ties,
        choosable=[each.id for each in people if _may_follow(ties.get(each.id))],
        error=error,
    )
    if row.is_local:
        response.headers["Link"] = f'<{row.uri}>; rel="alternate"; type="application/activity+json"'
    return response


def _people(shown: CollectionWithAccounts) -> list[Account]:
    """Who is in it; its maker may be, too."""
    known = {each.id: each for each in shown.accounts}
    return [known[each.account_id] for each in shown.collection.items if each.account_id in known]


async def _ties(page: Page, user: users.User | None, ids: list[int]) -> dict[str, Relationship]:
    """How the person who looks stands to each; themselves left out."""
    if user is None:
        return {}
    async with page.call.read() as conn:
        found = await entities.relationships(conn, user.account_id, ids)
    return {each.id: each for each in found if each.id != str(user.account_id)}


def _may_follow(tie: Relationship | None) -> bool:
    if tie is None or tie.following or tie.requested:
        return False
    return not (tie.blocking or tie.blocked_by or tie.domain_blocking)


async def follow(page: Page, call: Call[Form]) -> Response:
    """Those who were chosen, as far as they are in it and can be followed."""
    user = who.somebody(page, f"/collections/{call.path['id']}")
    if isinstance(user, Response):
        return user
    if not page.genuine(call.params.form_token):
        return await show(page, call.id(), error=pages.stale(), status=422)
    who.limit(page, user)
    async with call.read() as conn:
        row = await access.collection(conn, user.account_id, call.id())
        shown = await entities.collection_with_accounts(call.app, conn, row, user.account_id)
    present = {int(each.id) for each in _people(shown)}
    ties = await _ties(page, user, [each for each in call.params.accounts[:MAX_AT_ONCE] if each in present])
    for account_id, tie in ties.items():
        if _may_follow(tie):
            await _try(page, user, int(account_id))
    return pages.redirect(f"/collections/{row.id}")


async def _try(page: Page, user: users.User, account_id: int) -> None:
    """Who has moved or gone meanwhile does not keep one from the others."""
    try:
        await follows.follow(page.app, who.acting(user), account_id, rows.Options())
    except (errors.Forbidden, errors.NotFound):
        return


ROUTES: list[Endpoint] = [
    get("/collections/:id", pages.page(collection), access=OPEN),
    post("/collections/:id/follow", pages.page(follow), access=OPEN, params=Form),
]
