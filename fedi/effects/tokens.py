"""Streams of tokens that ended are closed."""

from fedi.effects.context import Context, Message
from storage import events


async def closed(ctx: Context, event: events.TokensRevoked) -> None:
    ctx.stream.extend(Message((f"token:{token_id}",), "close", token_id) for token_id in event.token_ids)
