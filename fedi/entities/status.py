"""Status: rendered once for everybody, then overlaid with counters and with what the viewer did to it.

`render` is pure and slow-changing: its result may be kept by (id, version). `overlay` is cheap and done per request.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import UNSET, Struct, UnsetType

from fedi.entities import dates
from fedi.entities.account import NOBODY, Account, Approval
from fedi.entities.card import PreviewCard
from fedi.entities.collection import Collection
from fedi.entities.emoji import CustomEmoji
from fedi.entities.interaction_policy import InteractionPolicy
from fedi.entities.media import MediaAttachment
from fedi.entities.media import Parts as MediaParts
from fedi.entities.media import build as build_media
from fedi.entities.poll import Poll
from fedi.entities.reaction import StatusReaction
from fedi.entities.tag import StatusTag
from fedi.entities.user_filter import FilterResult

VISIBILITIES = ("public", "unlisted", "private", "direct")
"""In the order of the stored number. Clients know no other word."""


class Mention(Struct, frozen=True):
    id: str
    username: str
    url: str
    acct: str


class Application(Struct, frozen=True):
    name: str
    website: str | None


class Quote(Struct, frozen=True):
    """What a status quotes; null unless there is consent and the viewer may see it."""

    state: str
    quoted_status: "Status | None"


class ShallowQuote(Struct, frozen=True):
    """What a quoted status quotes in turn."""

    state: str
    quoted_status_id: str | None


class Extension(Struct, frozen=True):
    """What is ours: of a held post, for its author."""

    held_until: str
    held_locally: bool


class Status(Struct, frozen=True):
    id: str
    created_at: str
    in_reply_to_id: str | None
    in_reply_to_account_id: str | None
    sensitive: bool
    spoiler_text: str
    visibility: str
    language: str | None
    uri: str
    url: str
    replies_count: int
    reblogs_count: int
    favourites_count: int
    quotes_count: int
    edited_at: str | None
    favourited: bool | UnsetType
    reblogged: bool | UnsetType
    muted: bool | UnsetType
    bookmarked: bool | UnsetType
    pinned: bool | UnsetType
    content: str | UnsetType
    text: str | UnsetType
    """Instead of `content` in the answer to a deletion: what the person had written."""
    filtered: list[FilterResult] | UnsetType
    reblog: "Status | None"
    application: Application | None
    account: Account
    media_attachments: list[MediaAttachment]
    mentions: list[Mention]
    tags: list[StatusTag]
    emojis: list[CustomEmoji]
    reactions: list[StatusReaction]
    emoji_reactions: list[StatusReaction]
    tagged_collections: list[Collection]
    quote: Quote | ShallowQuote | None
    card: PreviewCard | None
    poll: Poll | None
    quote_approval: Approval
    fedi: Extension | UnsetType = UNSET
    interaction_policy: InteractionPolicy | UnsetType = UNSET
    """As GoToSocial has it; where everybody may do everything there is none."""


class Parts(Struct, frozen=True, kw_only=True):
    """A status row with its satellites. `content` is HTML, `spoiler_text` plain text."""

    id: int
    created_at: datetime
    uri: str
    url: str | None = None
    visibility: int = 0
    content: str = ""
    spoiler_text: str = ""
    sensitive: bool = False
    language: str | None = None
    edited_at: datetime | None = None
    in_reply_to_id: int | None = None
    in_reply_to_account_id: int | None = None
    attachments: tuple[MediaParts, ...] = ()
    """In the order of display."""
    mentions: tuple[Mention, ...] = ()
    tags: tuple[StatusTag, ...] = ()
    emojis: tuple[CustomEmoji, ...] = ()
    application: Application | None = None
    card: PreviewCard | None = None


class RenderedStatus(Struct, frozen=True):
    """What is the same for every viewer and does not count anything."""

    id: str
    created_at: str
    in_reply_to_id: str | None
    in_reply_to_account_id: str | None
    sensitive: bool
    spoiler_text: str
    visibility: str
    language: str | None
    uri: str
    url: str
    edited_at: str | None
    content: str
    application: Application | None
    media_attachments: list[MediaAttachment]
    mentions: list[Mention]
    tags: list[StatusTag]
    emojis: list[CustomEmoji]
    card: PreviewCard | None


class Stats(Struct, frozen=True):
    replies: int = 0
    reblogs: int = 0
    favourites: int = 0
    quotes: int = 0
    reactions: list[StatusReaction] = []


class Marks(Struct, frozen=True, kw_only=True):
    """What one viewer did to a status."""

    favourited: bool = False
    reblogged: bool = False
    muted: bool = False
    bookmarked: bool = False
    pinned: bool | None = None
    """None unless it is the viewer's own and could be pinned."""
    filtered: tuple[FilterResult, ...] = ()


class Quoting(Struct, frozen=True):
    """Who may quote a status, and what it quotes, as one viewer is told."""

    approval: Approval = NOBODY
    quote: Quote | ShallowQuote | None = None


UNQUOTED = Quoting()


def render(parts: Parts) -> RenderedStatus:
    return RenderedStatus(
        id=str(parts.id),
        created_at=dates.timestamp(parts.created_at),
        in_reply_to_id=_id(parts.in_reply_to_id),
        in_reply_to_account_id=_id(parts.in_reply_to_account_id),
        sensitive=parts.sensitive,
        spoiler_text=parts.spoiler_text,
        visibility=VISIBILITIES[parts.visibility],
        language=parts.language or None,
        uri=parts.uri,
        url=parts.url or parts.uri,
        edited_at=dates.optional(parts.edited_at),
        content=parts.content,
        application=parts.application,
        media_attachments=[build_media(each) for each in parts.attachments],
        mentions=list(parts.mentions),
        tags=list(parts.tags),
        emojis=list(parts.emojis),
        card=parts.card,
    )


def overlay(
    rendered: RenderedStatus,
    *,
    account: Account,
    stats: Stats,
    marks: Marks | None,
    quoting: Quoting = UNQUOTED,
    reblog: Status | None = None,
    poll: Poll | None = None,
    collections: Sequence[Collection] = (),
) -> Status:
    """The whole status for one viewer; without `marks`, an anonymous one, no flag. A boost has those of the boosted."""
    flags, filtered = _flags(marks)
    return Status(  # By position: this runs for every status of every page.
        rendered.id,
        rendered.created_at,
        rendered.in_reply_to_id,
        rendered.in_reply_to_account_id,
        rendered.sensitive,
        rendered.spoiler_text,
        rendered.visibility,
        rendered.language,
        rendered.uri,
        rendered.url,
        stats.replies,
        stats.reblogs,
        stats.favourites,
        stats.quotes,
        rendered.edited_at,
        *flags,
        rendered.content,
        UNSET,
        filtered,
        reblog,
        rendered.application,
        account,
        rendered.media_attachments,
        rendered.mentions,
        rendered.tags,
        rendered.emojis,
        stats.reactions,
        stats.reactions,
        list(collections),
        quoting.quote,
        rendered.card,
        poll,
        quoting.approval,
    )


def mention(account_id: int, *, username: str, acct: str, url: str | None, uri: str) -> Mention:
    """The URL is never empty: clients find the account of a link by comparing it with this one."""
    return Mention(id=str(account_id), username=username, url=url or uri, acct=acct)


def as_source(status: Status, text: str, *, quoted: Status | None = None) -> Status:
    """The answer to a deletion, from which a client fills its composer again. `quoted`: what it quotes, whether or not
    there was consent."""
    quote = status.quote
    if quoted is not None and isinstance(quote, Quote) and quote.quoted_status is None:
        quote = Quote(quote.state, msgspec.structs.replace(quoted, quote=_shallow(quoted.quote)))
    return msgspec.structs.replace(status, content=UNSET, text=text, quote=quote)


def _shallow(quote: Quote | ShallowQuote | None) -> ShallowQuote | None:
    if isinstance(quote, Quote):
        return ShallowQuote(quote.state, quote.quoted_status.id if quote.quoted_status else None)
    return quote


def withheld(status: Status) -> Status:
    """Without anything that its author wrote or others did."""
    return msgspec.structs.replace(
        status,
        in_reply_to_id=None,
        in_reply_to_account_id=None,
        sensitive=False,
        spoiler_text="",
        language=None,
        replies_count=0,
        reblogs_count=0,
        favourites_count=0,
        quotes_count=0,
        edited_at=None,
        content="",
        filtered=[],
        reblog=None,
        application=None,
        media_attachments=[],
        mentions=[],
        tags=[],
        emojis=[],
        quote=None,
        card=None,
        poll=None,
        quote_approval=NOBODY,
        interaction_policy=UNSET,
    )


_Flag = bool | UnsetType


def _flags(marks: Marks | None) -> tuple[tuple[_Flag, _Flag, _Flag, _Flag, _Flag], list[FilterResult] | UnsetType]:
    """In the order of the fields."""
    if marks is None:
        return (UNSET, UNSET, UNSET, UNSET, UNSET), UNSET
    pinned = UNSET if marks.pinned is None else marks.pinned
    return (marks.favourited, marks.reblogged, marks.muted, marks.bookmarked, pinned), list(marks.filtered)


def _id(value: int | None) -> str | None:
    return None if value is None else str(value)
