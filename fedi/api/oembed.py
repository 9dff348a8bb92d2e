"""A post of ours on somebody else's page: https://oembed.com"""

from html import escape

import msgspec

from fedi import access, entities, errors
from fedi.http.endpoint import PUBLIC, Call, get
from storage import statuses
from storage.visibility import UNLISTED

WIDTH, HEIGHT = 400, 480
LEAST = 220
CACHE_SECONDS = 86_400
SANDBOX = "allow-popups allow-popups-to-escape-sandbox"


class OEmbedParams(msgspec.Struct, frozen=True):
    url: str
    maxwidth: int | None = None
    maxheight: int | None = None


class OEmbed(msgspec.Struct, frozen=True, kw_only=True):
    type: str = "rich"
    version: str = "1.0"
    author_name: str
    author_url: str
    provider_name: str
    provider_url: str
    cache_age: int = CACHE_SECONDS
    html: str
    width: int
    height: int
    title: str


async def show(call: Call[OEmbedParams]) -> OEmbed:
    """Of a post of ours that anybody may read."""
    async with call.read() as conn:
        row = await statuses.by_uri_or_url(conn, call.params.url.strip())
        if row is None or not row.is_local or row.visibility > UNLISTED or row.reblog_of_id is not None:
            raise errors.NotFound
        await access.visible_status(conn, None, row.id)
        status = await entities.status(call.app, conn, row.id, None)
    width, height = _side(call.params.maxwidth, WIDTH), _side(call.params.maxheight, HEIGHT)
    author = status.account.display_name or status.account.username
    frame = (
        f'<iframe src="{escape(status.url)}/embed" title="{escape(author)}" width="{width}" height="{height}" '
        f'style="max-width: 100%; border: 0" loading="lazy" sandbox="{SANDBOX}"></iframe>'
    )
    settings = call.app.settings
    return OEmbed(
        author_name=author,
        author_url=status.account.url,
        provider_name=settings.title,
        provider_url=f"{settings.base_url}/",
        html=frame,
        width=width,
        height=height,
        title=f"{author} (@{status.account.username}@{settings.account_domain})",
    )


def _side(most: int | None, ours: int) -> int:
    return ours if most is None else min(max(most, LEAST), ours)


ROUTES = [get("/api/oembed", show, access=PUBLIC, params=OEmbedParams)]
