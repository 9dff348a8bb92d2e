"""Whom somebody lost when a server was blocked or an account suspended, as pages and as files for other software.

The addresses are Mastodon's: apps link to them.
"""

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from fedi import errors
from fedi.http.endpoint import OPEN, Call, Endpoint, NoParams, get
from fedi.web import pages
from fedi.web.pages import Page
from storage import severances
from storage.severances import Lost, Severance

PATH = "/severed_relationships"
MOST = 200


async def index(page: Page, call: Call[NoParams]) -> Response:
    if page.user is None:
        return pages.redirect(f"/auth/log_in?next={PATH}")
    async with call.read() as conn:
        listed = await severances.listed(conn, page.somebody().account_id, limit=MOST)
    return page.html("auth/severances.html", severances=listed)


async def following(page: Page, call: Call[NoParams]) -> Response:
    """As lists of follows are exported, so that they can be imported elsewhere."""
    severance, lost = await _lost(page, call, followers=False)
    rows = [
        (each.acct, str(each.show_reblogs).lower(), str(each.notify).lower(), ", ".join(each.languages or ()))
        for each in lost
    ]
    return _file(("Account address", "Show boosts", "Notify on new posts", "Languages"), rows, "following", severance)


async def followers(page: Page, call: Call[NoParams]) -> Response:
    severance, lost = await _lost(page, call, followers=True)
    return _file(("Account address",), [(each.acct,) for each in lost], "followers", severance)


async def _lost(page: Page, call: Call[Any], *, followers: bool) -> tuple[Severance, list[Lost]]:
    """Any: no parameter matters. NotFound for somebody else's, and when there is no list any more."""
    account_id = page.somebody().account_id
    async with call.read() as conn:
        severance = await severances.own(conn, account_id, call.id())
        if severance is None or severance.purged:
            raise errors.NotFound
        return severance, await severances.lost(conn, account_id, severance.id, followers=followers)


def _file(head: tuple[str, ...], rows: Sequence[tuple[str, ...]], kind: str, severance: Severance) -> Response:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([head, *rows])
    name = re.sub("[^a-z0-9.-]+", "_", f"{kind}-{severance.target_name}-{severance.created_at:%Y-%m-%d}.csv".lower())
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


ROUTES: list[Endpoint] = [
    get(PATH, pages.page(index), access=OPEN),
    get(f"{PATH}/:id/following.csv", pages.page(following), access=OPEN),
    get(f"{PATH}/:id/followers.csv", pages.page(followers), access=OPEN),
]
