"""What is fetched because somebody here has become interested in it: pinned and recent posts, collections, pages that
a profile links to, threads."""

from federation import backfill, featuring
from fedi.effects.context import Context
from storage import accounts, events, featured_tags, jobs, links, thread_watches
from storage.accounts import Account


async def posts(ctx: Context, event: events.FollowAccepted) -> None:
    """The pinned and the recent posts of a remote account that somebody here follows now."""
    target = await _followed(ctx, event)
    if target is not None:
        await backfill.begin(ctx.conn, target)


async def thread(ctx: Context, event: events.StatusCreated) -> None:
    """The whole thread, later, of a post that is news to somebody."""
    if not event.quiet:
        await thread_watches.begin(ctx.conn, event.status_id)


async def kept(ctx: Context, event: events.Bookmarked) -> None:
    await thread_watches.keep(ctx.conn, event.status_id)


async def tags(ctx: Context, event: events.FollowAccepted) -> None:
    """The hashtags that it shows."""
    target = await _followed(ctx, event)
    if target is not None and target.featured_tags_uri:
        payload = {"account_id": target.id}
        await jobs.enqueue(ctx.conn, featured_tags.READ_JOB, payload, queue="slow", key=str(target.id))


async def collections(ctx: Context, event: events.FollowAccepted) -> None:
    """Those that it has made."""
    target = await _followed(ctx, event)
    if target is not None and target.collections_uri:
        payload = {"account_id": target.id}
        await jobs.enqueue(ctx.conn, featuring.READ_JOB, payload, queue="slow", key=str(target.id))


async def verification(ctx: Context, event: events.FollowAccepted) -> None:
    """Whether the links on its profile are its own."""
    target = await _followed(ctx, event)
    if target is not None and accounts.fields_of(target):
        payload = {"account_id": target.id}
        await jobs.enqueue(ctx.conn, links.JOB, payload, queue="slow", key=str(target.id))


async def _followed(ctx: Context, event: events.FollowAccepted) -> Account | None:
    """The target, if it is remote and the follower is here."""
    found = await accounts.by_ids(ctx.conn, [event.account_id, event.target_id])
    follower, target = found.get(event.account_id), found.get(event.target_id)
    return target if follower and follower.is_local and target and not target.is_local else None
