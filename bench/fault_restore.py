"""A backup made while people post is restored elsewhere (F-24), and others know more than we do (F-25)."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Sequence
from urllib.parse import urlsplit, urlunsplit

import msgspec

from bench.fault_stage import Line, Stage, creates, have, reached
from bench.wild import Host, Manners, Wild
from storage.db import Database
from tests.support import backups, faults
from tests.support.processes import ProcessNode, Program, eventually
from tests.support.servers import Person


class Measured(msgspec.Struct):
    """What was seen."""

    lost: int  # posts that only others have
    sent_while_held: int
    ids_back: int  # posts of the restored server that sort before one of the lost
    statuses: set[int]  # of the URIs of lost posts
    again: int  # posts from before the backup that were sent again
    keys_kept: bool
    parked: int  # arrivals about lost posts that could not be handled

    def well(self) -> bool:
        return (self.sent_while_held, self.ids_back, self.again, self.parked) == (0, 0, 0, 0) and (
            self.keys_kept and self.statuses == {404} and self.lost > 0
        )


async def restored_elsewhere(stage: Stage) -> None:
    """F-24, F-25: the server is lost, and goes on from a backup."""
    url = urlunsplit(urlsplit(stage.postgres.url)._replace(path="/elsewhere"))
    async with stage.node.db.read() as conn:
        await conn.execute("create database elsewhere")
    count = stage.count(100)
    author = await stage.person()
    found = await play(stage.node, stage.workers, stage.wild, author, url, count)
    await stage.report(
        Line(
            "F-24, F-25",
            f"pg_dump while {count} posts are made, {found.lost} later the server is killed and restored into another "
            "database",
            "nothing sent before fedi resume-delivery, ids go on, keys stay, lost posts are 404, nothing comes again",
            f"{found.sent_while_held} requests while held, {found.ids_back} ids reused or lower, lost posts "
            f"{sorted(found.statuses)}, {found.again} sent again, {found.parked} arrivals about lost posts failed",
            found.well(),
        )
    )


async def play(
    node: ProcessNode, workers: Sequence[Program], wild: Wild, author: Person, url: str, count: int
) -> Measured:
    """`url`: of an empty database."""
    hosts, away = [wild.host() for _ in range(3)], wild.host(Manners.status(503))
    for host in [*hosts, away]:
        await faults.follow(node, await faults.known(node, host), author.account_id)
    key = await _key(node, author)
    early, backup = await _backed_up(node, author, count)
    late = [await faults.published(author, count + number) for number in range(5)]
    await eventually(lambda: have(hosts, {f"{uri}/activity" for uri in [*early, *late]}), seconds=60)
    programs = (node.program, *workers)
    for program in programs:
        program.kill()
        program.env["FEDI_DATABASE_URL"] = url
    await asyncio.to_thread(backups.restore, url, backup)
    unsaid = await _unsaid(url)
    before = {host: len(host.arrivals) for host in [*hosts, away]}
    away.manner = Manners.well
    for program in workers:
        program.start()
    await node.start()
    lost = [uri for uri in [*early, *late] if await _status(node, uri) != 200]
    ours = [await faults.published(author, 2 * count + number) for number in range(5)]
    statuses = {await _status(node, uri) for uri in lost}
    for number, uri in enumerate(lost[-3:]):
        await faults.accepted(node, wild, hosts[0].activity(0, "Like", uri, f"like{number}"))
        await faults.accepted(node, wild, hosts[0].activity(0, "Delete", uri, f"delete{number}"))
    await asyncio.sleep(3)
    held = sum(len(host.arrivals) - known for host, known in before.items())
    await _resume(node)
    await eventually(lambda: have([*hosts, away], {f"{uri}/activity" for uri in ours}), seconds=30)
    came = {each for host, known in before.items() for each in creates(host)[_posts_before(host, known) :]}
    return Measured(
        lost=len(lost),
        sent_while_held=held,
        ids_back=sum(_number(uri) <= max(map(_number, [*early, *late])) for uri in ours),
        statuses=statuses,
        again=len(came - {f"{uri}/activity" for uri in ours} - unsaid),
        keys_kept=await _key(node, author) == key,
        parked=await _parked(url),
    )


async def _backed_up(node: ProcessNode, author: Person, count: int) -> tuple[list[str], bytes]:
    """Posts, and a backup that was made in the middle of them."""
    done = list[str]()

    async def posting() -> None:
        for number in range(count):
            done.append(await faults.published(author, number))

    task = asyncio.create_task(posting())
    await reached(done, count // 2)
    backup = await asyncio.to_thread(backups.dump, node.app.db.dsn)
    await task
    return done, backup


async def _status(node: ProcessNode, uri: str) -> int:
    headers = {"Accept": "application/activity+json"}
    return (await node.client.get(urlsplit(uri).path, headers=headers)).status_code


async def _key(node: ProcessNode, author: Person) -> str:
    headers = {"Accept": "application/activity+json"}
    return str((await node.client.get(urlsplit(author.uri).path, headers=headers)).json()["publicKey"]["publicKeyPem"])


async def _resume(node: ProcessNode) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "fedi", "resume-delivery"), env={**os.environ, **node.program.env}
    )
    assert await process.wait() == 0


async def _unsaid(url: str) -> set[str]:
    """Posts that the backup holds and nobody had begun to send."""
    query = "select uri from statuses s where not exists (select from activities a where a.object_uri = s.uri)"
    async with _opened(url) as db, db.read() as conn:
        return {f"{record[0]}/activity" for record in await conn.fetch(query)}


async def _parked(url: str) -> int:
    """Arrivals that failed, when all have been handled."""
    async with _opened(url) as db:

        async def handled() -> bool:
            async with db.read() as conn:
                query = "select from jobs where queue = 'inbox' and attempts = 0"
                return await conn.fetchrow(query) is None

        await eventually(handled)
        async with db.read() as conn:
            query = "select count(*) from jobs where queue = 'inbox' and last_error is not null"
            found: int = await conn.fetchval(query)
            return found


@contextlib.asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Database]:
    db = await Database(url, size=1).open()
    try:
        yield db
    finally:
        await db.close()


def _number(uri: str) -> int:
    return int(uri.rpartition("/")[2])


def _posts_before(host: Host, known: int) -> int:
    return sum(each.id.endswith("/activity") for each in host.arrivals[:known])
