"""Who is told about what: events become notifications of local people and live messages to them."""

from collections.abc import Sequence
from datetime import UTC, datetime

from fedi.effects import push
from fedi.effects.context import Context, Message
from storage import boosts, events, notification_requests, notifications, polls, reports, severances, statuses, warnings
from storage import follows as follow_rows
from storage import mutes as mute_rows
from storage.notifications import About, Type
from storage.statuses import Status

# Likes and boosts of a post, follows and sign-ups are shown as one group for so long after the first of them.
GROUP_HOURS = 12
REACTION: Type = "pleroma:emoji_reaction"


def _keys(group: str) -> tuple[str, ...]:
    """Of a group that begins now, and of those that began lately enough to be joined, latest first."""
    hour = int(datetime.now(UTC).timestamp()) // 3600
    now, *before = (f"{group}-{hour - passed}" for passed in range(GROUP_HOURS))
    return (now, *before)


async def tell(
    ctx: Context,
    kind: Type,
    recipient_ids: list[int],
    from_id: int,
    *,
    status: Status | None = None,
    about_id: int | None = None,
    group: str | None = None,
) -> None:
    """A notification, and a live message of it."""
    about = About(
        status_id=status.id if status else None, about_id=about_id, group_keys=_keys(group) if group is not None else ()
    )
    told = await notifications.add(ctx.conn, kind, recipient_ids=recipient_ids, from_id=from_id, about=about)
    await announce(ctx, told)


async def announce(ctx: Context, told: Sequence[tuple[int, int]]) -> None:
    """(notification id, account id): live, to whom they are for, and pushed to where they want it."""
    await push.notices(ctx, [notification_id for notification_id, _account_id in told])
    for notification_id, account_id in told:
        ctx.stream.append(Message(_channels(account_id), "notification", notification_id))


def _channels(account_id: int) -> tuple[str, str]:
    return f"user:{account_id}", f"notifications:{account_id}"


async def status(ctx: Context, event: events.StatusCreated) -> None:
    """The mentioned, whoever asked to hear of each post, and the author of what is boosted."""
    created = await ctx.status(event.status_id)
    if created is None or event.quiet:
        return
    if created.reblog_of_id is not None:
        boosted = await statuses.by_id(ctx.conn, created.reblog_of_id)
        if boosted is not None:
            group = f"reblog-{boosted.id}"
            if await follow_rows.of_community(ctx.conn, boosted.account_id, created.account_id):
                return  # Whoever writes to a community expects that it passes on what they write.
            await tell(ctx, "reblog", [boosted.account_id], created.account_id, status=boosted, group=group)
        return
    mentioned = await statuses.mentioned(ctx.conn, [created.id])
    named = [account_id for account_id, silent in mentioned[created.id] if not silent]
    await tell(ctx, "mention", named, created.account_id, status=created)
    if created.visibility < 3 and created.in_reply_to_account_id in (None, created.account_id):
        listening = await follow_rows.notified_ids(ctx.conn, created.account_id)
        await tell(ctx, "status", [one for one in listening if one not in named], created.account_id, status=created)


async def edit(ctx: Context, event: events.StatusEdited) -> None:
    """Whoever boosted it, and whoever it mentions for the first time."""
    edited = await statuses.by_id(ctx.conn, event.status_id)
    if edited is None:
        return
    await tell(ctx, "mention", list(event.mentioned_ids), edited.account_id, status=edited)
    if edited.edited_at is not None:
        # An earlier edit's notice gives way to this one, so that it is seen again.
        await notifications.withdraw(ctx.conn, "update", from_id=edited.account_id, status_id=edited.id)
        boosters = await boosts.local_boosters(ctx.conn, edited.id)
        await tell(ctx, "update", boosters, edited.account_id, status=edited)


async def favourite(ctx: Context, event: events.Favourited) -> None:
    liked = await statuses.by_id(ctx.conn, event.status_id)
    if liked is not None:
        group = f"favourite-{liked.id}"
        await tell(ctx, "favourite", [liked.account_id], event.account_id, status=liked, group=group)


async def unfavourite(ctx: Context, event: events.Unfavourited) -> None:
    await notifications.withdraw(ctx.conn, "favourite", from_id=event.account_id, status_id=event.status_id)


async def unboost(ctx: Context, event: events.StatusDeleted) -> None:
    if event.reblog_of_id is not None:
        await notifications.withdraw(ctx.conn, "reblog", from_id=event.account_id, status_id=event.reblog_of_id)


async def follow_request(ctx: Context, event: events.FollowRequested) -> None:
    await tell(ctx, "follow_request", [event.target_id], event.account_id)


async def follow(ctx: Context, event: events.FollowAccepted) -> None:
    """The followed one, who need not look at the request any more."""
    await notifications.withdraw(ctx.conn, "follow_request", from_id=event.account_id, recipient_id=event.target_id)
    await tell(ctx, "follow", [event.target_id], event.account_id, group="follow")


async def unfollow(ctx: Context, event: events.Unfollowed) -> None:
    await _no_follow(ctx, event.account_id, event.target_id)


async def rejection(ctx: Context, event: events.FollowRejected) -> None:
    await _no_follow(ctx, event.account_id, event.target_id)


async def _no_follow(ctx: Context, account_id: int, target_id: int) -> None:
    await notifications.withdraw(ctx.conn, "follow", from_id=account_id, recipient_id=target_id)
    await notifications.withdraw(ctx.conn, "follow_request", from_id=account_id, recipient_id=target_id)


async def block(ctx: Context, event: events.Blocked) -> None:
    """Nothing is left of what the blocked one did, nor of what they were once allowed."""
    await notifications.forget_person(ctx.conn, event.account_id, event.target_id)
    await notification_requests.forget(ctx.conn, event.account_id, event.target_id)


async def mute(ctx: Context, event: events.Muted) -> None:
    """Whoever is muted waits to be heard no more, unless the mute leaves notifications alone."""
    if await mute_rows.silences(ctx.conn, event.account_id, event.target_id):
        await notification_requests.forget(ctx.conn, event.account_id, event.target_id)


async def poll_end(ctx: Context, event: events.PollClosed) -> None:
    """The author if local, and the local voters."""
    poll = await polls.by_id(ctx.conn, event.poll_id)
    asked = await statuses.by_id(ctx.conn, poll.status_id) if poll is not None else None
    if asked is not None:
        voters = await polls.voters(ctx.conn, event.poll_id, local=True)
        await tell(ctx, "poll", sorted({asked.account_id, *voters}), asked.account_id, status=asked)


async def sign_up(ctx: Context, event: events.AccountSignedUp) -> None:
    moderators = await notifications.moderators(ctx.conn)
    await tell(ctx, "admin.sign_up", moderators, event.account_id, group="admin.sign_up")


async def report(ctx: Context, event: events.Reported) -> None:
    found = await reports.by_id(ctx.conn, event.report_id)
    if found is not None:
        moderators = await notifications.moderators(ctx.conn)
        await tell(ctx, "admin.report", moderators, found.account_id, about_id=found.id)


async def severance(ctx: Context, event: events.RelationshipsSevered) -> None:
    """Whoever lost follows by a block or a suspension. Nobody caused it for them, so it comes from themselves."""
    found = (await severances.by_ids(ctx.conn, [event.severance_id])).get(event.severance_id)
    if found is not None:
        await tell(ctx, "severed_relationships", [found.account_id], found.account_id, about_id=found.id)


async def warning(ctx: Context, event: events.AccountWarned) -> None:
    """The one who was warned; by whom is not for them to know."""
    found = (await warnings.by_ids(ctx.conn, [event.warning_id])).get(event.warning_id)
    if found is not None:
        await tell(ctx, "moderation_warning", [found.account_id], found.account_id, about_id=found.id)


async def merged(ctx: Context, event: events.NotificationsMerged) -> None:
    """Clients read the list again: what had been put aside stands at its place in it."""
    ctx.stream.append(Message(_channels(event.account_id), "notifications_merged", 1))
