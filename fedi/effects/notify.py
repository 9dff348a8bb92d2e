"""Who is told about what: events become notifications of local people and live messages to them."""

from datetime import UTC, datetime

from fedi.effects.context import Context, Message
from storage import events, notifications, polls, reports, statuses
from storage import follows as follow_rows
from storage.notifications import Type
from storage.statuses import Status

# Likes, boosts and follows within this span are shown as one group.
GROUP_SECONDS = 12 * 3600


def _bucket() -> int:
    return int(datetime.now(UTC).timestamp()) // GROUP_SECONDS


async def _tell(
    ctx: Context,
    kind: Type,
    recipient_ids: list[int],
    from_id: int,
    *,
    status: Status | None = None,
    group_key: str | None = None,
) -> None:
    told = await notifications.add(
        ctx.conn,
        kind,
        recipient_ids=recipient_ids,
        from_id=from_id,
        status_id=status.id if status else None,
        thread_id=status.thread_id if status else None,
        group_key=group_key,
    )
    for notification_id, account_id in told:
        ctx.stream.append(
            Message((f"user:{account_id}", f"notifications:{account_id}"), "notification", notification_id)
        )


async def status(ctx: Context, event: events.StatusCreated) -> None:
    """The mentioned, whoever asked to hear of each post, and the author of what is boosted."""
    created = await statuses.by_id(ctx.conn, event.status_id)
    if created is None or event.quiet:
        return
    if created.reblog_of_id is not None:
        boosted = await statuses.by_id(ctx.conn, created.reblog_of_id)
        if boosted is not None:
            key = f"reblog-{boosted.id}-{_bucket()}"
            await _tell(ctx, "reblog", [boosted.account_id], created.account_id, status=boosted, group_key=key)
        return
    mentioned = await statuses.mentioned(ctx.conn, [created.id])
    named = [account_id for account_id, silent in mentioned[created.id] if not silent]
    await _tell(ctx, "mention", named, created.account_id, status=created)
    if created.visibility < 3 and created.in_reply_to_account_id in (None, created.account_id):
        listening = await follow_rows.notified_ids(ctx.conn, created.account_id)
        await _tell(ctx, "status", [one for one in listening if one not in named], created.account_id, status=created)


async def edit(ctx: Context, event: events.StatusEdited) -> None:
    """Whoever boosted it, and whoever it mentions for the first time."""
    edited = await statuses.by_id(ctx.conn, event.status_id)
    if edited is None:
        return
    await _tell(ctx, "mention", list(event.mentioned_ids), edited.account_id, status=edited)
    if edited.edited_at is not None:
        # An earlier edit's notice gives way to this one, so that it is seen again.
        await notifications.withdraw(ctx.conn, "update", from_id=edited.account_id, status_id=edited.id)
        boosters = await statuses.local_boosters(ctx.conn, edited.id)
        await _tell(ctx, "update", boosters, edited.account_id, status=edited)


async def favourite(ctx: Context, event: events.Favourited) -> None:
    liked = await statuses.by_id(ctx.conn, event.status_id)
    if liked is not None:
        key = f"favourite-{liked.id}-{_bucket()}"
        await _tell(ctx, "favourite", [liked.account_id], event.account_id, status=liked, group_key=key)


async def unfavourite(ctx: Context, event: events.Unfavourited) -> None:
    await notifications.withdraw(ctx.conn, "favourite", from_id=event.account_id, status_id=event.status_id)


async def unboost(ctx: Context, event: events.StatusDeleted) -> None:
    if event.reblog_of_id is not None:
        await notifications.withdraw(ctx.conn, "reblog", from_id=event.account_id, status_id=event.reblog_of_id)


async def follow_request(ctx: Context, event: events.FollowRequested) -> None:
    await _tell(ctx, "follow_request", [event.target_id], event.account_id)


async def follow(ctx: Context, event: events.FollowAccepted) -> None:
    """The followed one, who need not look at the request any more."""
    await notifications.withdraw(ctx.conn, "follow_request", from_id=event.account_id, recipient_id=event.target_id)
    await _tell(ctx, "follow", [event.target_id], event.account_id, group_key=f"follow-{_bucket()}")


async def unfollow(ctx: Context, event: events.Unfollowed) -> None:
    await _no_follow(ctx, event.account_id, event.target_id)


async def rejection(ctx: Context, event: events.FollowRejected) -> None:
    await _no_follow(ctx, event.account_id, event.target_id)


async def _no_follow(ctx: Context, account_id: int, target_id: int) -> None:
    await notifications.withdraw(ctx.conn, "follow", from_id=account_id, recipient_id=target_id)
    await notifications.withdraw(ctx.conn, "follow_request", from_id=account_id, recipient_id=target_id)


async def block(ctx: Context, event: events.Blocked) -> None:
    """Nothing is left of what the blocked one did."""
    await notifications.forget_person(ctx.conn, event.account_id, event.target_id)


async def poll_end(ctx: Context, event: events.PollClosed) -> None:
    """The author if local, and the local voters."""
    poll = await polls.by_id(ctx.conn, event.poll_id)
    asked = await statuses.by_id(ctx.conn, poll.status_id) if poll is not None else None
    if asked is not None:
        voters = await polls.voters(ctx.conn, event.poll_id, local=True)
        await _tell(ctx, "poll", sorted({asked.account_id, *voters}), asked.account_id, status=asked)


async def sign_up(ctx: Context, event: events.AccountSignedUp) -> None:
    await _tell(ctx, "admin.sign_up", await notifications.moderators(ctx.conn), event.account_id)


async def report(ctx: Context, event: events.Reported) -> None:
    found = await reports.by_id(ctx.conn, event.report_id)
    if found is not None:
        await _tell(ctx, "admin.report", await notifications.moderators(ctx.conn), found.account_id)
