"""Rows of `storage.bundles` into what the builders take: JSON aggregates decoded, file names made URLs."""

import html
import re

import msgspec
from msgspec import UNSET

from federation import uris
from fedi import roles
from fedi.config import Settings
from fedi.entities import feature, urls
from fedi.entities.account import Account, AccountRole, fields
from fedi.entities.account import Parts as AccountParts
from fedi.entities.account import Stats as AccountStats
from fedi.entities.account import build as build_account
from fedi.entities.card import Credit, PreviewCard
from fedi.entities.card import Parts as CardParts
from fedi.entities.card import build as build_card
from fedi.entities.emoji import CustomEmoji
from fedi.entities.media import Parts as MediaParts
from fedi.entities.status import Application, Mention, RenderedStatus, mention, render
from fedi.entities.status import Parts as StatusParts
from fedi.entities.tag import StatusTag
from storage import accounts as account_rows
from storage import bundles, feature_policies

_BREAK = re.compile(r"<br[^>]*>|</(?:p|li|h[1-6]|pre|blockquote)>")
_TAG = re.compile(r"<[^>]*>")


def status(base_url: str, body: bundles.Body) -> RenderedStatus:
    """A boost has nothing of its own but its place in time."""
    boost = body.reblog_of_id is not None
    return render(
        StatusParts(
            id=body.id,
            created_at=body.created_at,
            uri=body.uri,
            url=body.url,
            visibility=body.visibility,
            content=body.content,
            spoiler_text=body.spoiler_text,
            sensitive=body.sensitive,
            language=body.language,
            edited_at=body.edited_at,
            in_reply_to_id=body.in_reply_to_id,
            in_reply_to_account_id=body.in_reply_to_account_id if body.in_reply_to_id else None,
            attachments=tuple(medium(base_url, each) for each in bundles.decode(body.media, bundles.Medium)),
            mentions=tuple(_mention(each) for each in bundles.decode(body.mentions, bundles.Mention)),
            tags=tuple(StatusTag(name, uris.tag_page(base_url, name)) for name in bundles.decode(body.tags, str)),
            emojis=emojis(base_url, body.emojis),
            application=None if boost else _application(body.application),
            card=_card(base_url, body.card),
        )
    )


def account(settings: Settings, author: bundles.Author, *, moved: Account | None) -> Account:
    base_url = settings.base_url
    row = author.account
    if row.suspended_at is not None or row.media_rejected:
        row = msgspec.structs.replace(
            row,
            avatar_file=None,
            avatar_remote_url=None,
            avatar_static_file=None,
            header_file=None,
            header_remote_url=None,
            header_static_file=None,
        )
    parts = AccountParts(
        id=row.id,
        username=row.username,
        domain=None if row.is_local else row.domain,
        uri=row.uri,
        url=row.url,
        created_at=row.created_at,
        avatar=urls.either(base_url, row.avatar_file, row.avatar_remote_url) or urls.missing_avatar(base_url),
        avatar_static=urls.either(base_url, row.avatar_static_file, None),
        avatar_description=row.avatar_description,
        header=urls.either(base_url, row.header_file, row.header_remote_url) or urls.missing_header(base_url),
        header_static=urls.either(base_url, row.header_static_file, None),
        header_description=row.header_description,
        display_name=row.display_name,
        note=row.note,
        locked=row.locked,
        bot=row.bot,
        group=row.group,
        discoverable=row.discoverable,
        indexable=row.indexable,
        hide_collections=row.hide_collections,
        noindex=row.is_local and not row.indexable,
        suspended=row.suspended_at is not None,
        limited=row.silenced_at is not None,
        memorial=row.memorial,
        show_media=row.show_media,
        show_media_replies=row.show_media_replies,
        show_featured=row.show_featured,
        fields=fields([(each.name, each.value, each.verified_at) for each in account_rows.fields_of(row)]),
        emojis=emojis(base_url, author.emojis),
        roles=tuple(AccountRole(str(each.id), each.label, each.color) for each in _badges(author.role)),
        feature_approval=feature.approval(feature_policies.of(row), None),
        subscribable=_subscribable(settings, author),
    )
    stats = AccountStats(author.followers_count, author.following_count, author.statuses_count, author.last_status_at)
    return build_account(parts, stats, moved=moved)


def _subscribable(settings: Settings, author: bundles.Author) -> bool | None:
    """None where nobody can be read by e-mail."""
    if settings.email_subscriptions == "off":
        return None
    return author.subscribable is not None and roles.may_have_subscribers(settings, author.subscribable)


def _badges(text: str | None) -> list[bundles.Badge]:
    return [] if text is None else bundles.decode(f"[{text}]", bundles.Badge)


def medium(base_url: str, row: bundles.Medium) -> MediaParts:
    ready = row.state == "ready"
    return MediaParts(
        id=row.id,
        type=row.type,
        url=urls.either(base_url, row.file, row.remote_url) if ready else None,
        preview_url=urls.either(base_url, row.preview_file, row.preview_remote_url),
        remote_url=row.remote_url,
        preview_remote_url=row.preview_remote_url,
        description=row.description,
        blurhash=row.blurhash,
        width=row.width,
        height=row.height,
        preview_width=row.preview_width,
        preview_height=row.preview_height,
        focus_x=row.focus_x,
        focus_y=row.focus_y,
        duration=row.duration,
        frame_rate=row.frame_rate,
        bitrate=row.bitrate,
    )


def emojis(base_url: str, text: str | None) -> tuple[CustomEmoji, ...]:
    """Those whose picture is known."""
    found = [emoji(base_url, each) for each in bundles.decode(text, bundles.Emoji)]
    return tuple(each for each in found if each is not None)


def emoji(base_url: str, row: bundles.Emoji) -> CustomEmoji | None:
    url = urls.either(base_url, row.file, row.remote_url)
    if url is None:
        return None
    return CustomEmoji(
        shortcode=row.shortcode,
        url=url,
        static_url=urls.either(base_url, row.static_file, row.static_remote_url) or url,
        visible_in_picker=row.visible_in_picker,
        category=row.category or UNSET,
    )


def plain(content: str) -> str:
    """The words of HTML, for filters."""
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", content)))


def _mention(row: bundles.Mention) -> Mention:
    acct = row.username if row.is_local else f"{row.username}@{row.domain}"
    return mention(row.id, username=row.username, acct=acct, url=row.url, uri=row.uri)


def _application(text: str | None) -> Application | None:
    if text is None:
        return None
    row = bundles.decode(f"[{text}]", bundles.Application)[0]
    return Application(row.name, row.website or None)


def credit(text: str | None) -> Credit | None:
    """Of a card, as `bundles.Body` has it."""
    if text is None:
        return None
    row = bundles.decode(f"[{text}]", bundles.Card)[0]
    return Credit(row.author_account_id, row.author_vouches) if row.author_account_id else None


def _card(base_url: str, text: str | None) -> PreviewCard | None:
    if text is None:
        return None
    row = bundles.decode(f"[{text}]", bundles.Card)[0]
    return build_card(
        CardParts(
            url=row.url,
            title=row.title,
            description=row.description,
            language=row.language,
            type=row.type,
            author_name=row.author_name,
            author_url=row.author_url,
            provider_name=row.provider_name,
            provider_url=row.provider_url,
            html=row.html,
            width=row.width,
            height=row.height,
            image=urls.either(base_url, row.image_file, None),
            image_description=row.image_description,
            embed_url=row.embed_url,
            blurhash=row.blurhash,
            published_at=row.published_at,
        )
    )
