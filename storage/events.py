"""What happened, as rows: `emit` writes an event in the transaction that made it true; the worker runs its effects.

Events carry ids, and for things that are gone, whatever is needed to speak of them. They never say whether they came
from a person here or from another server: effects read that from the rows.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from storage import jobs
from storage.db import Conn


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Root of the events."""


class StatusCreated(Event, frozen=True):
    """A post or a boost exists. `quiet`: fetched as context or late, so nobody is told and no home receives it."""

    status_id: int
    quiet: bool = False
    released: bool = False  # it was held back; its author has it already


class StatusHeld(Event, frozen=True):
    """A post of ours exists, or was `edited`, of which only its author hears before `StatusCreated`."""

    status_id: int
    edited: bool = False


class StatusEdited(Event, frozen=True):
    """The text, media, poll or warning of a post changed. `mentioned_ids`: accounts mentioned for the first time."""

    status_id: int
    mentioned_ids: tuple[int, ...] = ()


class StatusTouched(Event, frozen=True):
    """What is shown around a post changed, not its words: who may quote it, or whether its quote is agreed to."""

    status_id: int


class ConsentGiven(Event, frozen=True):
    """An author elsewhere agrees to what somebody here did or wants to do with their post."""

    interacting_uri: str
    status_id: int
    account_id: int


class QuoteAccepted(Event, frozen=True):
    """A post's quote has the consent it needs. `quiet`: as for `StatusCreated`."""

    status_id: int
    quiet: bool = False


class QuoteRevoked(Event, frozen=True):
    """The quoted took their consent back. `account_id` is the author of the post that quotes."""

    status_id: int
    quoted_id: int
    account_id: int
    approval_uri: str | None


class StatusDeleted(Event, frozen=True):
    """A post or boost is gone. `account_ids`: everybody who may hold a copy because of what they did with it."""

    status_id: int
    uri: str
    account_id: int
    is_local: bool
    visibility: int
    reblog_of_id: int | None
    reblog_of_uri: str | None
    in_reply_to_id: int | None
    account_ids: tuple[int, ...]
    tags: tuple[str, ...] = ()
    has_media: bool = False
    held: bool = False  # it never left
    mentioned_ids: tuple[int, ...] = ()


class Favourited(Event, frozen=True):
    status_id: int
    account_id: int


class Unfavourited(Event, frozen=True):
    status_id: int
    account_id: int
    uri: str | None


class Reacted(Event, frozen=True):
    """Somebody put an emoji under a post."""

    status_id: int
    account_id: int
    reaction_id: int


class Unreacted(Event, frozen=True):
    """A reaction was taken back. `domain`, `type` and `uri` as of the row that is gone."""

    status_id: int
    account_id: int
    reaction_id: int
    name: str
    domain: str | None
    type: Literal["Like", "EmojiReact"]
    uri: str | None


class FollowRequested(Event, frozen=True):
    """A request waits for an answer: from a person here, from another server, or from the account being open."""

    account_id: int
    target_id: int


class FollowAccepted(Event, frozen=True):
    account_id: int
    target_id: int
    uri: str


class FollowRejected(Event, frozen=True):
    """A request was refused or a follower removed, by the target."""

    account_id: int
    target_id: int
    uri: str


class Unfollowed(Event, frozen=True):
    """The follower ended the follow or withdrew the request."""

    account_id: int
    target_id: int
    uri: str


class Blocked(Event, frozen=True):
    account_id: int
    target_id: int


class Unblocked(Event, frozen=True):
    account_id: int
    target_id: int
    uri: str | None


class DomainBlocked(Event, frozen=True):
    """A person does not want to meet anybody of a whole server."""

    account_id: int
    domain: str


class Muted(Event, frozen=True):
    account_id: int
    target_id: int


class PollVoted(Event, frozen=True):
    """Somebody chose; `choices` are new ones."""

    poll_id: int
    account_id: int
    choices: tuple[int, ...]


class PollUpdated(Event, frozen=True):
    """The counts of a poll changed without anybody here voting."""

    poll_id: int


class PollClosed(Event, frozen=True):
    poll_id: int


class StatusPinned(Event, frozen=True):
    status_id: int
    account_id: int


class StatusUnpinned(Event, frozen=True):
    status_id: int
    account_id: int


class TagFeatured(Event, frozen=True):
    """Somebody here shows a hashtag on their profile."""

    account_id: int
    name: str


class TagUnfeatured(Event, frozen=True):
    account_id: int
    name: str


class AccountUpdated(Event, frozen=True):
    account_id: int


class AccountSuspended(Event, frozen=True):
    account_id: int


class AccountUnsuspended(Event, frozen=True):
    account_id: int


class AccountDeleted(Event, frozen=True):
    """An account of ours ended for good: what it left is removed step by step."""

    account_id: int


class AccountMoved(Event, frozen=True):
    """Somebody goes on as another account, which says that it is theirs; followers go along."""

    account_id: int
    target_id: int
    move_id: int


class AccountSignedUp(Event, frozen=True):
    account_id: int
    user_id: int


class Reported(Event, frozen=True):
    report_id: int


class RelationshipsSevered(Event, frozen=True):
    """Follows of a local account ended with a block of a domain or a suspension."""

    severance_id: int


class AccountWarned(Event, frozen=True):
    """A moderator told a local account something."""

    warning_id: int


class CollectionCreated(Event, frozen=True):
    """A person here has made a collection, with whoever is in it by now."""

    collection_id: int


class CollectionUpdated(Event, frozen=True):
    """`renamed`: its name or its description is another."""

    collection_id: int
    renamed: bool


class CollectionDeleted(Event, frozen=True):
    """One made here. `account_ids`: who was in it, or was asked."""

    account_id: int
    uri: str
    account_ids: tuple[int, ...]


class FeatureAsked(Event, frozen=True):
    """A person here wants somebody elsewhere in a collection."""

    item_id: int


class FeatureGranted(Event, frozen=True):
    """Somebody is in a collection. `embedded`: others hear of it with the collection itself."""

    item_id: int
    embedded: bool = False


class FeatureRevoked(Event, frozen=True):
    """Somebody has left a collection."""

    item_id: int


class FeatureDropped(Event, frozen=True):
    """The maker of a collection has taken somebody out of it."""

    account_id: int
    collection_uri: str
    uri: str
    dropped_id: int | None


class NotificationsMerged(Event, frozen=True):
    """What had been filtered of people who were let in stands in the account's list now."""

    account_id: int


class ReportForwarded(Event, frozen=True):
    """Staff decided that the server of whom a report is about hears of it after all."""

    report_id: int


class FiltersChanged(Event, frozen=True):
    account_id: int


class DomainJudged(Event, frozen=True):
    """The rule about a domain was written, changed or lifted. `ended`: when the rule that no longer holds was made."""

    domain: str
    ended: datetime | None = None


class AllowListChanged(Event, frozen=True):
    """A domain was put on the list of those we talk to, or taken off."""

    domain: str


class Bookmarked(Event, frozen=True):
    """Somebody here keeps a post."""

    status_id: int
    account_id: int


class AnnouncementPublished(Event, frozen=True):
    announcement_id: int


class AnnouncementRemoved(Event, frozen=True):
    announcement_id: int


class AnnouncementReacted(Event, frozen=True):
    """Somebody gave a reaction or took one back."""

    announcement_id: int
    name: str


class TokensRevoked(Event, frozen=True):
    """Tokens ended: their streams must close."""

    token_ids: tuple[int, ...]


KINDS: dict[str, type[Event]] = {kind.__name__: kind for kind in Event.__subclasses__()}


async def emit(conn: Conn, event: Event) -> None:
    """Write the event as a job of the running transaction."""
    await jobs.enqueue(conn, type(event).__name__, msgspec.to_builtins(event), queue="event")


async def emit_many(conn: Conn, kind: type[Event], happened: Sequence[Event]) -> None:
    """Events of one kind in one statement."""
    await jobs.enqueue_many(conn, kind.__name__, [msgspec.to_builtins(event) for event in happened], queue="event")


def decode(name: str, payload: dict[str, object]) -> Event:
    """The event a job row holds. `KeyError` for a name this release does not know."""
    return msgspec.convert(payload, KINDS[name])
