"""What this server says about itself: settings, limits, and what the database counts (looked at every few minutes)."""

import msgspec
from cachetools import TTLCache

from fedi import __version__, entities
from fedi.auth import vapid
from fedi.config import Settings
from fedi.context import App
from fedi.entities.instance import Limits, Parts, Rule
from fedi.entities.instance import rules as build_rules
from fedi.services import clip_order, images, interactions, profile, reactions
from fedi.text import compose
from storage import documents, instance, usage
from storage import rules as rule_rows
from storage.db import Conn

COUNTED_SECONDS = 300
THUMBNAIL_DESCRIPTION = "Three speech bubbles, joined by lines; the one in the middle says Fedi."


class Counts(msgspec.Struct, frozen=True):
    users: int
    statuses: int
    active_month: int
    peers: tuple[str, ...]


async def parts(app: App) -> Parts:
    settings = app.settings
    async with app.db.read() as conn:
        counted = await counts(app, conn)
        contact_id = await instance.contact_id(conn)
        contact = await entities.accounts(app, conn, [contact_id]) if contact_id else []
        texts = await documents.kinds(conn)
        rules = await listed_rules(conn)
    base = settings.base_url
    return Parts(
        domain=settings.account_domain,
        title=settings.title,
        version=__version__,
        # A running server always says where its source is: if the operator does not, the page about it does.
        source_url=settings.source_url or f"{base}/about",
        description=settings.description,
        short_description=settings.description,
        thumbnail=f"{base}/static/preview.png",
        thumbnail_description=THUMBNAIL_DESCRIPTION,
        icons=((f"{base}/static/icon-180.png", "180x180"), (f"{base}/static/icon-512.png", "512x512")),
        streaming=settings.streaming_url,
        about=f"{base}/about",
        privacy_policy=f"{base}/privacy-policy" if "privacy_policy" in texts else None,
        terms_of_service=f"{base}/terms-of-service" if "terms_of_service" in texts else None,
        translation=bool(settings.translation_url),
        vapid_key=vapid.public_key(app),
        limits=limits(settings),
        languages=settings.languages,
        rules=rules,
        email=settings.contact_email,
        contact=contact[0] if contact else None,
        registrations=settings.registrations in ("open", "approval"),
        approval_required=settings.registrations == "approval",
        invites=settings.registrations == "invite",
        limited_federation=settings.federation_mode == "allowlist",
        users=counted.users,
        statuses=counted.statuses,
        domains=len(counted.peers),
        active_month=counted.active_month,
    )


def limits(settings: Settings) -> Limits:
    return Limits(
        max_reactions=reactions.MAX_REACTIONS,
        max_characters=settings.max_status_chars,
        max_media_attachments=settings.max_media_attachments,
        content_types=compose.CONTENT_TYPES,
        mime_types=(*images.MIME_TYPES, *clip_order.MIME_TYPES),
        image_size=settings.image_max_bytes,
        image_matrix=settings.image_max_pixels,
        video_size=settings.video_max_bytes,
        video_matrix=settings.video_max_pixels,
        video_frame_rate=settings.video_max_frame_rate,
        description=settings.media_description_max_chars,
        max_options=settings.poll_max_options,
        max_characters_per_option=settings.poll_max_option_chars,
        min_expiration=settings.poll_min_seconds,
        max_expiration=settings.poll_max_seconds,
        max_display_name=profile.MAX_DISPLAY_NAME_CHARS,
        max_note=profile.MAX_NOTE_CHARS,
        max_fields=profile.MAX_FIELDS,
        field_name=profile.MAX_FIELD_NAME_CHARS,
        field_value=profile.MAX_FIELD_VALUE_CHARS,
        max_pinned_statuses=interactions.MAX_PINS,
    )


async def listed_rules(conn: Conn) -> tuple[Rule, ...]:
    return build_rules([(row.id, row.text, row.hint) for row in await rule_rows.listed(conn)])


async def counts(app: App, conn: Conn) -> Counts:
    """From this process's memory, where they are not too old."""
    memory: TTLCache[str, Counts] = app.memory.setdefault(__name__, TTLCache(1, COUNTED_SECONDS))
    known = memory.get("counts")
    if known is None:
        used = await usage.count(conn)
        known = Counts(used.users, used.local_posts, used.active_month, tuple(await instance.peers(conn)))
        memory["counts"] = known
    return known
