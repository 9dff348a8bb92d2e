"""On lists are people whom the owner follows: with the follow, the place on them ends."""

from fedi.effects.context import Context
from storage import events, lists


async def unfollow(ctx: Context, event: events.Unfollowed) -> None:
    await lists.drop(ctx.conn, event.account_id, event.target_id)


async def rejection(ctx: Context, event: events.FollowRejected) -> None:
    await lists.drop(ctx.conn, event.account_id, event.target_id)
