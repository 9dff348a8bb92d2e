"""Links of profiles, verified: the page behind one links back with rel="me". Looked at again now and then."""

import asyncio
from typing import Any
from urllib.parse import urljoin

from federation import origins, policy, sanitize
from federation.http import html
from federation.http.addresses import parse_url
from federation.http.client import HTTPError, Response, Unreachable
from fedi.context import App
from storage import accounts, jobs, links
from storage.accounts import Account

TIMEOUT_SECONDS = 15.0
RECHECK_DAYS = 7
MAX_LINES = 8
# An hour's share.
STEP = 50


async def verify(app: App, payload: dict[str, Any]) -> None:
    """Job: look at each link of an account. A page that does not answer is no reason to change one's mind."""
    async with app.db.read() as conn:
        account = await accounts.by_id(conn, payload["account_id"])
    if account is None or account.suspended_at is not None:
        return
    profiles = {_compared(account.url), _compared(account.uri)}
    verdicts: dict[str, bool] = {}
    for line, url in _links(account).items():
        verdict = await _vouches(app, url, profiles)
        if verdict is not None:
            verdicts[line] = verdict
    async with app.db.transaction() as conn:
        await links.judge(conn, account.id, verdicts)


async def sweep(app: App) -> None:
    """Scheduled: profiles whose links were not looked at for a week."""
    async with app.db.transaction() as conn:
        for account_id in await links.due(conn, days=RECHECK_DAYS, limit=STEP):
            await jobs.enqueue(conn, links.JOB, {"account_id": account_id}, queue="slow", key=str(account_id))


def _links(account: Account) -> dict[str, str]:
    """Lines that are nothing but a link, and where it leads."""
    found = {}
    for field in accounts.fields_of(account)[:MAX_LINES]:
        url = _linked(field.value) if field.source is None else field.source
        if _compared(url):
            found[links.said(field)] = url
    return found


def _linked(value: str) -> str:
    """The address that HTML of another server shows, openly, and nothing beside it; or ""."""
    page = html.parse(value.encode())
    anchors = page.css("a[href]")
    if len(anchors) != 1 or page.body is None:
        return ""
    href, shown = anchors[0].attributes.get("href") or "", sanitize.plain_text(value).strip()
    return href if shown.rstrip("/") in (href.rstrip("/"), href.partition("://")[2].rstrip("/")) else ""


def _compared(url: str) -> str:
    """The form in which addresses are compared; "" for what is none."""
    if not url.lower().startswith(("https://", "http://")) or any(character.isspace() for character in url):
        return ""
    try:
        return parse_url(url).full.rstrip("/")
    except HTTPError:
        return ""


async def _vouches(app: App, url: str, profiles: set[str]) -> bool | None:
    """None when it cannot be told today."""
    async with app.db.read() as conn:
        if not await policy.may_be_read(conn, app.fed.site, url):
            return None
    try:
        response = await app.fed.http.get_following(
            url,
            headers={"Accept": "text/html"},
            max_bytes=html.MAX_BYTES,
            timeout=TIMEOUT_SECONDS,
            lenient=True,
            judge=origins.reader(app.fed),
        )
    except Unreachable:
        return None
    except HTTPError:  # an address that may not be asked
        return False
    if response.status >= 500 or response.status == 429:
        return None
    if response.status != 200 or not html.is_html(response.media_type):
        return False
    return await asyncio.to_thread(_links_back, response, profiles)


def _links_back(response: Response, profiles: set[str]) -> bool:
    page = html.parse(response.body, response.headers.get("content-type", ""))
    return any(
        "me" in html.rels(node)
        and _compared(_absolute(response.url.full, node.attributes.get("href") or "")) in profiles
        for node in page.css("a[rel][href], link[rel][href]")
    )


def _absolute(base: str, reference: str) -> str:
    try:
        return urljoin(base, reference.strip())
    except ValueError:
        return ""
