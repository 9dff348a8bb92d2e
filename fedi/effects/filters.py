"""A reader's open clients load the filters anew."""

from fedi.effects.context import Context, Message
from storage import events


async def changed(ctx: Context, event: events.FiltersChanged) -> None:
    ctx.stream.append(Message((f"user:{event.account_id}",), "filters_changed", event.account_id))
