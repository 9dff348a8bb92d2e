"""What is fetched because somebody here has become interested in it: pinned posts, collections, pages that a
profile links to."""

from federation import featuring, threads
from fedi.effects.context import Context
from storage import accounts, events, featured_tags, jobs, links
from storage.accounts import Account


async def pins(ctx: Context, event: events.FollowAccepted) -> None:
    """The pinned posts of a remote account that somebody here follows now."""
    target = await _followed(ctx, event)
    if target is not None and target.featured_uri:
        payload = {"account_id": target.id}
        await jobs.enqueue(ctx.conn, threads.FEATURED_JOB, payload, queue="slow", key=str(target.id))


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
