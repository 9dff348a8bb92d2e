"""Effects of one event stand or fall each for itself."""

from typing import Any

import pytest

from fedi.effects.context import Context, Message
from fedi.worker import Worker
from storage import events
from tests.support.servers import Node

pytestmark = pytest.mark.anyio


async def test_an_effect_that_raises_is_tried_again_alone_and_the_others_stand_once(server: Node) -> None:
    broken = True

    async def before(ctx: Context, event: events.FiltersChanged) -> None:
        await ctx.conn.execute("insert into tags (name, display_name) values ('before', 'before')")
        ctx.stream.append(Message(("user:1",), "before", 1))

    async def between(ctx: Context, event: events.FiltersChanged) -> None:
        await ctx.conn.execute("insert into tags (name, display_name) values ('between', 'between')")
        if broken:
            await ctx.conn.execute("select 1 / 0")

    async def after(ctx: Context, event: events.FiltersChanged) -> None:
        await ctx.conn.execute("insert into tags (name, display_name) values ('after', 'after')")

    async def tags() -> list[str]:
        async with server.db.read() as conn:
            return [record[0] for record in await conn.fetch("select name from tags order by id")]

    sent: list[Any] = []
    server.app.bus.subscribe("stream", sent.append)
    worker = Worker(
        server.app, effects={events.FiltersChanged: (before, between, after)}, functions={}, schedule=(), loops=()
    )
    async with server.db.transaction() as conn:
        await conn.execute("delete from jobs")
        await events.emit(conn, events.FiltersChanged(1))
    await worker.drain()
    assert await tags() == ["before", "after"]
    broken = False
    async with server.db.transaction() as conn:
        left = await conn.fetch("update jobs set run_at = now() returning name, payload ->> 'effect' as effect")
    assert [record["effect"].rpartition(".")[2] for record in left] == ["between"]
    await worker.drain()
    assert await tags() == ["before", "after", "between"]
    assert len(sent) <= 1
