"""Alice on our server, who follows somebody on a scripted peer; both go on until nobody has anything left to say."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from tests.interop.peer import Peer
from tests.support.servers import Node, Person, drain

Servers = Callable[..., Awaitable[list[Node]]]
STATUSES = "/api/v1/statuses"


class Stage(msgspec.Struct, frozen=True):
    """`account` is the peer's person as our server knows them; `others` are peers who came later."""

    node: Node
    alice: Person
    peer: Any
    account: Any
    others: list[Peer]

    async def settle(self) -> None:
        for _ in range(20):
            await drain(self.node)
            if not any([await peer.speak(self.node) for peer in (self.peer, *self.others)]):
                return
        raise AssertionError("they never stop")

    async def says(self, *activities: Any) -> None:
        self.peer.say(*activities)
        await self.settle()

    async def status(self, path: str = "") -> Any:
        return await self.alice.get(f"{STATUSES}/{path}")

    async def notices(self, kind: str) -> list[Any]:
        return list(await self.alice.get("/api/v1/notifications", **{"types[]": kind}))

    async def relationship(self, account: Any = None) -> Any:
        wanted = account or self.account
        return (await self.alice.get("/api/v1/accounts/relationships", **{"id[]": wanted["id"]}))[0]


async def found(alice: Person, handle: str) -> Any:
    answer = await alice.get("/api/v2/search", q=f"@{handle}", type="accounts", resolve="true")
    assert answer["accounts"], f"{handle} was not found"
    return answer["accounts"][0]


async def meet(servers: Servers, kind: type[Peer]) -> Stage:
    """Whoever cannot sign when fetching must get along with a server that shows strangers no more than keys."""
    (node,) = await servers("fedi.test", authorized_fetch=not kind.fetches_signed)
    alice = await node.person("alice")
    await alice.welcomes()
    peer = kind(node.network)
    account = await found(alice, peer.handle)
    stage = Stage(node, alice, peer, account, [])
    await alice.post(f"/api/v1/accounts/{account['id']}/follow")
    await stage.settle()
    assert (peer.followers, peer.refused) == ({alice.uri}, [])
    assert (await stage.relationship())["following"]
    return stage
