"""`fedi check` finds what is wrong. That all is well with a running server is tested in test_cli_serve.py."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage import hosts, jobs, migrations
from storage.db import Database
from tests.cli.conftest import Fedi

pytestmark = pytest.mark.anyio

# A port on which nothing listens.
NOWHERE = "http://localhost:1"


async def findings(fedi: Fedi, **settings: str) -> dict[str, tuple[str, str]]:
    result = await fedi("check", "--json", **{"base_url": NOWHERE, **settings})
    body = json.loads(result.stdout)
    states = {finding["name"]: (finding["state"], finding["message"]) for finding in body["findings"]}
    failed = any(state == "error" for state, _ in states.values())
    assert body["ok"] is not failed
    assert result.exit_code == int(failed)
    return states


async def test_a_server_that_is_not_reachable(fedi: Fedi) -> None:
    found = await findings(fedi)
    assert found["address"][0] == "error"
    assert "nothing answers at http://localhost:1" in found["address"][1]
    assert "webfinger" not in found
    assert {name for name, (state, _) in found.items() if state != "ok"} == {"address"}


async def test_it_is_readable(fedi: Fedi) -> None:
    result = await fedi("check", base_url=NOWHERE)
    assert result.exit_code == 1
    assert [line.split()[:2] for line in result.stdout.splitlines()][:3] == [
        ["ok", "database"], ["ok", "schema"], ["ok", "clock"],
    ]  # fmt: skip


async def test_a_schema_that_is_behind(fedi: Fedi, database_url: str) -> None:
    connection = await migrations.connect(database_url)
    version = await connection.fetchval("delete from alembic_version returning version_num")
    try:
        found = await findings(fedi)
    finally:
        await connection.execute("insert into alembic_version values ($1)", version)
        await connection.close()
    assert found["schema"] == ("error", f"behind version {migrations.latest()}: run fedi migrate")
    assert "queue" not in found


async def test_another_address_than_the_accounts_were_made_for(fedi: Fedi) -> None:
    await fedi("account", "create", "alice")
    found = await findings(fedi)
    assert found["identity"][0] == "error"
    assert "made for https://social.example.test" in found["identity"][1]


async def test_media_that_cannot_be_written(fedi: Fedi, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = await findings(fedi, media_dir=str(tmp_path / "file" / "media"))
    assert found["media"][0] == "error"


async def test_a_queue_that_nobody_works_on(fedi: Fedi, database_url: str) -> None:
    db = await Database(database_url).open()
    async with db.transaction() as conn:
        await jobs.enqueue(conn, "mail", {}, run_at=datetime.now(UTC) - timedelta(minutes=2))
    slow = await findings(fedi)
    async with db.transaction() as conn:
        await jobs.enqueue(conn, "mail", {}, run_at=datetime.now(UTC) - timedelta(hours=2))
    dead = await findings(fedi)
    await db.close()
    assert slow["queue"][0] == "warning"
    assert dead["queue"][0] == "error"
    assert "2 due" in dead["queue"][1]


async def test_jobs_that_were_given_up(fedi: Fedi, database_url: str) -> None:
    db = await Database(database_url).open()
    async with db.transaction() as conn:
        await jobs.enqueue(conn, "mail", {}, parked=True)
    found = await findings(fedi)
    await db.close()
    assert found["parked"][0] == "warning"
    assert "1 jobs were given up, latest: mail" in found["parked"][1]


async def test_servers_that_do_not_answer(fedi: Fedi, database_url: str) -> None:
    db = await Database(database_url).open()
    async with db.transaction() as conn:
        for host in ("a.test", "b.test"):
            await hosts.seen(conn, host)
        await hosts.failed(conn, [hosts.Trouble("a.test", "no answer")])
    found = await findings(fedi)
    await db.close()
    assert found["hosts"][0] == "ok"
    assert "1 of 2 other servers do not answer: a.test" in found["hosts"][1]


async def test_rows_that_contradict_each_other_are_found(fedi: Fedi, database_url: str) -> None:
    await fedi("account", "create", "alice")
    whole = json.loads((await fedi("check", "--rows", "--json", base_url=NOWHERE)).stdout)
    assert [each["state"] for each in whole["findings"] if each["name"] == "rows"] == ["ok"]
    assert "rows" not in await findings(fedi)
    db = await Database(database_url, size=1).open()
    try:
        async with db.transaction() as conn:
            await conn.execute("update account_stats set followers_count = 7")
            await jobs.enqueue(conn, "inbox", {}, queue="inbox")
            await conn.execute("update jobs set holder = 'x', run_at = now() - interval '1 hour' where queue = 'inbox'")
    finally:
        await db.close()
    broken = json.loads((await fedi("check", "--rows", "--json", base_url=NOWHERE)).stdout)
    [message] = [each["message"] for each in broken["findings"] if each["name"] == "rows" and each["state"] == "error"]
    assert "followers_count: " in message
    assert "leases that ended: 1 " in message
