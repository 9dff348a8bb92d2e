"""What is fetched because somebody here has become interested in it."""

from federation import threads
from fedi.effects.context import Context
from storage import accounts, events, jobs


async def pins(ctx: Context, event: events.FollowAccepted) -> None:
    """The pinned posts of a remote account that somebody here follows now."""
    found = await accounts.by_ids(ctx.conn, [event.account_id, event.target_id])
    follower, target = found.get(event.account_id), found.get(event.target_id)
    if (
        follower is not None
        and follower.is_local
        and target is not None
        and target.featured_uri
        and not target.is_local
    ):
        payload = {"account_id": target.id}
        await jobs.enqueue(ctx.conn, threads.FEATURED_JOB, payload, queue="slow", key=str(target.id))
