"""Profile: one's own account as typed, for the form that edits it."""

from msgspec import Struct

from fedi.entities.account import Field
from fedi.entities.featured_tag import FeaturedTag


class Profile(Struct, frozen=True, kw_only=True):
    """Unlike those of an Account, pictures are null where there are none, and texts are no HTML."""

    id: str
    display_name: str
    note: str
    fields: list[Field]
    avatar: str | None
    avatar_static: str | None
    avatar_description: str
    header: str | None
    header_static: str | None
    header_description: str
    locked: bool
    bot: bool
    hide_collections: bool | None
    discoverable: bool | None
    indexable: bool
    show_media: bool
    show_media_replies: bool
    show_featured: bool
    attribution_domains: list[str]
    featured_tags: list[FeaturedTag]
