"""`fedi delivery` and `fedi inbox`."""

import json

import pytest

from storage import activities, audit, claims, deliveries, hosts, ledger
from storage.db import Database
from tests.cli.conftest import Fedi
from tests.support import factories

pytestmark = pytest.mark.anyio

POST = "https://social.example.test/users/alice/statuses/1"


async def _sent(database_url: str) -> Database:
    """Something went to three hosts: one took it, one refused, one is silent."""
    db = await Database(database_url).open()
    async with db.transaction() as conn:
        sender = await factories.local(conn, "alice")
        document = {"id": f"{POST}/activity", "type": "Create"}
        activity = await activities.store(conn, document, account_id=sender, object_uri=POST)
        inboxes = [(f"https://{host}/inbox", host) for host in ("good.test", "picky.test", "silent.test")]
        await deliveries.enqueue(conn, activity, sender, inboxes, bulk=True)
        for host, state, status in (("good", "delivered", 202), ("picky", "refused", 404), ("silent", "waiting", None)):
            [row] = (await claims.claim(conn, [f"{host}.test"], limit=1))[f"{host}.test"].rows
            outcome = deliveries.Outcome(row.id, row.leased_until, state, status, "timed out" if status is None else "")
            await deliveries.finish(conn, [outcome])
        await hosts.failed(conn, [hosts.Trouble("silent.test", "timed out")])
    return db


async def test_the_way_of_a_post_is_shown(fedi: Fedi, database_url: str) -> None:
    db = await _sent(database_url)
    await db.close()
    shown = await fedi("delivery", "show", POST)
    assert shown.exit_code == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert lines[0].split() == ["SERVER", "WHAT", "STATE", "TRIES", "ANSWER", "NEXT"]
    assert lines[1].split()[:5] == ["silent.test", "Create", "waiting", "1", "timed"]
    assert lines[2].split() == ["picky.test", "Create", "refused", "1", "404"]
    assert lines[-1] == "1 waiting, 1 delivered, 1 refused"
    found = json.loads((await fedi("delivery", "show", POST, "--json")).stdout)
    assert [each["host"] for each in found["deliveries"]] == ["silent.test", "picky.test", "good.test"]
    assert found["deliveries"][0]["next_at"] is not None
    unknown = await fedi("delivery", "show", "12345")
    assert (unknown.exit_code, unknown.stderr) == (1, "Error: there is no post 12345 of ours\n")


async def test_hosts_are_listed_and_one_looked_at(fedi: Fedi, database_url: str) -> None:
    assert (await fedi("delivery", "hosts")).stdout == "All servers answer, and nothing waits.\n"
    db = await _sent(database_url)
    await db.close()
    [head, line] = (await fedi("delivery", "hosts")).stdout.splitlines()
    assert head.split()[:2] == ["SERVER", "WAITING"]
    assert line.split()[:2] == ["silent.test", "1"]
    assert POST in (await fedi("delivery", "hosts", "SILENT.test")).stdout
    assert "404" in (await fedi("delivery", "hosts", "picky.test", "--failed")).stdout
    assert (await fedi("delivery", "hosts", "good.test")).stdout == "Nothing waits for good.test.\n"
    assert json.loads((await fedi("delivery", "hosts", "--json")).stdout)[0]["failures"] == 1


async def test_what_waits_is_sent_now(fedi: Fedi, database_url: str) -> None:
    db = await _sent(database_url)
    assert (await fedi("delivery", "retry")).exit_code == 2
    assert (await fedi("delivery", "retry", POST)).stdout == "to be sent to silent.test\n"
    async with db.read() as conn:
        assert [due.host for due in await claims.due(conn, busy=[], after="", limit=10)] == ["silent.test"]
    assert (await fedi("delivery", "retry", POST, "--ended")).stdout == "to be sent to picky.test, silent.test\n"
    assert (await fedi("delivery", "retry", "--host", "picky.test")).stdout == "picky.test: 1 to be sent\n"
    async with db.read() as conn:
        assert await ledger.counts(conn, POST) == ledger.Counts(waiting=2, delivered=1)
        assert (await audit.latest(conn))[0].action == "delivery.retry"
    await db.close()


async def test_what_something_newer_followed_is_not_sent_again(fedi: Fedi, database_url: str) -> None:
    db = await _sent(database_url)
    async with db.transaction() as conn:
        sender = await conn.fetchval("select sender_id from deliveries limit 1")
        document = {"id": f"{POST}#delete", "type": "Delete"}
        activity = await activities.store(conn, document, account_id=sender, object_uri=POST)
        await deliveries.enqueue(conn, activity, sender, [("https://picky.test/inbox", "picky.test")], bulk=True)
    await db.close()
    assert (await fedi("delivery", "retry", "--host", "picky.test", "--ended")).stdout == "picky.test: 1 to be sent\n"


async def test_failed_activities_are_listed_shown_replayed_and_dropped(fedi: Fedi, database_url: str) -> None:
    assert (await fedi("inbox", "list")).stdout == "Everything was handled.\n"
    assert (await fedi("inbox", "waiting")).stdout == "Nothing waits.\n"
    db = await Database(database_url).open()
    async with db.transaction() as conn:
        ids = [
            record[0]
            for record in await conn.fetch(
                """
                insert into jobs (queue, name, payload, source, attempts, failed_at, last_error, trace)
                select 'inbox', 'inbox', jsonb_build_object('body', '{"type": "Like", "actor": "https://x.test/a"}'),
                    'x.test', 6, now(), 'ValueError: no', 'Traceback: here' from generate_series(1, 3) returning id
                """
            )
        ]
    await db.close()
    assert len((await fedi("inbox", "list")).stdout.splitlines()) == 4
    assert json.loads((await fedi("inbox", "list", "--json")).stdout)[0]["error"] == "ValueError: no"
    shown = (await fedi("inbox", "show", str(ids[0]))).stdout
    assert "Traceback: here" in shown
    assert '"type": "Like"' in shown
    assert (await fedi("inbox", "replay", str(ids[0]))).stdout == "1 to be handled again\n"
    assert "x.test  1" in (await fedi("inbox", "waiting")).stdout
    assert (await fedi("inbox", "show", str(ids[0]))).exit_code == 1
    assert (await fedi("inbox", "drop")).exit_code == 2
    assert (await fedi("inbox", "drop", "--all")).stdout == "2 dropped\n"
    assert (await fedi("inbox", "replay", "--all")).exit_code == 1
