"""Previews of linked pages: the page read once for everybody here, its picture kept, its author asked to agree."""

import asyncio
from html import escape
from typing import Any

import msgspec

from federation import origins, policy, resolve
from federation.errors import Gone, Rejected, Retry
from federation.http import html
from federation.http.addresses import parse_url
from federation.http.client import HTTPError, Response
from fedi import errors
from fedi.context import App
from fedi.services import images
from fedi.text import webpage
from fedi.text.webpage import WebPage
from storage import accounts, cards, jobs, media
from storage.accounts import Account

BLOBS = "cards"
TIMEOUT_SECONDS = 10.0
MAX_EMBED_BYTES = 64 * 1024
MAX_IMAGE_BYTES = 8 * 1024 * 1024
KEPT_DAYS = 30
STEP = 500
FRAME = "allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox allow-forms"


class Image(msgspec.Struct, frozen=True):
    file: str
    width: int
    height: int
    blurhash: str | None


async def fetch(app: App, payload: dict[str, Any]) -> None:
    """Job: look at a page. One that does not answer is not asked again until somebody posts it another day."""
    async with app.db.read() as conn:
        card = await cards.by_id(conn, payload["card_id"])
    if card is None or not card.stale or not app.settings.link_previews:
        return
    found = await _read(app, card.url)
    if found is None or not found.title:
        async with app.db.transaction() as conn:
            await cards.failed(conn, card.id)
        return
    embed = await _embed(app, found)
    image = await _image(app, embed.image if embed and embed.image else found.image)
    author = await _author(app, found.creator)
    page = _page(card.url, found, embed, image, author)
    async with app.db.transaction() as conn:
        await cards.put(conn, card.id, page)
        if card.image_file and card.image_file != page.image_file:
            await jobs.enqueue(conn, media.DELETE_JOB, {"names": [card.image_file]}, queue="slow")


async def sweep(app: App) -> None:
    """Scheduled: forget previews that no post shows any more."""
    more = True
    while more:
        async with app.db.transaction() as conn:
            files = await cards.forget(conn, days=KEPT_DAYS, limit=STEP)
            names = [name for name in files if name]
            if names:
                await jobs.enqueue(conn, media.DELETE_JOB, {"names": names}, queue="slow")
        more = len(files) == STEP


async def _read(app: App, url: str) -> WebPage | None:
    response = await _get(app, url, "text/html, application/xhtml+xml", max_bytes=html.MAX_BYTES, lenient=True)
    if response is None or not html.is_html(response.media_type):
        return None
    kind = response.headers.get("content-type", "")
    return await asyncio.to_thread(webpage.read, response.body, kind, response.url.full)


async def _embed(app: App, page: WebPage) -> webpage.Embed | None:
    if not page.oembed:
        return None
    response = await _get(app, page.oembed, "application/json", max_bytes=MAX_EMBED_BYTES)
    return webpage.read_embed(response.body, response.url.full) if response else None


async def _image(app: App, url: str) -> Image | None:
    """Small, without anything but pixels, and ours: readers do not show themselves to the page's host."""
    if not url:
        return None
    response = await _get(app, url, "image/*", max_bytes=min(MAX_IMAGE_BYTES, app.settings.image_max_bytes))
    if response is None:
        return None
    try:
        picture = await images.thumbnail(response.body, max_pixels=app.settings.image_max_pixels)
    except errors.Problem:
        return None
    shown = picture.full
    return Image(await images.store(app, BLOBS, shown), shown.width, shown.height, picture.blurhash)


async def _author(app: App, handle: str) -> Account | None:
    """Whom the page names with a handle."""
    name, _, domain = handle.removeprefix("@").partition("@")
    if not name or not domain:
        return None
    if domain.lower() == app.settings.account_domain.lower():
        async with app.db.read() as conn:
            found = await accounts.by_handle(conn, name, domain)
    else:
        try:
            found = await resolve.handle(app.fed, f"@{name}@{domain}")
        except (Rejected, Retry, Gone):
            return None
    return found if found is not None and found.id > 0 and found.suspended_at is None else None


async def _get(app: App, url: str, accept: str, *, max_bytes: int, lenient: bool = False) -> Response | None:
    """None for whatever is not a plain answer, and for hosts that we do not read."""
    async with app.db.read() as conn:
        if not await policy.may_be_read(conn, app.fed.site, url):
            return None
    try:
        response = await app.fed.http.get_following(
            url,
            headers={"Accept": accept},
            max_bytes=max_bytes,
            timeout=TIMEOUT_SECONDS,
            lenient=lenient,
            judge=origins.reader(app.fed),
        )
    except HTTPError:
        return None
    return response if response.status == 200 else None


def _page(
    url: str, found: WebPage, embed: webpage.Embed | None, image: Image | None, author: Account | None
) -> cards.Page:
    """What oEmbed says wins over what the page says: it was made for this."""
    kind = embed.type if embed else "link"
    player = embed.player if embed and embed.player else found.player
    width = embed.width if embed and embed.width else found.player_width
    height = embed.height if embed and embed.height else found.player_height
    if player and kind == "link":
        kind = "video"
    if kind == "photo" and image is None:
        kind = "link"
    framed = kind == "video"
    return cards.Page(
        title=(embed.title if embed else "") or found.title,
        description=found.description,
        type=kind,
        author_name=(embed.author_name if embed else "") or found.author_name,
        author_url=(embed.author_url if embed else "") or found.author_url,
        provider_name=(embed.provider_name if embed else "") or found.provider_name,
        provider_url=(embed.provider_url if embed else "") or found.provider_url,
        html=_frame(player, width, height) if framed else "",
        image_file=image.file if image else None,
        image_description=found.image_description,
        width=width if framed else image.width if image else 0,
        height=height if framed else image.height if image else 0,
        embed_url=embed.image if embed and kind == "photo" else "",
        blurhash=image.blurhash if image else None,
        language=found.language,
        published_at=found.published_at,
        author_account_id=author.id if author else None,
        author_vouches=author is not None and _vouches(author, url),
    )


def _frame(player: str, width: int, height: int) -> str:
    size = f' width="{width}" height="{height}"' if width and height else ""
    return f'<iframe src="{escape(player)}"{size} sandbox="{FRAME}" allowfullscreen="allowfullscreen"></iframe>'


def _vouches(author: Account, url: str) -> bool:
    """Whether the account has named the page's host, or a domain above it, as one that may name it."""
    host = parse_url(url).host
    return any(host == domain.lower() or host.endswith(f".{domain.lower()}") for domain in author.attribution_domains)
