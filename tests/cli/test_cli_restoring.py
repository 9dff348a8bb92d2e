"""A backup that was put back: nothing goes out before `fedi resume-delivery`, and no number is given out twice."""

import uuid
from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from storage import audit, claims, deliveries, jobs, ledger
from storage.db import Database
from tests.cli.conftest import Fedi
from tests.cli.test_cli_delivery import POST, _sent
from tests.support import backups

pytestmark = pytest.mark.anyio


@pytest.fixture
async def copy(database_url: str, fedi: Fedi) -> AsyncIterator[str]:
    """The URL of a copy of the database, on which something waits for silent.test, and a mail and a push."""
    assert (await fedi("hold-delivery")).exit_code == 0  # which is one way to open it: now it knows its place
    assert (await fedi("resume-delivery")).exit_code == 0
    db = await _sent(database_url)
    async with db.transaction() as conn:
        await conn.execute("update hosts set next_at = now(); update deliveries set next_at = now()")
        await jobs.enqueue(conn, "mail", {"kind": "password", "email": "nobody@mail.test"})
        await jobs.enqueue(conn, "push", {}, queue="push")
        await jobs.enqueue(conn, "read_nodeinfo", {})
    await db.close()
    name = f"fedi_copy_{uuid.uuid4().hex}"
    server = await asyncpg.connect(_beside(database_url, "postgres"))
    await server.execute(f"create database {name}")
    try:
        url = _beside(database_url, name)
        backups.restore(url, backups.dump(database_url))
        yield url
    finally:
        await server.execute(f"drop database {name} with (force)")
        await server.close()


def _beside(url: str, name: str) -> str:
    """Another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def _goes_out(url: str) -> tuple[list[str], set[str]]:
    """Hosts that would be served, and jobs that would be run."""
    db = await Database(url, size=2).open()
    async with db.transaction() as conn:
        hosts = [due.host for due in await claims.due(conn, busy=[], after="", limit=10)]
        assert bool((await claims.claim(conn, ["silent.test"], limit=1))["silent.test"].rows) == bool(hosts)
        await conn.execute("update deliveries set leased_until = null, holder = null")
        found = {job.name for queue in ("network", "push") for job in await jobs.claim(conn, queue, limit=10)}
        await conn.execute("update jobs set run_at = now(), holder = null")
    await db.close()
    return hosts, found


async def test_a_copy_sends_nothing_even_before_it_was_looked_at(fedi: Fedi, copy: str, database_url: str) -> None:
    assert await _goes_out(database_url) == (["silent.test"], {"mail", "push", "read_nodeinfo"})
    assert await _goes_out(copy) == ([], {"read_nodeinfo"})
    said = await fedi("resume-delivery", "--send-waiting", database_url=copy)
    assert said.stdout == "1 deliveries from before: to be sent; 0 from since then: to be sent\n"
    assert await _goes_out(copy) == (["silent.test"], {"mail", "push", "read_nodeinfo"})


async def test_what_waited_in_a_backup_is_not_sent_again(fedi: Fedi, copy: str) -> None:
    assert "fedi resume-delivery" in (await fedi("check", database_url=copy)).stdout
    assert (await fedi("account", "list", database_url=copy)).exit_code == 0  # any start will do
    db = await Database(copy, size=2).open()
    async with db.transaction() as conn:
        [(activity, sender)] = await conn.fetch("select activity_id, sender_id from deliveries limit 1")
        await deliveries.enqueue(conn, activity, sender, [("https://new.test/inbox", "new.test")], bulk=True)
    said = await fedi("resume-delivery", database_url=copy)
    assert said.stdout == "1 deliveries from before: not sent again; 1 from since then: to be sent\n"
    async with db.read() as conn:
        assert [due.host for due in await claims.due(conn, busy=[], after="", limit=10)] == ["new.test"]
        assert {job.name for queue in ("network", "push") for job in await jobs.claim(conn, queue, limit=10)} == {
            "read_nodeinfo"
        }
        assert await ledger.counts(conn, POST) == ledger.Counts(waiting=1, delivered=1, refused=1, expired=1)
        assert (await audit.latest(conn))[0].action == "delivery.resume"
    await db.close()
    assert "not known whether it was sent" in (await fedi("delivery", "show", POST, database_url=copy)).stdout
    assert "ok       sending" in (await fedi("check", database_url=copy)).stdout
    assert (await fedi("resume-delivery", database_url=copy)).stdout == "Nothing is held back.\n"


async def test_numbers_go_on_above_all_that_were_given_out(fedi: Fedi, copy: str, database_url: str) -> None:
    numbers = []
    for url in (database_url, copy, copy):
        assert (await fedi("account", "list", database_url=url)).exit_code == 0
        db = await Database(url, size=2).open()
        async with db.read() as conn:
            numbers.append(await conn.fetchval("select nextval(pg_get_serial_sequence('notifications', 'id'))"))
        await db.close()
    assert numbers[1] > numbers[0] + 10_000_000
    assert numbers[2] == numbers[1] + 1, "once for each time that it was restored"


async def test_a_copy_that_cannot_know_is_held_by_hand(fedi: Fedi) -> None:
    assert (await fedi("resume-delivery")).stdout == "Nothing is held back.\n"
    assert (await fedi("hold-delivery")).stdout == "Nothing is sent until fedi resume-delivery.\n"
    assert (await fedi("hold-delivery")).stdout == "It is held back already.\n"
    assert (await fedi("resume-delivery")).exit_code == 0
