"""What faults are done to: one server in three processes on a Postgres of its own, and the rest of the world."""

import contextlib
import itertools
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec

from bench.wild import Host, Wild
from storage import consistency
from tests.support import faults
from tests.support.postgres import Postgres
from tests.support.processes import ProcessNode, Program, eventually, process
from tests.support.servers import Person


class Line(msgspec.Struct, frozen=True):
    """A row of the table."""

    fault: str
    done: str
    expected: str
    measured: str
    ok: bool


class Stage:
    """One server: `fedi web` and two `fedi worker` on a Postgres of its own, and the rest of the world."""

    def __init__(
        self, directory: Path, node: ProcessNode, postgres: Postgres, wild: Wild, workers: list[Program], scale: float
    ) -> None:
        self.directory, self.node, self.postgres, self.wild = directory, node, postgres, wild
        self.workers, self.scale = workers, scale
        self.lines: list[Line] = []
        self._names = itertools.count(1)

    def count(self, whole: int) -> int:
        return max(round(whole * self.scale), 10)

    async def person(self) -> Person:
        return await self.node.person(f"person{next(self._names)}")

    async def followed(self, author: Person, hosts: list[Host]) -> None:
        for host in hosts:
            await faults.follow(self.node, await faults.known(self.node, host), author.account_id)
        await eventually(self.idle, seconds=60)

    async def idle(self) -> bool:
        """Whether nothing is due. What waits for hosts that do not answer may."""
        left = await faults.rows(
            self.node,
            """
            select 1 from jobs where failed_at is null and run_at < now() + interval '5 minutes'
            union all
            select 1 from deliveries d join hosts h on h.host = d.host
            where d.state = 'waiting' and h.failures = 0 and h.rest_until is null
            """,
        )
        return not left

    async def kill(self, program: Program) -> None:
        program.kill()
        if program is self.node.program:
            await self.node.start()
        else:
            program.start()

    async def report(self, *lines: Line) -> None:
        """Print, with a look at all rows."""
        async with self.node.db.transaction() as conn:
            found = await consistency.faults(conn, timeout_seconds=300)
        for line in [
            *lines,
            *([Line("rows", "all tables compared", "no contradiction", str(found), False)] * bool(found)),
        ]:
            self.lines.append(line)
            show(line)


def show(line: Line) -> None:
    mark = "ok" if line.ok else "NO"
    print(f"| {line.fault} | {line.done} | {line.expected} | {line.measured} | {mark} |", flush=True)


def creates(host: Host) -> list[str]:
    """Ids of posts that came, with those that came again."""
    return [each.id for each in host.arrivals if each.id.endswith("/activity")]


async def have(hosts: list[Host], wanted: set[str]) -> bool:
    return all(wanted <= set(creates(host)) for host in hosts)


async def reached(done: Sequence[object], count: float) -> None:
    async def enough() -> bool:
        return len(done) >= count

    await eventually(enough, seconds=300)


@contextlib.asynccontextmanager
async def staged(directory: Path, scale: float) -> AsyncIterator[Stage]:
    """What is not durable would lose commits by itself when it is killed."""
    postgres = Postgres(directory / "postgres")
    await postgres.start()
    try:
        async with (
            Wild() as wild,
            process("localhost", postgres.url, directory, command="web", log_format="json") as node,
        ):
            with node.beside("worker") as one, node.beside("worker") as other:
                await faults.listening(node, 3)
                yield Stage(directory, node, postgres, wild, [one, other], scale)
    finally:
        await postgres.server.stop()
