"""Servers as an operator runs them: `fedi serve` in a process of its own, on real sockets of the loopback interface.

a = await start_process("localhost")
alice = await a.person("alice")
await a.settled()
"""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec

from fedi import config_sources
from fedi.app import running
from tests.support.network import Network
from tests.support.servers import Node

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30.0
STOP_SECONDS = 20.0


def free_port(host: str = "127.0.0.1") -> int:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind((host, 0))
        return int(one.getsockname()[1])


class Program:
    """`python -m …`, which can be killed and started again. Its output goes to `log`."""

    def __init__(self, arguments: list[str], env: dict[str, str], log: Path) -> None:
        self.arguments = arguments
        self.log = log
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("FEDI_")}
        self.env = {**inherited, **env}
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._popen is not None
        return self._popen.pid

    def start(self) -> None:
        with self.log.open("ab") as output:
            command = [sys.executable, "-m", *self.arguments]
            self._popen = subprocess.Popen(command, env=self.env, cwd=ROOT, stdout=output, stderr=output)

    def kill(self) -> None:
        """kill -9: no farewell."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def end(self) -> None:
        """At the end of a test, whatever state it is in."""
        if self._popen is not None:
            self._popen.send_signal(signal.SIGCONT)
        self.stop()

    def _end(self, number: int) -> None:
        if self._popen is None:
            return
        self._popen.send_signal(number)
        try:
            self._popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
            raise AssertionError(f"{self.arguments} did not stop: {self.words()}") from None
        self._popen = None

    def words(self) -> str:
        """The end of what it said, for messages of failed tests."""
        return self.log.read_bytes()[-4000:].decode("utf-8", "replace")

    async def answers(self, url: str, *, expected: int = 200) -> None:
        """Wait until it does."""
        deadline = time.monotonic() + START_SECONDS
        async with httpx.AsyncClient(timeout=5) as client:
            while time.monotonic() < deadline:
                assert self._popen is not None
                assert self._popen.poll() is None, f"{self.arguments} has ended: {self.words()}"
                with contextlib.suppress(httpx.HTTPError):
                    if (await client.get(url)).status_code == expected:
                        return
                await asyncio.sleep(0.05)
        raise AssertionError(f"{self.arguments} did not start: {self.words()}")


class ProcessNode(Node):
    """A server in a process. `app` is a second handle on its database, to make people and to look into queues."""

    program: Program

    @contextlib.contextmanager
    def beside(self, *arguments: str, **env: str) -> Iterator[Program]:
        """Another process on the same database: `with node.beside("worker") as worker`. It runs inside the block."""
        program = Program(["fedi", *arguments], {**self.program.env, **env}, self.program.log)
        program.start()
        try:
            yield program
        finally:
            program.end()

    async def start(self) -> None:
        self.program.start()
        await self.program.answers(f"{self.base_url}/health")

    async def drain(self) -> bool:
        raise NotImplementedError("a process works by itself: await settled()")

    async def settled(self, *, seconds: float = 30.0) -> None:
        """Wait until no queue holds anything that is due soon."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            left = await self.waiting()
            if not any(left.values()):
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"{self.domain} is not done: {left}; {self.program.words()}")

    async def waiting(self) -> dict[str, int]:
        """What the queues hold that is under way or will be before long."""
        async with self.db.read() as conn:
            records = await conn.fetch(
                """
                select name, count(*) from jobs
                where failed_at is null and run_at < now() + interval '10 minutes' group by name
                union all select 'deliveries', count(*) from deliveries where state = 'waiting'
                """
            )
        return {record[0]: record[1] for record in records}


Start = Callable[..., Awaitable[ProcessNode]]


@contextlib.asynccontextmanager
async def process(
    host: str, dsn: str, directory: Path, *, command: str = "serve", **settings: Any
) -> AsyncIterator[ProcessNode]:
    """`fedi serve`, or `fedi web` if the command says so, at http://host:PORT on the database `dsn`. `settings`: FEDI_*
    values by lower-case name."""
    port = free_port()
    values = {
        "base_url": f"http://{host}:{port}",
        "listen_host": "127.0.0.1",
        "listen_port": port,
        "data_dir": directory,
        "media_dir": directory / "media",
        "database_url": dsn,
        "development": "true",
        "allow_private_peers": "true",
        "registrations": "open",
        "rate_limiting": "false",
        "metrics_listen": "off",
        "log_level": "warning",
        **settings,
    }
    env = {f"FEDI_{name.upper()}": str(value) for name, value in values.items()}
    small = msgspec.structs.replace(config_sources.load(env), database_pool_size=2)
    async with (
        running(small, dsn, transport=Network(), shared_bus=False) as handle,
        httpx.AsyncClient(base_url=small.base_url, timeout=30) as client,
    ):
        node = ProcessNode(small.web_domain, handle, client, Network())
        node.program = Program(["fedi", command], env, directory / "output.log")
        try:
            await node.start()
            yield node
        finally:
            node.program.stop()


async def eventually(look: Callable[[], Any], *, seconds: float = 15.0) -> Any:
    """The first answer of `look` (awaited) that is true; what takes longer than `seconds` fails."""
    deadline = time.monotonic() + seconds
    while True:
        found = await look()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {found!r}"
        await asyncio.sleep(0.05)
