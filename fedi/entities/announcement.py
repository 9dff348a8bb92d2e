"""Announcement: words of the operators to everybody here."""

from datetime import datetime

from msgspec import UNSET, Struct, UnsetType

from fedi.entities import dates
from fedi.entities.emoji import CustomEmoji
from fedi.entities.status import Mention
from fedi.entities.tag import StatusTag


class Reaction(Struct, frozen=True):
    """`url` and `static_url` are there for a custom emoji only."""

    name: str
    count: int
    me: bool | UnsetType = UNSET
    url: str | UnsetType = UNSET
    static_url: str | UnsetType = UNSET


class ReactionNews(Struct, frozen=True):
    """How often a reaction is given now, 0 for one that was taken back: the same for everybody."""

    announcement_id: str
    name: str
    count: int
    url: str | UnsetType = UNSET
    static_url: str | UnsetType = UNSET


class Linked(Struct, frozen=True):
    id: str
    url: str


class Announcement(Struct, frozen=True):
    id: str
    content: str
    starts_at: str | None
    ends_at: str | None
    all_day: bool
    published_at: str
    updated_at: str
    mentions: list[Mention]
    statuses: list[Linked]
    tags: list[StatusTag]
    emojis: list[CustomEmoji]
    reactions: list[Reaction]
    read: bool | UnsetType = UNSET


class Parts(Struct, frozen=True, kw_only=True):
    """`content` is HTML."""

    id: int
    content: str
    published_at: datetime
    updated_at: datetime
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    all_day: bool = False
    mentions: tuple[Mention, ...] = ()
    statuses: tuple[Linked, ...] = ()
    tags: tuple[StatusTag, ...] = ()
    emojis: tuple[CustomEmoji, ...] = ()


def build(parts: Parts, *, reactions: tuple[Reaction, ...] = (), read: bool | None = None) -> Announcement:
    """`read` is None for an anonymous viewer."""
    return Announcement(
        id=str(parts.id),
        content=parts.content,
        starts_at=dates.optional(parts.starts_at),
        ends_at=dates.optional(parts.ends_at),
        all_day=parts.all_day,
        published_at=dates.timestamp(parts.published_at),
        updated_at=dates.timestamp(parts.updated_at),
        mentions=list(parts.mentions),
        statuses=list(parts.statuses),
        tags=list(parts.tags),
        emojis=list(parts.emojis),
        reactions=list(reactions),
        read=UNSET if read is None else read,
    )
