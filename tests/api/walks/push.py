"""A client's push subscription, from its beginning to its end."""

from tests.support.push import Device, Service
from tests.support.walk import Walk

PATH = "/api/v1/push/subscription"


async def walk(walk: Walk) -> None:
    alice = await walk.server.person("alice")
    device = Device(Service(walk.server.network))
    body = {"subscription": device.subscription(), "data": {"alerts": {"mention": True, "admin.report": True}}}
    made = await walk.post(alice, PATH, body)
    assert (made["endpoint"], made["standard"], made["policy"]) == (device.endpoint, True, "all")
    assert [name for name, wanted in made["alerts"].items() if wanted] == ["mention", "admin.report"]
    assert await walk.get(alice, PATH) == made
    changed = await walk.call(alice, "PUT", PATH, {"data": {"alerts": {"poll": True}, "policy": "followed"}})
    assert [name for name, wanted in changed["alerts"].items() if wanted] == ["poll"]
    assert changed["policy"] == "followed"
    assert await walk.call(alice, "DELETE", PATH) == {}
    assert (await alice.call("GET", PATH)).status_code == 404
