"""The stage of many tests with one server of ours; some have their own."""

from typing import Any

import pytest

from tests.support.puppet import Puppet
from tests.support.scenes import followed
from tests.support.servers import Node, Person


@pytest.fixture
async def stage(server: Node) -> tuple[Node, Person, Puppet, dict[str, Any]]:
    """Alice here follows Pat at puppet.test."""
    alice = await server.person("alice")
    puppet = Puppet(server.network, "puppet.test")
    pat = puppet.actor("pat")
    await followed(server, alice, puppet, pat)
    return server, alice, puppet, pat
