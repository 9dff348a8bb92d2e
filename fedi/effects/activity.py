"""What the weekly figures of this server count."""

from fedi.effects.context import Context
from storage import activity, events


async def post(ctx: Context, event: events.StatusCreated) -> None:
    if await ctx.sent_status(event.status_id) is not None:
        await activity.count_post(ctx.conn, event.status_id)


async def sign_up(ctx: Context, event: events.AccountSignedUp) -> None:
    await activity.count_sign_up(ctx.conn)
