"""What a change between two people does to their home timelines; and the upkeep of homes."""

from typing import Any

from fedi.context import App
from fedi.effects.context import Context
from storage import events, homes

REBUILD_JOB = "rebuild_home"
TRIM_OWNERS = 200
IDLE_OWNERS = 50


async def follow(ctx: Context, event: events.FollowAccepted) -> None:
    """The recent posts of the followed appear in the home of a local follower."""
    if await homes.is_built(ctx.conn, event.account_id):
        await homes.merge(ctx.conn, event.account_id, event.target_id)


async def unfollow(ctx: Context, event: events.Unfollowed) -> None:
    await homes.remove_author(ctx.conn, event.account_id, event.target_id)


async def rejection(ctx: Context, event: events.FollowRejected) -> None:
    await homes.remove_author(ctx.conn, event.account_id, event.target_id)


async def block(ctx: Context, event: events.Blocked) -> None:
    """Neither meets the other any more."""
    await homes.remove_person(ctx.conn, event.account_id, event.target_id)
    await homes.remove_person(ctx.conn, event.target_id, event.account_id)


async def mute(ctx: Context, event: events.Muted) -> None:
    await homes.remove_person(ctx.conn, event.account_id, event.target_id)


async def rebuild(app: App, payload: dict[str, Any]) -> None:
    """Make the home of somebody who was away. The second pass finds what appeared while the first one ran, when
    nothing was written to this home yet."""
    account_id: int = payload["account_id"]
    for _pass in range(2):
        async with app.db.transaction() as conn:
            await homes.rebuild(conn, account_id)


async def upkeep(app: App) -> None:
    """Drop the homes of those who stay away, cut the others to their length. Small transactions, in turn."""
    dropped = IDLE_OWNERS
    while dropped == IDLE_OWNERS:
        async with app.db.transaction() as conn:
            dropped = await homes.drop_idle(conn, limit=IDLE_OWNERS)
    after: int | None = 0
    while after is not None:
        async with app.db.transaction() as conn:
            after = await homes.trim(conn, after=after, limit=TRIM_OWNERS)
