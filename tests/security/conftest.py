"""The stage of most attacks: Alice here follows Pat at puppet.test; Mallory signs whatever he likes at evil.test."""

from typing import Any

import msgspec
import pytest

from tests.support.puppet import Puppet
from tests.support.scenes import followed
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


@pytest.fixture
async def stage(server: Node) -> Stage:
    alice = await server.person("alice")
    puppet, evil = Puppet(server.network, "puppet.test"), Puppet(server.network, "evil.test")
    pat, mallory = puppet.actor("pat"), evil.actor("mallory", key=3)
    await followed(server, alice, puppet, pat)
    return Stage(server, alice, puppet, pat, evil, mallory)
