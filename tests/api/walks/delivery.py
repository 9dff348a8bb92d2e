"""Where posts went, what waits and what failed, and the undo window."""

from tests.support.puppet import Puppet
from tests.support.servers import Person, drain
from tests.support.walk import Walk

A = "/api/v1/fedi/admin"


async def walk(walk: Walk) -> None:
    server = walk.server
    owner = await server.person("postmaster", role="owner", scopes="read write admin:read admin:write")
    puppet = Puppet(server.network, f"gone-{walk.encoding}.test")
    fan = puppet.actor("fan")
    await puppet.send(server, puppet.activity("Follow", fan, owner.uri, "f"), fan)
    await drain(server)
    await window(walk, owner)
    await drain(server)
    server.network.down.add(puppet.host)
    post = await walk.post(owner, "/api/v1/statuses", {"status": "anybody?"})
    await drain(server)
    shown = await walk.get(owner, f"/api/v1/fedi/statuses/{post['id']}/deliveries")
    assert (shown["counts"]["waiting"], shown["deliveries"][0]["server"]) == (1, puppet.host)
    assert shown["deliveries"][0]["next_at"] is not None
    (failing,) = await walk.some(owner, f"{A}/hosts")
    assert (failing["server"], failing["waiting"], failing["failures"]) == (puppet.host, 1, 1)
    await walk.some(owner, f"{A}/hosts/{puppet.host}/deliveries")
    server.network.down.clear()
    assert await walk.post(owner, f"{A}/hosts/{puppet.host}/retry") == {"retried": 1}
    await drain(server)
    assert puppet.inbox[-1]["object"]["id"] == post["uri"]
    await failed(walk)


async def window(walk: Walk, owner: Person) -> None:
    assert (await walk.get(owner, "/api/v1/fedi/preferences"))["hold_seconds"] == 0
    wanted = {"hold_seconds": 600, "hold_locally": True}
    assert await walk.call(owner, "PATCH", "/api/v1/fedi/preferences", wanted) == wanted
    held = await walk.post(owner, "/api/v1/statuses", {"status": "nearly"})
    assert held["fedi"]["held_locally"] is True
    await walk.post(owner, f"/api/v1/fedi/statuses/{held['id']}/send")
    await walk.call(owner, "PUT", "/api/v1/fedi/preferences", {"hold_seconds": 0, "hold_locally": False})


async def failed(walk: Walk) -> None:
    server = walk.server
    owner = await server.person("sorter", role="owner", scopes="admin:read admin:write")
    async with server.db.transaction() as conn:
        await conn.execute(
            """
            insert into jobs (queue, name, payload, source, attempts, failed_at, last_error, trace)
            select 'inbox', 'inbox', jsonb_build_object('body', '{"type": "View", "actor": "https://x.test/a"}'),
                'x.test', 6, now(), 'ValueError: no', 'Traceback' from generate_series(1, 2)
            """
        )
    first, second = await walk.some(owner, f"{A}/inbox")
    assert (first["type"], first["actor"], first["trace"], first["body"]) == ("View", "https://x.test/a", None, None)
    shown = await walk.get(owner, f"{A}/inbox/{first['id']}")
    assert (shown["trace"], shown["body"]["type"]) == ("Traceback", "View")
    await walk.post(owner, f"{A}/inbox/{first['id']}/replay")
    await walk.call(owner, "DELETE", f"{A}/inbox/{second['id']}")
    assert await walk.get(owner, f"{A}/inbox") == []
