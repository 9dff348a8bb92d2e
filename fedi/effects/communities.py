"""Posts of people here in communities elsewhere: the community hears of what is written to it, answers too."""

from fedi.effects.context import Context
from storage import communities, events, statuses


async def joined(ctx: Context, event: events.StatusCreated) -> None:
    """It is addressed, without being named."""
    groups = await communities.joined(ctx.conn, event.status_id)
    if groups:
        await statuses.set_mentions(ctx.conn, event.status_id, [], groups)
