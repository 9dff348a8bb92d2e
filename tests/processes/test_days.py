"""A server is down for days: it is asked ever less often, and has everything in order when it is back."""

import pytest

from bench import fault_time
from bench.wild import Manners, Wild
from tests.support import faults
from tests.support.processes import Start, eventually

pytestmark = pytest.mark.anyio

TRIES = 13


async def test_a_server_that_is_down_is_asked_ever_less_often(start_process: Start) -> None:
    async with Wild() as wild:
        node = await start_process("localhost")
        alice, away = await node.person("alice"), wild.host()
        await faults.follow(node, await faults.known(node, away), alice.account_id)
        await node.settled()
        away.manner, before = Manners.status(503), len(away.arrivals)
        uris, pauses = list[str](), list[float]()
        for _ in range(TRIES):
            asked = len(away.arrivals)
            uris.append((await alice.posts("still there?"))["uri"])
            pauses.append(await fault_time.until_next_attempt(node, away, asked))
        assert sum(pauses) > 12, "hours"
        assert pauses[-1] > 4
        asked = len(away.arrivals)
        assert asked == before + TRIES, "one request an attempt, whatever waits"
        away.manner = Manners.well
        await fault_time.until_next_attempt(node, away, asked)

        async def there() -> bool:
            return [each.id for each in away.arrivals[asked:]] == [f"{uri}/activity" for uri in uris]

        await eventually(there)
        await faults.all_well(node.db)
