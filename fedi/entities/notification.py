"""Notification of the first version: one line per event."""

from datetime import datetime

from msgspec import UNSET, Struct, UnsetType

from fedi.entities import dates
from fedi.entities.account import Account
from fedi.entities.collection import Collection
from fedi.entities.fallback import NotificationFallback
from fedi.entities.report import Report
from fedi.entities.severance import RelationshipSeveranceEvent
from fedi.entities.status import Status
from fedi.entities.warning import AccountWarning

REACTION = "pleroma:emoji_reaction"
"""Mastodon has no word for it; this one is what most clients know that know any."""

WITH_STATUS = frozenset(
    {"mention", "status", "reblog", "favourite", "poll", "update", "quote", "quoted_update", REACTION}
)
"""Types that always carry a status; for reblog and favourite it is the viewer's own one."""

WITH_COLLECTION = frozenset({"added_to_collection", "collection_update"})

TYPES = WITH_STATUS | {
    "follow",
    "follow_request",
    "admin.sign_up",
    "admin.report",
    "severed_relationships",
    "moderation_warning",
    *WITH_COLLECTION,
}


class Notification(Struct, frozen=True):
    id: str
    type: str
    created_at: str
    group_key: str
    account: Account
    status: Status | UnsetType = UNSET
    report: Report | UnsetType = UNSET
    event: RelationshipSeveranceEvent | UnsetType = UNSET
    moderation_warning: AccountWarning | UnsetType = UNSET
    collection: Collection | UnsetType = UNSET
    fallback: NotificationFallback | UnsetType = UNSET
    emoji: str | UnsetType = UNSET
    """Of a reaction, for clients of Akkoma; with the address of its picture if it has one."""
    emoji_url: str | UnsetType = UNSET


class Parts(Struct, frozen=True):
    id: int
    type: str
    created_at: datetime
    group_key: str | None = None


class Reaction(Struct, frozen=True):
    """What somebody put under a post, as clients name it."""

    name: str
    url: str | None = None


class Subject(Struct, frozen=True, kw_only=True):
    """What it is about, one of these by its type, and words for it where the app needs some."""

    status: Status | None = None
    report: Report | None = None
    event: RelationshipSeveranceEvent | None = None
    moderation_warning: AccountWarning | None = None
    collection: Collection | None = None
    fallback: NotificationFallback | None = None
    reaction: Reaction | None = None


def is_whole(kind: str, subject: Subject) -> bool:
    """Whether what the type promises is there. A client fails on a null, so such a line is left out."""
    if kind == REACTION and subject.reaction is None:
        return False
    if kind in WITH_STATUS:
        return subject.status is not None
    if kind == "severed_relationships":
        return subject.event is not None
    if kind in WITH_COLLECTION:
        return subject.collection is not None
    return kind != "moderation_warning" or subject.moderation_warning is not None


def build(parts: Parts, subject: Subject, *, account: Account) -> Notification | None:
    """None when what it is about is gone."""
    if not is_whole(parts.type, subject):
        return None
    return Notification(
        id=str(parts.id),
        type=parts.type,
        created_at=dates.timestamp(parts.created_at),
        group_key=parts.group_key or f"ungrouped-{parts.id}",
        account=account,
        status=subject.status or UNSET,
        report=subject.report or UNSET,
        event=subject.event or UNSET,
        moderation_warning=subject.moderation_warning or UNSET,
        collection=subject.collection or UNSET,
        fallback=subject.fallback or UNSET,
        emoji=subject.reaction.name if subject.reaction else UNSET,
        emoji_url=(subject.reaction.url if subject.reaction else None) or UNSET,
    )
