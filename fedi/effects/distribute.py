"""Where a status appears, changes and disappears: homes and lists of readers, and live messages to all who watch."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from fedi.context import App
from fedi.effects.context import TOPIC, Context, Message
from storage import events, homes, jobs, timelines
from storage.db import Conn
from storage.timelines import Stage

# Followers a transaction writes rows for; more than that are done by jobs, each in its own.
CHUNK = 2000
FAN_OUT_JOB = "fan_out"
# A message between processes has room for so many channels.
CHANNELS_PER_MESSAGE = 200
EDIT_WATCHERS = 5000


def messages(channels: Iterable[str], event: str, ident: int, detail: str = "") -> list[Message]:
    """Live messages small enough for the bus."""
    names = tuple(channels)
    starts = range(0, len(names), CHANNELS_PER_MESSAGE)
    return [Message(names[start : start + CHANNELS_PER_MESSAGE], event, ident, detail) for start in starts]


def users(account_ids: Iterable[int]) -> list[str]:
    return [f"user:{account_id}" for account_id in account_ids]


def shared(stage: Stage) -> list[str]:
    """Channels of the public and tag timelines that show a status."""
    if stage.visibility > 0 or stage.is_boost or stage.is_limited:
        return []
    origin = "local" if stage.is_local else "remote"
    found = [f"hashtag:{name}" for name in stage.tags]
    if stage.is_local:
        found += [f"hashtag:local:{name}" for name in stage.tags]
    if not stage.is_answer:
        found += ["public", f"public:{origin}"]
        if stage.has_media:
            found += ["public:media", f"public:{origin}:media"]
    return found


async def status(ctx: Context, event: events.StatusCreated) -> None:
    """To its author, to followers of the author and of its tags, to lists, to the public timelines."""
    stage = None if event.quiet else await timelines.stage(ctx.conn, event.status_id)
    if stage is None:
        return
    people = await homes.people(ctx.conn, stage.id)
    readers = await homes.add_own(ctx.conn, stage.id) if stage.is_local else []
    chunk = await homes.add_to_followers(ctx.conn, stage.id, people, after=0, limit=CHUNK)
    readers += chunk.owner_ids
    if stage.tags and not stage.is_boost and stage.visibility == 0:
        readers += await homes.add_to_tag_followers(ctx.conn, stage.id, people)
    list_ids = await homes.list_ids(ctx.conn, stage.id, people)
    channels = [*users(readers), *(f"list:{list_id}" for list_id in list_ids), *shared(stage)]
    ctx.stream.extend(messages(channels, "update", stage.id))
    if event.released:
        ctx.stream.extend(messages(users([stage.account_id]), "status.update", stage.id))
    if chunk.after is not None:
        await _continue(ctx.conn, stage.id, chunk.after)


async def held(ctx: Context, event: events.StatusHeld) -> None:
    """To its author only. If it is out by now, `StatusCreated` says the rest."""
    stage = await timelines.stage(ctx.conn, event.status_id)
    if stage is None:
        return
    readers = await homes.add_own(ctx.conn, stage.id)
    ctx.stream.extend(messages(users(readers), "update", stage.id))
    if event.edited and not readers:
        ctx.stream.extend(messages(users([stage.account_id]), "status.update", stage.id))


async def _continue(conn: Conn, status_id: int, after: int) -> None:
    await jobs.enqueue(conn, FAN_OUT_JOB, {"status_id": status_id, "after": after}, queue="slow")


async def fan_out(app: App, payload: dict[str, Any]) -> None:
    """The next followers of a status with very many; leaves a job for those after them."""
    status_id: int = payload["status_id"]
    async with app.db.transaction() as conn:
        people = await homes.people(conn, status_id)
        chunk = await homes.add_to_followers(conn, status_id, people, after=payload["after"], limit=CHUNK)
        if chunk.after is not None:
            await _continue(conn, status_id, chunk.after)
    publish(app, messages(users(chunk.owner_ids), "update", status_id))


def publish(app: App, stream: Sequence[Message]) -> None:
    """What a job, which has no context of an effect, sends after its commit."""
    for message in stream:
        app.bus.publish(TOPIC, msgspec.to_builtins(message))


async def edit(ctx: Context, event: events.StatusEdited) -> None:
    """To everybody who may have it on their screen."""
    await changed(ctx, event.status_id)


async def changed(ctx: Context, status_id: int) -> None:
    """Tell the clients that may show it to load it anew."""
    stage = await timelines.stage(ctx.conn, status_id)
    if stage is None:
        return
    if stage.is_held:
        ctx.stream.extend(messages(users([stage.account_id]), "status.update", stage.id))
        return
    readers = await homes.holders(ctx.conn, stage.id, limit=EDIT_WATCHERS)
    list_ids = await timelines.lists_with(ctx.conn, stage.account_id) if stage.visibility < 3 else []
    channels = [*users(readers), *(f"list:{list_id}" for list_id in list_ids), *shared(stage)]
    ctx.stream.extend(messages(channels, "status.update", stage.id))
