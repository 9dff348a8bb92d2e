"""StatusEdit: one state of an edited post; and StatusSource: what its author typed."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import UNSET, Struct, UnsetType

from fedi.entities import dates
from fedi.entities.account import Account
from fedi.entities.emoji import CustomEmoji
from fedi.entities.media import MediaAttachment
from fedi.entities.status import Quote


class EditedOption(Struct, frozen=True):
    title: str


class EditedPoll(Struct, frozen=True):
    options: list[EditedOption]


class StatusEdit(Struct, frozen=True):
    content: str
    spoiler_text: str
    sensitive: bool
    created_at: str
    account: Account
    media_attachments: list[MediaAttachment]
    emojis: list[CustomEmoji]
    poll: EditedPoll | UnsetType = UNSET
    quote: Quote | UnsetType = UNSET


class StatusSource(Struct, frozen=True):
    """`content_type` is not Mastodon's: who wrote Markdown should not be given plain text to go on with."""

    id: str
    text: str
    spoiler_text: str
    content_type: str


class Parts(Struct, frozen=True, kw_only=True):
    """`created_at`: since when it read like this."""

    content: str
    spoiler_text: str
    sensitive: bool
    created_at: datetime
    media: Sequence[MediaAttachment] = ()
    emojis: Sequence[CustomEmoji] = ()
    options: Sequence[str] | None = None
    quote: Quote | None = None


def build(parts: Parts, *, account: Account) -> StatusEdit:
    options = parts.options
    return StatusEdit(
        content=parts.content,
        spoiler_text=parts.spoiler_text,
        sensitive=parts.sensitive,
        created_at=dates.timestamp(parts.created_at),
        account=account,
        media_attachments=list(parts.media),
        emojis=list(parts.emojis),
        poll=UNSET if options is None else EditedPoll([EditedOption(title) for title in options]),
        quote=UNSET if parts.quote is None else parts.quote,
    )
