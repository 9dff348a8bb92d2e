"""A post that waits for its time survives the server, and comes when it is due."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.processes import Start

pytestmark = pytest.mark.anyio

AHEAD_SECONDS = 4.0
# The server looks for what is due every ten seconds, and at its start.
LATE_SECONDS = 15.0


async def test_a_scheduled_post_is_published_on_time_after_a_restart(start_process: Start) -> None:
    node = await start_process("localhost")
    alice = await node.person("alice")
    asked = {"status": "good morning", "scheduled_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}
    waiting = await alice.post("/api/v1/statuses", asked)
    node.program.kill()
    async with node.db.transaction() as conn:  # an hour passes
        await conn.execute(
            "update scheduled_statuses set scheduled_at = clock_timestamp() + $1::float8 * interval '1 second'",
            AHEAD_SECONDS,
        )
    due = time.monotonic() + AHEAD_SECONDS
    await node.start()
    while not (posts := await alice.get(f"/api/v1/accounts/{alice.id}/statuses")):
        assert time.monotonic() < due + LATE_SECONDS, node.program.words()
        await asyncio.sleep(0.1)
    assert time.monotonic() >= due - 0.5, "not before its time"
    assert [each["content"] for each in posts] == ["<p>good morning</p>"]
    assert (await alice.call("GET", f"/api/v1/scheduled_statuses/{waiting['id']}")).status_code == 404
    assert await alice.get("/api/v1/scheduled_statuses") == []
