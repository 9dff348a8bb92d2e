"""What a process had leased when it was killed is taken over at once by another; what the living lease is not."""

from datetime import UTC, datetime

import pytest

from storage import activities, claims, deliveries, jobs, leases
from storage.db import Database
from tests.support import factories

pytestmark = pytest.mark.anyio


async def _work_left(db: Database) -> None:
    async with db.transaction() as conn:
        sender = await factories.local(conn, "alice")
        activity = await activities.store(conn, {"id": "https://example.test/1"}, account_id=sender)
        await deliveries.enqueue(conn, activity, sender, [("https://b.test/inbox", "b.test")], bulk=True)
        await jobs.enqueue(conn, "thing", {}, queue="network", run_at=datetime.now(UTC))


async def _claimed(db: Database) -> tuple[int, int]:
    async with db.transaction() as conn:
        batch = (await claims.claim(conn, ["b.test"], limit=9))["b.test"]
        return len(batch.rows), len(await jobs.claim(conn, "network", limit=9))


async def test_leases_end_with_the_connections_of_their_holder(database_url: str) -> None:
    first, second = await Database(database_url, size=2).open(), await Database(database_url, size=2).open()
    try:
        await _work_left(first)
        assert await _claimed(first) == (1, 1)
        async with second.transaction() as conn:
            assert await leases.release(conn) == 0
        assert await _claimed(second) == (0, 0)
        await first.close()
        async with second.transaction() as conn:
            assert await leases.release(conn) == 2
        assert await _claimed(second) == (1, 1)
    finally:
        await second.close()


async def test_what_waits_for_another_try_keeps_its_time(database_url: str) -> None:
    first, second = await Database(database_url, size=2).open(), await Database(database_url, size=2).open()
    try:
        await _work_left(first)
        async with first.transaction() as conn:
            [job] = await jobs.claim(conn, "network", limit=9)
            await jobs.retry(conn, job.id, jobs.Failure("later"), delay_seconds=60)
            [row] = (await claims.claim(conn, ["b.test"], limit=9))["b.test"].rows
            outcome = deliveries.Outcome(row.id, row.leased_until, "waiting", None, "later", delay_seconds=60)
            await deliveries.finish(conn, [outcome])
        await first.close()
        async with second.transaction() as conn:
            assert await leases.release(conn) == 0
        assert await _claimed(second) == (0, 0)
    finally:
        await second.close()
