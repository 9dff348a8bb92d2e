"""Deletion in steps, each a transaction of its own, so that nobody waits long for one."""

from collections.abc import Awaitable, Callable

from fedi.context import App
from storage.db import Conn


async def until_done(app: App, forget: Callable[[Conn, int], Awaitable[int]], *, step: int) -> None:
    """`forget` deletes at most so many rows, `step`, and says how many: again until there are fewer."""
    gone = step
    while gone == step:
        async with app.db.transaction() as conn:
            gone = await forget(conn, step)
