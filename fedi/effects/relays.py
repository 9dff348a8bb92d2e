"""Public posts of people here, for relays that announce what they are told of."""

from federation import relays
from fedi.effects.context import Context
from storage import accounts, events, moderation
from storage.visibility import PUBLIC


async def announced(ctx: Context, event: events.StatusCreated) -> None:
    ours = await ctx.told_status(event.status_id)
    author = await accounts.by_id(ctx.conn, ours.account_id) if ours is not None else None
    if ours is not None and author is not None and author.suspended_at is None:
        await relays.announce(ctx.conn, ctx.fed.site, ours)


async def retracted(ctx: Context, event: events.StatusDeleted) -> None:
    if not event.is_local or event.held or event.visibility != PUBLIC or event.reblog_of_id is not None:
        return
    if not await moderation.is_buried(ctx.conn, event.account_id):
        await relays.retract(ctx.conn, ctx.fed.site, event.status_id, event.uri)
