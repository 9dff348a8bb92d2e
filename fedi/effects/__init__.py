"""What follows from what: event → functions, run in order, in the transaction that removes the event.

Effects touch the database only. What needs the network becomes a job or a delivery row here and is done later.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from fedi.effects import (
    activity,
    announcements,
    blocked_domains,
    cards,
    cleanup,
    collections,
    communities,
    consents,
    conversations,
    distribute,
    federate,
    filters,
    lists,
    moderation,
    moving,
    notify,
    profile,
    push,
    quotes,
    reactions,
    readers,
    relays,
    search,
    subscriptions,
    surroundings,
    tokens,
)
from fedi.effects.context import Context
from storage import events
from storage.events import Event

E = TypeVar("E", bound=Event)
Effect = Callable[[Context, Any], Awaitable[None]]  # Any: on() has checked the event's type


def on(kind: type[E], *effects: Callable[[Context, E], Awaitable[None]]) -> tuple[type[Event], tuple[Effect, ...]]:
    """A row of EFFECTS. The type checker refuses an effect of another event."""
    return kind, effects


EFFECTS: dict[type[Event], tuple[Effect, ...]] = dict(
    [
        on(
            events.StatusCreated,
            distribute.status,
            notify.status,
            conversations.status,
            search.status,
            communities.joined,
            consents.request,
            federate.status,
            relays.announced,
            cards.of_new,
            activity.post,
            quotes.request,
            subscriptions.post,
            surroundings.thread,
        ),
        on(events.StatusHeld, distribute.held),
        on(
            events.StatusEdited,
            distribute.edit,
            notify.edit,
            conversations.edit,
            search.edit,
            federate.edit,
            cards.of_edited,
            quotes.told_of_edit,
        ),
        on(events.ConsentGiven, consents.told),
        on(events.StatusTouched, quotes.shown, quotes.published),
        on(events.QuoteAccepted, quotes.told),
        on(events.QuoteRevoked, quotes.untold, quotes.revocation),
        on(
            events.StatusDeleted,
            cleanup.deletion,
            notify.unboost,
            conversations.deletion,
            search.deletion,
            federate.deletion,
            relays.retracted,
        ),
        on(events.CollectionCreated, collections.published),
        on(events.CollectionUpdated, collections.changed, collections.told_of_change),
        on(events.CollectionDeleted, collections.deletion),
        on(events.FeatureAsked, collections.request),
        on(events.FeatureGranted, collections.told, collections.entry),
        on(events.FeatureRevoked, collections.untold, collections.departure, collections.revocation),
        on(events.FeatureDropped, collections.removal),
        on(events.Favourited, notify.favourite, federate.favourite),
        on(events.Unfavourited, notify.unfavourite, federate.unfavourite, reactions.still_given),
        on(events.Reacted, reactions.told, reactions.published),
        on(events.Unreacted, reactions.untold, reactions.withdrawn),
        on(events.FollowRequested, notify.follow_request, federate.follow),
        on(
            events.FollowAccepted,
            readers.follow,
            notify.follow,
            federate.accept,
            surroundings.posts,
            surroundings.tags,
            surroundings.collections,
            surroundings.verification,
            moving.arrived,
        ),
        on(events.FollowRejected, readers.rejection, notify.rejection, lists.rejection, federate.reject),
        on(events.Unfollowed, readers.unfollow, notify.unfollow, lists.unfollow, federate.unfollow),
        on(events.Blocked, readers.block, conversations.block, notify.block, collections.block, federate.block),
        on(events.DomainBlocked, blocked_domains.block),
        on(events.Unblocked, federate.unblock),
        on(events.Muted, readers.mute, notify.mute),
        on(events.PollVoted, federate.vote),
        on(events.PollUpdated, federate.poll_counts),
        on(events.PollClosed, notify.poll_end, federate.poll_end),
        on(events.StatusPinned, federate.pin),
        on(events.StatusUnpinned, federate.unpin),
        on(events.TagFeatured, federate.feature_tag),
        on(events.TagUnfeatured, federate.unfeature_tag),
        on(events.AccountUpdated, profile.changed, cards.credit),
        on(events.AccountSuspended, moderation.suspension, push.suspended),
        on(events.AccountUnsuspended, moderation.restoration),
        on(events.AccountDeleted, moderation.deletion),
        on(events.AccountMoved, moving.told, moving.carried),
        on(events.AccountSignedUp, notify.sign_up, activity.sign_up),
        on(events.Reported, notify.report, federate.report),
        on(events.ReportForwarded, federate.forwarded_report),
        on(events.RelationshipsSevered, notify.severance),
        on(events.AccountWarned, notify.warning),
        on(events.NotificationsMerged, notify.merged),
        on(events.FiltersChanged, filters.changed),
        on(events.DomainJudged, moderation.domain),
        on(events.AllowListChanged, moderation.allow_list),
        on(events.Bookmarked, surroundings.kept),
        on(events.AnnouncementPublished, announcements.published),
        on(events.AnnouncementRemoved, announcements.removed),
        on(events.AnnouncementReacted, announcements.reacted),
        on(events.TokensRevoked, tokens.closed, push.revoked),
    ]
)
