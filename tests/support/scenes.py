"""Who is where, and who follows whom, when a test begins."""

from collections.abc import Awaitable, Callable
from typing import Any

from tests.support.puppet import Puppet
from tests.support.servers import Node, Person, drain


async def three(servers: Callable[..., Awaitable[list[Node]]]) -> tuple[list[Node], Person, Person, Person]:
    """Alice, Bob and Carol, who follows Bob: each elsewhere."""
    nodes = await servers("a.test", "b.test", "c.test")
    alice, bob, carol = [await node.person(name) for node, name in zip(nodes, ("alice", "bob", "carol"), strict=True)]
    await carol.follow(bob)
    await drain(*nodes)
    return nodes, alice, bob, carol


async def followed(server: Node, person: Person, puppet: Puppet, actor: dict[str, Any]) -> None:
    """Somebody here follows an actor of a puppet, who has agreed."""
    handle = f"@{actor['preferredUsername']}@{puppet.host}"
    found = await person.get("/api/v2/search", q=handle, resolve="true", type="accounts")
    await person.post(f"/api/v1/accounts/{found['accounts'][0]['id']}/follow")
    await drain(server)
    follow = puppet.inbox.pop()
    assert (follow["type"], follow["actor"], follow["object"]) == ("Follow", person.uri, actor["id"])
    await puppet.send(server, puppet.activity("Accept", actor, follow, "accept"), actor)
    await drain(server)


async def followers_on(server: Node, person: Person, *hosts: str) -> list[Puppet]:
    """Puppets on these hosts, each with an actor who follows somebody here."""
    puppets = []
    for host in hosts:
        puppet = Puppet(server.network, host)
        fan = puppet.actor("fan")
        await puppet.send(server, puppet.activity("Follow", fan, person.uri, "f"), fan)
        puppets.append(puppet)
    await drain(server)
    for puppet in puppets:
        puppet.inbox.clear()
    return puppets
