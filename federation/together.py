"""Many small transactions as few: whoever asks within a few milliseconds of each other shares one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from storage.errors import DatabaseDown

Item = TypeVar("Item")
Result = TypeVar("Result")

# Those of a group that failed are tried alone, so many side by side.
ALONE_AT_ONCE = 4


class Together(Generic[Item, Result]):
    """Gathers what is asked for and does it with one call of `work`, which answers in the order of its items.

    At most `at_once` groups are under way, and what comes meanwhile is the next one: the more there is to do, the
    larger they are. If a group fails, each of it is tried alone, so that one of them spoils no other.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        most: int,
        gather_seconds: float,
        at_once: int = 1,
    ) -> None:
        self._work = work
        self._most = most
        self._gather_seconds = gather_seconds
        self._at_once = at_once
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._gathering = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, item: Item) -> Result:
        """What `work` answers for this one, once that is done."""
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        self._begin(self._gather_seconds)
        return await answer

    def _begin(self, seconds: float) -> None:
        if self._waiting and not self._gathering and len(self._tasks) < self._at_once:
            self._gathering = True
            task = asyncio.create_task(self._run(seconds))
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._begin(0)

    async def _run(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        group, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        self._gathering = False
        self._begin(0)
        await self._answer(group)

    async def _answer(self, group: Sequence[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._work([item for item, _ in group])
        except (DatabaseDown, OSError) as exc:
            _fail(group, exc)  # not for anything that one of them did
        except Exception as exc:  # noqa: BLE001 (it reaches whoever waits)
            if len(group) == 1:
                _fail(group, exc)
                return
            room = asyncio.Semaphore(ALONE_AT_ONCE)

            async def alone(one: tuple[Item, asyncio.Future[Result]]) -> None:
                async with room:
                    await self._answer([one])

            await asyncio.gather(*(alone(one) for one in group))
        else:
            for (_, answer), result in zip(group, results, strict=True):
                if not answer.done():
                    answer.set_result(result)


def _fail(group: Sequence[tuple[Item, asyncio.Future[Result]]], exc: Exception) -> None:
    for _, answer in group:
        if not answer.done():
            answer.set_exception(exc)
