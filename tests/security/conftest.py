"""The stage of most attacks: Alice here follows Pat at puppet.test; Mallory signs whatever he likes at evil.test."""

from typing import Any

import msgspec
import pytest

from tests.support.puppet import Puppet
from tests.support.servers import Node, Person, drain


class Stage(msgspec.Struct):
    server: Node
    alice: Person
    puppet: Puppet
    pat: dict[str, Any]
    evil: Puppet
    mallory: dict[str, Any]

    async def home(self) -> list[str]:
        await drain(self.server)
        return [status["uri"] for status in await self.alice.home()]

    async def parked(self) -> list[str]:
        """Jobs that failed for good, with their last error."""
        async with self.server.db.read() as conn:
            records = await conn.fetch("select name, error from jobs where failed_at is not null")
        return [f"{record[0]}: {record[1]}" for record in records]


@pytest.fixture
async def stage(server: Node) -> Stage:
    alice = await server.person("alice")
    puppet, evil = Puppet(server.network, "puppet.test"), Puppet(server.network, "evil.test")
    pat, mallory = puppet.actor("pat"), evil.actor("mallory", key=3)
    found = await alice.get("/api/v2/search", q="@pat@puppet.test", resolve="true", type="accounts")
    await alice.post(f"/api/v1/accounts/{found['accounts'][0]['id']}/follow")
    await drain(server)
    await puppet.send(server, puppet.activity("Accept", pat, puppet.inbox[-1], "accept"), pat)
    await drain(server)
    return Stage(server, alice, puppet, pat, evil, mallory)
