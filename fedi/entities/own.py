"""One's own profile, as typed, and the hashtags on anybody's."""

from federation import uris
from fedi import errors
from fedi.context import App
from fedi.entities import urls
from fedi.entities.featured_tag import FeaturedTag
from fedi.entities.featured_tag import build as build_featured
from fedi.entities.people import source_field
from fedi.entities.profile import Profile
from storage import accounts, featured_tags
from storage.db import Conn


async def profile(app: App, conn: Conn, account_id: int) -> Profile:
    """Of an account of ours; `NotFound` when there is none."""
    row = await accounts.by_id(conn, account_id)
    if row is None:
        raise errors.NotFound
    base_url = app.settings.base_url
    return Profile(
        id=str(row.id),
        display_name=row.display_name,
        note=row.note_source or "",
        fields=[source_field(each) for each in accounts.fields_of(row)],
        avatar=urls.either(base_url, row.avatar_file, None),
        avatar_static=urls.either(base_url, row.avatar_static_file or row.avatar_file, None),
        avatar_description=row.avatar_description,
        header=urls.either(base_url, row.header_file, None),
        header_static=urls.either(base_url, row.header_static_file or row.header_file, None),
        header_description=row.header_description,
        locked=row.locked,
        bot=row.bot,
        hide_collections=row.hide_collections,
        discoverable=row.discoverable,
        indexable=row.indexable,
        show_media=row.show_media,
        show_media_replies=row.show_media_replies,
        show_featured=row.show_featured,
        attribution_domains=row.attribution_domains,
        featured_tags=await featured(app, conn, account_id),
    )


async def featured(app: App, conn: Conn, account_id: int) -> list[FeaturedTag]:
    """The hashtags on a profile, the most used first."""
    return [featured_tag(app, row) for row in await featured_tags.of(conn, account_id)]


def featured_tag(app: App, row: featured_tags.Featured) -> FeaturedTag:
    url = uris.tag_page(app.settings.base_url, row.name)
    return build_featured(row.id, name=row.name, url=url, uses=row.statuses_count, last_used_at=row.last_status_at)
