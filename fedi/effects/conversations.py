"""Direct posts keep the conversations of their readers, and tell them live."""

from collections.abc import Iterable

from fedi.effects.context import Context, Message
from storage import conversations, events
from storage.visibility import DIRECT


def _tell(ctx: Context, rows: Iterable[tuple[int, int]]) -> None:
    for conversation_id, account_id in rows:
        ctx.stream.append(Message((f"direct:{account_id}",), "conversation", conversation_id))


async def status(ctx: Context, event: events.StatusCreated) -> None:
    """A direct post is the newest of the conversation of its people. One that came late waits there, read."""
    created = await ctx.status(event.status_id)
    if created is None or created.visibility != DIRECT:
        return
    rows = await conversations.add(ctx.conn, event.status_id, unread=not event.quiet)
    if not event.quiet:
        _tell(ctx, rows)


async def edit(ctx: Context, event: events.StatusEdited) -> None:
    """Whoever a direct post names for the first time has a conversation too."""
    if event.mentioned_ids:
        _tell(ctx, await conversations.add(ctx.conn, event.status_id, unread=True, reader_ids=event.mentioned_ids))


async def deletion(ctx: Context, event: events.StatusDeleted) -> None:
    """The post before it is the last one again."""
    if event.visibility == DIRECT:
        people = (event.account_id, *event.account_ids)
        _tell(ctx, await conversations.remove_status(ctx.conn, event.status_id, people))


async def block(ctx: Context, event: events.Blocked) -> None:
    """Conversations with somebody blocked are gone."""
    await conversations.drop(ctx.conn, event.account_id, event.target_id)
