"""What other servers must hear of: events about local people that concern somebody elsewhere become deliveries."""

from datetime import UTC, datetime, timedelta

from federation import liking, outbound, profile_news, uris
from fedi.effects.context import Context
from storage import (
    accounts,
    blocks,
    collections,
    events,
    favourites,
    follows,
    jobs,
    moderation,
    polls,
    reports,
    statuses,
)
from storage.accounts import Account

# New counts of a poll are told to others at most this often.
COUNTS_SECONDS = 30
RESULT_SECONDS = 10


async def _pair(ctx: Context, first_id: int, second_id: int) -> tuple[Account, Account] | None:
    """Both accounts, the first of them ours and the second not; None otherwise."""
    found = await accounts.by_ids(ctx.conn, [first_id, second_id])
    first, second = found.get(first_id), found.get(second_id)
    if first is None or second is None or not first.is_local or second.is_local:
        return None
    if first.suspended_at is not None and await moderation.is_buried(ctx.conn, first.id):
        return None  # The farewell of the account has said it.
    return first, second


async def status(ctx: Context, event: events.StatusCreated) -> None:
    ours = await ctx.told_status(event.status_id)
    if ours is not None:
        await outbound.status_created(ctx.conn, ctx.fed.site, ours)


async def edit(ctx: Context, event: events.StatusEdited) -> None:
    ours = await outbound.local_status(ctx.conn, event.status_id)
    if ours is not None:
        await outbound.status_updated(ctx.conn, ctx.fed.site, ours)


async def deletion(ctx: Context, event: events.StatusDeleted) -> None:
    """Of an account that ended, others know it; of what was held back, they know nothing."""
    if event.is_local and not event.held and not await moderation.is_buried(ctx.conn, event.account_id):
        await outbound.status_deleted(ctx.conn, ctx.fed.site, event)


async def favourite(ctx: Context, event: events.Favourited) -> None:
    account = await accounts.by_id(ctx.conn, event.account_id)
    liked = await statuses.by_id(ctx.conn, event.status_id)
    uri = await favourites.uri_of(ctx.conn, account_id=event.account_id, status_id=event.status_id)
    if account is not None and account.is_local and liked is not None and uri is not None:
        await liking.favourited(ctx.conn, ctx.fed.site, liked, account, uri)


async def unfavourite(ctx: Context, event: events.Unfavourited) -> None:
    account = await accounts.by_id(ctx.conn, event.account_id)
    liked = await statuses.by_id(ctx.conn, event.status_id)
    if account is None or not account.is_local or liked is None or event.uri is None:
        return
    if not await moderation.is_buried(ctx.conn, account.id):
        await liking.favourited(ctx.conn, ctx.fed.site, liked, account, event.uri, undo=True)


async def follow(ctx: Context, event: events.FollowRequested) -> None:
    """Ask another server's account."""
    pair = await _pair(ctx, event.account_id, event.target_id)
    request = await follows.find_request(ctx.conn, event.account_id, event.target_id)
    if pair is not None and request is not None:
        await outbound.follow(ctx.conn, ctx.fed.site, *pair, request.uri)


async def accept(ctx: Context, event: events.FollowAccepted) -> None:
    """Tell a remote follower that a local account agreed."""
    pair = await _pair(ctx, event.target_id, event.account_id)
    if pair is not None:
        target, follower = pair
        await outbound.accept(ctx.conn, ctx.fed.site, follower, target, event.uri)


async def reject(ctx: Context, event: events.FollowRejected) -> None:
    pair = await _pair(ctx, event.target_id, event.account_id)
    if pair is not None:
        target, follower = pair
        await outbound.reject(ctx.conn, ctx.fed.site, follower, target, event.uri)


async def unfollow(ctx: Context, event: events.Unfollowed) -> None:
    pair = await _pair(ctx, event.account_id, event.target_id)
    if pair is not None:
        await outbound.unfollow(ctx.conn, ctx.fed.site, *pair, event.uri)


async def block(ctx: Context, event: events.Blocked) -> None:
    pair = await _pair(ctx, event.account_id, event.target_id)
    uri = await blocks.uri_of(ctx.conn, event.account_id, event.target_id)
    if pair is not None and uri is not None:
        await outbound.block(ctx.conn, ctx.fed.site, *pair, uri)


async def unblock(ctx: Context, event: events.Unblocked) -> None:
    pair = await _pair(ctx, event.account_id, event.target_id)
    if pair is not None and event.uri is not None:
        await outbound.block(ctx.conn, ctx.fed.site, *pair, event.uri, undo=True)


async def vote(ctx: Context, event: events.PollVoted) -> None:
    """Our vote goes to the poll's server; votes in our own poll change the counts that others see."""
    poll = await polls.by_id(ctx.conn, event.poll_id)
    asked = await statuses.by_id(ctx.conn, poll.status_id) if poll is not None else None
    voter = await accounts.by_id(ctx.conn, event.account_id)
    if poll is None or asked is None or voter is None:
        return
    if asked.is_local:
        await _announce_counts(ctx, asked.id)
    elif voter.is_local:
        cast = await polls.votes_of(ctx.conn, event.poll_id, event.account_id)
        chosen = [cast[choice] for choice in event.choices if choice in cast]
        await outbound.votes(ctx.conn, ctx.fed.site, asked, poll, voter, chosen)


async def poll_counts(ctx: Context, event: events.PollUpdated) -> None:
    await _counts_changed(ctx, event.poll_id)


async def poll_end(ctx: Context, event: events.PollClosed) -> None:
    """Of one of ours the counts are told to others; of another, in which people here voted, they are asked for, when
    its server has had time to count."""
    await _counts_changed(ctx, event.poll_id)
    poll = await polls.by_id(ctx.conn, event.poll_id)
    asked = await statuses.by_id(ctx.conn, poll.status_id) if poll is not None else None
    if asked is not None and not asked.is_local and await polls.voters(ctx.conn, event.poll_id, local=True):
        soon = datetime.now(UTC) + timedelta(seconds=RESULT_SECONDS)
        payload = {"poll_id": event.poll_id}
        await jobs.enqueue(ctx.conn, polls.READ_JOB, payload, queue="slow", key=str(event.poll_id), run_at=soon)


async def _counts_changed(ctx: Context, poll_id: int) -> None:
    poll = await polls.by_id(ctx.conn, poll_id)
    asked = await statuses.by_id(ctx.conn, poll.status_id) if poll is not None else None
    if asked is not None and asked.is_local:
        await _announce_counts(ctx, asked.id)


async def _announce_counts(ctx: Context, status_id: int) -> None:
    """Soon and once, however many votes come in meanwhile."""
    soon = datetime.now(UTC) + timedelta(seconds=COUNTS_SECONDS)
    await jobs.enqueue(ctx.conn, "poll_counts", {"status_id": status_id}, key=str(status_id), run_at=soon)


async def pin(ctx: Context, event: events.StatusPinned) -> None:
    account = await accounts.by_id(ctx.conn, event.account_id)
    pinned = await statuses.by_id(ctx.conn, event.status_id)
    if account is not None and account.is_local and pinned is not None:
        await outbound.pinned(ctx.conn, ctx.fed.site, pinned, account)


async def unpin(ctx: Context, event: events.StatusUnpinned) -> None:
    account = await accounts.by_id(ctx.conn, event.account_id)
    pinned = await statuses.by_id(ctx.conn, event.status_id)
    if account is not None and account.is_local and pinned is not None:
        await outbound.pinned(ctx.conn, ctx.fed.site, pinned, account, undo=True)


async def feature_tag(ctx: Context, event: events.TagFeatured) -> None:
    account = await accounts.by_id(ctx.conn, event.account_id)
    if account is not None and account.is_local:
        await profile_news.tag_featured(ctx.conn, ctx.fed.site, account, event.name)


async def unfeature_tag(ctx: Context, event: events.TagUnfeatured) -> None:
    account = await accounts.by_id(ctx.conn, event.account_id)
    if account is not None and account.is_local:
        await profile_news.tag_featured(ctx.conn, ctx.fed.site, account, event.name, undo=True)


async def report(ctx: Context, event: events.Reported) -> None:
    """Forward a report to the server of whom it is about, and to others, when the reporter asked for it."""
    await _forward(ctx, event.report_id)


async def forwarded_report(ctx: Context, event: events.ReportForwarded) -> None:
    """Or when staff decides so later."""
    await _forward(ctx, event.report_id)


async def _forward(ctx: Context, report_id: int) -> None:
    found = await reports.by_id(ctx.conn, report_id)
    if found is None or not found.forwarded or found.uri is not None:
        return
    target = await accounts.by_id(ctx.conn, found.target_id)
    if target is None or target.is_local:
        return
    posts = await statuses.by_ids(ctx.conn, found.status_ids)
    lists = await collections.by_ids(ctx.conn, found.collection_ids)
    contents = [*(row.uri for row in posts.values()), *(row.uri for row in lists.values())]
    uri = uris.flag(ctx.fed.site.base_url, found.id)
    inboxes = await reports.other_inboxes(ctx.conn, found.id)
    if not found.forward_domains or target.domain.lower() in found.forward_domains:
        inboxes.append(target.shared_inbox or target.inbox)
    await outbound.flag(ctx.conn, ctx.fed.site, [target.uri, *contents], found.comment, uri, inboxes=inboxes)
