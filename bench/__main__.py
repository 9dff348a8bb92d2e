"""`python -m bench`: see README.md."""

import argparse
import asyncio
import contextlib
import functools
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import orjson

from bench import deliveries, faults, sink, streams, town
from federation import actors
from federation.http.client import HTTPClient, Response
from federation.signatures import draft_cavage, keys
from federation.signatures.requests import Outgoing
from fedi import config_sources
from fedi.app import Server, running
from fedi.effects import search
from fedi.services import accounts
from storage import embedded, follows, jobs, migrations

PORT, SINK_PORT, DEAD_PORT = 8871, 8872, 8873
BASE = f"http://localhost:{PORT}"
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
CONCURRENCY = 16


class Line(msgspec.Struct):
    """A measurement: how many operations, in how many seconds, with how much CPU of the server."""

    name: str
    count: int
    seconds: float
    cpu_seconds: float

    @property
    def cpu_ms(self) -> float:
        return self.cpu_seconds * 1000 / max(self.count, 1)


class Bench:
    """The processes and what they cost."""

    def __init__(self, directory: Path, dsn: str, quick: bool) -> None:
        self.directory = directory
        self.dsn = dsn
        self.scale = 1 if quick else 5
        self.pids: list[int] = []
        self.lines: list[Line] = []
        self.http = HTTPClient(user_agent="bench", https_only=False, allow_private=True)

    def tree(self, roots: list[int] | None = None) -> list[int]:
        """The server's processes and Postgres', or those below some."""
        found, waiting = [], list(self.pids if roots is None else roots)
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                waiting.extend(int(child) for child in task.read_text().split())
        return found

    def cpu(self, roots: list[int] | None = None) -> float:
        """User and system seconds so far, ended children included."""
        ticks = 0
        for pid in self.tree(roots):
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                ticks += sum(int(fields[index]) for index in (11, 12))
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> tuple[float, float]:
        """Proportional set size in MB: the server's process, and the whole tree."""
        sizes = {}
        for pid in self.tree():
            with contextlib.suppress(OSError):
                match = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
                sizes[pid] = int(match[1]) / 1024 if match else 0.0
        return sizes.get(self.pids[0], 0.0), sum(sizes.values())

    async def measure(self, name: str, count: int, operation: Callable[[int], Awaitable[None]]) -> None:
        """Run an operation `count` times, some at once."""
        cpu, started = self.cpu(), time.perf_counter()
        numbers = iter(range(count))

        async def work() -> None:
            for number in numbers:
                await operation(number)

        await asyncio.gather(*(work() for _ in range(CONCURRENCY)))
        self.note(name, count, started, cpu)

    def note(self, name: str, count: int, started: float, cpu: float) -> None:
        line = Line(name, count, time.perf_counter() - started, self.cpu() - cpu)
        self.lines.append(line)
        floor = self.lines[0].cpu_ms
        print(
            f"{line.name:<18}{line.count:>8} ops {line.count / line.seconds:>9.0f}/s "
            f"{line.cpu_ms:>9.2f} ms CPU {line.cpu_ms / floor:>7.1f} x floor",
            flush=True,
        )


def _expect(response: Response, status: int) -> None:
    if response.status != status:
        raise SystemExit(f"{response.url.full}: {response.status} {response.body[:300]!r}")


@contextlib.contextmanager
def _process(*arguments: str, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-m", *arguments], env={**os.environ, **env})
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


async def _answering(http: HTTPClient, url: str) -> None:
    for _ in range(300):
        with contextlib.suppress(Exception):
            if (await http.request("GET", url)).status < 500:
                return
        await asyncio.sleep(0.1)
    raise SystemExit(f"{url} does not answer")


@contextlib.asynccontextmanager
async def _staged(quick: bool) -> AsyncIterator[tuple[Bench, Server, keys.Pair]]:
    """All processes running, and a handle on the server's database for seeding."""
    with tempfile.TemporaryDirectory(prefix="fedi-bench-") as name:
        directory = Path(name)
        os.chmod(directory, 0o755)
        postgres = embedded.Server(directory / "postgres")
        dsn = await postgres.start()
        try:
            await migrations.upgrade(dsn)
            env = {
                "FEDI_DATABASE_URL": dsn,
                "FEDI_DATA_DIR": str(directory),
                "FEDI_MEDIA_DIR": str(directory / "media"),
                "FEDI_BASE_URL": BASE,
                "FEDI_LISTEN_PORT": str(PORT),
                "FEDI_DEVELOPMENT": "true",
                "FEDI_ALLOW_PRIVATE_PEERS": "true",
                "FEDI_RATE_LIMITING": "false",
                "FEDI_LOG_LEVEL": "warning",
                "FEDI_LOG_FORMAT": "json",
                "FEDI_METRICS_LISTEN": "off",
            }
            pair = keys.generate_rsa()
            (directory / "sink.pem").write_text(pair.public_pem)
            with (
                _process("fedi", "serve", **env) as serving,
                _process("bench.sink", str(SINK_PORT), str(directory / "sink.pem")),
            ):
                bench = Bench(directory, dsn, quick)
                bench.pids = [serving.pid, *_postgres_pids(directory)]
                await _answering(bench.http, f"{BASE}/health")
                await _answering(bench.http, f"http://127.0.0.1:{SINK_PORT}/stats")
                async with running(config_sources.load(env), dsn) as server:
                    yield bench, server, pair
                await bench.http.aclose()
        finally:
            await postgres.stop()


def _postgres_pids(directory: Path) -> list[int]:
    return [int(path.read_text().split()[0]) for path in directory.rglob("postmaster.pid")]


async def _person(server: Server, name: str) -> tuple[int, str]:
    made = await accounts.create_local(
        server.app, username=name, email=f"{name}@mail.test", password=None, scopes="read write follow"
    )
    return made.account_id, made.token or ""


async def _remote(server: Server, pair: keys.Pair, number: int) -> Any:
    """An actor of the sink as a row, on one of fifty hosts."""
    host = f"127.0.0.{number % 50 + 2}:{SINK_PORT}"
    document = sink.actor(host, f"/users/{number}", pair.public_pem)
    return await actors.keep(server.app.fed, document)


async def _follow(server: Server, follower_id: int, target_id: int) -> None:
    async with server.app.db.transaction() as conn:
        follow_id: int = await conn.fetchval("select timestamp_id()")
        await follows.ask(
            conn,
            follow_id=follow_id,
            uri=f"{BASE}/bench/follows/{follow_id}",
            account_id=follower_id,
            target_id=target_id,
            options=follows.Options(),
        )
        await follows.accept(conn, follower_id, target_id)


async def _idle(server: Server, *queues: str) -> None:
    """Wait until no queue holds anything that is due; or none of these."""
    while True:
        async with server.app.db.read() as conn:
            left: int = await conn.fetchval(
                """
                select (select count(*) from jobs where failed_at is null and run_at < now() + interval '5 minutes'
                        and (cardinality($1::text[]) = 0 or queue = any($1)))
                    + (select count(*) from deliveries where state = 'waiting')
                """,
                list(queues),
            )
        if not left:
            return
        await asyncio.sleep(0.05)


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


async def _run(quick: bool) -> None:
    async with _staged(quick) as (bench, server, pair):
        await asyncio.sleep(5 if quick else 30)
        own, whole = bench.memory_mb()
        print(f"memory at rest: server {own:.0f} MB, with Postgres {whole:.0f} MB", flush=True)

        await bench.measure("floor", 400 * bench.scale, lambda _n: _get(bench, "/health", {}))
        author_id, author = await _person(server, "author")
        reader_id, reader = await _person(server, "reader")
        await _follow(server, reader_id, author_id)
        for number in range(20):
            follower_id, _token = await _person(server, f"follower{number}")
            await _follow(server, follower_id, author_id)
        await _idle(server)
        await _posts(bench, author, 40 * bench.scale)
        await _idle(server)
        await bench.measure(
            "home", 200 * bench.scale, lambda _n: _get(bench, "/api/v1/timelines/home?limit=20", _headers(reader))
        )
        await _inbox(bench, server, pair, reader_id)
        await _fan_out(bench, server, author)
        await _delivered(bench, server, pair)
        own, whole = bench.memory_mb()
        print(f"memory after load: server {own:.0f} MB, with Postgres {whole:.0f} MB")


async def _get(bench: Bench, path: str, headers: dict[str, str]) -> None:
    _expect(await bench.http.request("GET", f"{BASE}{path}", headers=headers), 200)


async def _read(bench: Bench, path: str, headers: dict[str, str], _number: int) -> None:
    await _get(bench, path, headers)


async def _posts(bench: Bench, token: str, count: int) -> None:
    async def publish(number: int) -> None:
        body = orjson.dumps({"status": f"Post number {number} with a #tag and https://example.org/a/link"})
        _expect(await bench.http.request("POST", f"{BASE}/api/v1/statuses", headers=_headers(token), body=body), 200)

    await bench.measure("post", count, publish)


async def _inbox(bench: Bench, server: Server, pair: keys.Pair, reader_id: int) -> None:
    """Creates by a hundred actors who are followed here."""
    senders = [await _remote(server, pair, number) for number in range(100)]
    for sender in senders:
        await _follow(server, reader_id, sender.id)
    await _idle(server)
    count, key = 200 * bench.scale, keys.load_private(pair.private_pem)
    requests = []
    for number in range(count):
        sender = senders[number % len(senders)]
        body = orjson.dumps(_create(sender.uri, number))
        outgoing = Outgoing(method="POST", url=f"{BASE}/inbox", body=body)
        requests.append((draft_cavage.sign(outgoing, key, f"{sender.uri}#main-key", datetime.now(UTC)), body))

    async def send(number: int) -> None:
        headers, body = requests[number]
        _expect(await bench.http.request("POST", f"{BASE}/inbox", headers=headers, body=body), 202)

    cpu, started = bench.cpu(), time.perf_counter()
    await bench.measure("inbox accepted", count, send)
    # What is looked up about the senders elsewhere, who are nowhere, is another matter.
    await _idle(server, "inbox", "event")
    bench.note("inbox handled", count, started, cpu)
    await _idle(server)


def _create(actor_uri: str, number: int) -> dict[str, Any]:
    uri = f"{actor_uri}/notes/{number}"
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    addressed = {"to": [PUBLIC], "cc": [f"{actor_uri}/followers"]}
    note = {
        "id": uri, "type": "Note", "attributedTo": actor_uri, "published": now, "sensitive": False, "url": uri,
        "content": f"<p>Note {number} with some <b>text</b> in it and a <a href='https://example.org'>link</a></p>",
        "tag": [], "attachment": [], **addressed,
    }  # fmt: skip
    return {
        "@context": "https://www.w3.org/ns/activitystreams", "id": f"{uri}/activity", "type": "Create",
        "actor": actor_uri, "published": now, "object": note, **addressed,
    }  # fmt: skip


async def _fan_out(bench: Bench, server: Server, author: str) -> None:
    """One post for a thousand local followers at a time."""
    async with server.app.db.transaction() as conn:
        author_id: int = await conn.fetchval("select id from accounts where username = 'author' and is_local")
        await conn.execute(
            """
            with made as (
                insert into accounts (username, domain, is_local, uri, url, inbox)
                select 'many' || n, domain, true, uri || '/many/' || n, url || n, inbox || n
                from accounts, generate_series(1, 1000) n where id = $1 returning id),
            counted as (insert into account_stats (account_id) select id from made),
            active as (insert into account_settings (account_id, last_active_at, home_built_at)
                select id, now(), now() from made)
            insert into follows (account_id, target_id, uri) select id, $1, 'urn:' || id from made
            """,
            author_id,
        )
        before: int = await conn.fetchval("select count(*) from home")
    cpu, started = bench.cpu(), time.perf_counter()
    for number in range(4 * bench.scale):
        body = orjson.dumps({"status": f"to everybody {number}"})
        _expect(await bench.http.request("POST", f"{BASE}/api/v1/statuses", headers=_headers(author), body=body), 200)
    await _idle(server)
    async with server.app.db.read() as conn:
        after: int = await conn.fetchval("select count(*) from home")
    bench.note("fan-out", after - before, started, cpu)


async def _delivered(bench: Bench, server: Server, pair: keys.Pair) -> None:
    """Posts of somebody with two hundred followers on fifty hosts, each with an inbox of their own."""
    sender_id, sender = await _person(server, "sender")
    for number in range(1000, 1200):
        follower = await _remote(server, pair, number)
        await _follow(server, follower.id, sender_id)
    await _idle(server)
    before = orjson.loads((await bench.http.request("GET", f"http://127.0.0.1:{SINK_PORT}/stats")).body)
    cpu, started = bench.cpu(), time.perf_counter()
    for number in range(2 * bench.scale):
        body = orjson.dumps({"status": f"to the world {number}"})
        _expect(await bench.http.request("POST", f"{BASE}/api/v1/statuses", headers=_headers(sender), body=body), 200)
    await _idle(server)
    after = orjson.loads((await bench.http.request("GET", f"http://127.0.0.1:{SINK_PORT}/stats")).body)
    bench.note("delivered", after["distinct"] - before["distinct"], started, cpu)
    if after["posts"] != after["distinct"]:
        print(f"{after['posts'] - after['distinct']} deliveries came twice")


def _holds_something(answer: Any) -> bool:
    return any(answer.values()) if isinstance(answer, dict) else bool(answer)


async def _read_town(quick: bool) -> None:
    async with _staged(quick) as (bench, server, _pair):
        await bench.measure("floor", 400 * bench.scale, lambda _n: _get(bench, "/health", {}))
        reader_id, reader = await _person(server, "reader")
        started = time.perf_counter()
        paths = await town.build(server.app.db, server.app.settings.account_domain, reader_id)
        async with server.app.db.transaction() as conn:
            await jobs.enqueue(conn, search.JOB, {}, queue="slow", key="all")
        await _idle(server)  # until search knows the words of all posts
        await town.tidy(server.app.db)
        print(f"{town.PEOPLE} people and {town.POSTS} posts after {time.perf_counter() - started:.0f} s", flush=True)
        for name, path in paths.items():
            found = await bench.http.request("GET", f"{BASE}{path}", headers=_headers(reader))
            _expect(found, 200)
            if not _holds_something(orjson.loads(found.body)):
                raise SystemExit(f"{path} is empty")
            await bench.measure(name, 60 * bench.scale, functools.partial(_read, bench, path, _headers(reader)))
        own, whole = bench.memory_mb()
        print(f"memory after load: server {own:.0f} MB, with Postgres {whole:.0f} MB")


async def _deliveries(quick: bool) -> None:
    async with _staged(quick) as (bench, server, pair):

        async def publish(token: str, text: str) -> None:
            body = orjson.dumps({"status": text})
            _expect(
                await bench.http.request("POST", f"{BASE}/api/v1/statuses", headers=_headers(token), body=body), 200
            )

        stage = deliveries.Stage(
            server=server,
            pair=pair,
            sink_port=SINK_PORT,
            dead_port=DEAD_PORT,
            http=bench.http,
            person=functools.partial(_person, server),
            idle=functools.partial(_idle, server),
            publish=publish,
            cpu=lambda: (bench.cpu(bench.pids[:1]), bench.cpu(bench.pids[1:])),
        )
        with deliveries.silent(DEAD_PORT):
            await deliveries.run(stage, bench.scale)


async def _streams(count: int) -> None:
    streams.allow(count)
    async with _staged(quick=True) as (bench, server, _pair):
        author_id, author = await _person(server, "author")
        await _get(bench, "/api/v1/timelines/home", _headers(author))
        await asyncio.sleep(5)
        await streams.run(server, author_id, author, port=PORT, count=count, memory=lambda: bench.memory_mb()[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer operations")
    parser.add_argument("--town", action="store_true", help="read from a server with 100,000 posts")
    parser.add_argument("--streams", type=int, metavar="N", help="only this: N open WebSockets")
    parser.add_argument("--deliveries", action="store_true", help="only this: to 1, 50 and 500 hosts")
    parser.add_argument(
        "--faults", nargs="?", const="all", metavar="NAME", help="only this: kill, cut off, freeze, flood"
    )
    options = parser.parse_args()
    if options.faults:
        only = None if options.faults == "all" else options.faults
        with tempfile.TemporaryDirectory(prefix="fedi-bench-") as name:
            os.chmod(name, 0o755)
            sys.exit(not asyncio.run(faults.run(Path(name), quick=options.quick, only=only)))
    elif options.deliveries:
        asyncio.run(_deliveries(options.quick))
    elif options.streams:
        asyncio.run(_streams(options.streams))
    else:
        asyncio.run((_read_town if options.town else _run)(options.quick))


if __name__ == "__main__":
    main()
