"""Notifications in groups, counted, dismissed; the policy; those whose notifications were put aside."""

from typing import Any

from tests.support.servers import Person, drain
from tests.support.walk import Walk

V1, V2 = "/api/v1/notifications", "/api/v2/notifications"


async def walk(walk: Walk) -> None:
    alice, bob, carol, dave = [await walk.server.person(name) for name in ("alice", "bob", "carol", "dave")]
    post = await alice.posts("hello")
    for fan in (bob, carol):
        await fan.post(f"/api/v1/statuses/{post['id']}/favourite")
        await fan.follow(alice)
        await fan.posts("@alice hello")
    await drain(walk.server)
    await groups(walk, alice, bob)
    await one_by_one(walk, alice)
    await policy(walk, alice)
    await requests(walk, alice, bob, carol, dave)


async def groups(walk: Walk, alice: Person, bob: Person) -> None:
    seen = await walk.get(alice, V2, expand_accounts="partial_avatars", grouped_types=["favourite", "follow"])
    by_type = {each["type"]: each for each in seen["notification_groups"]}
    assert (by_type["favourite"]["notifications_count"], by_type["follow"]["notifications_count"]) == (2, 2)
    assert [each["id"] for each in seen["partial_accounts"]] == []  # both are the latest of some group
    assert await walk.get(alice, f"{V2}/unread_count") == {"count": 4}
    assert await walk.get(alice, f"{V1}/unread_count") == {"count": 6}
    one = f"{V2}/{by_type['favourite']['group_key']}"
    assert (await walk.get(alice, one))["notification_groups"][0]["notifications_count"] == 2
    assert bob.id in {each["id"] for each in await walk.some(alice, f"{one}/accounts")}
    assert await walk.post(alice, f"{one}/dismiss") == {}
    assert {each["type"] for each in await walk.get(alice, V1)} == {"follow", "mention"}


async def one_by_one(walk: Walk, alice: Person) -> None:
    rows = [each["id"] for each in await walk.get(alice, V1)]
    await walk.post(alice, f"{V1}/dismiss", {"id": rows[0]})
    await walk.call(alice, "DELETE", f"{V1}/{rows[1]}")
    await walk.call(alice, "DELETE", f"{V1}/destroy_multiple", {"ids": [rows[2], "1"]})
    assert [each["id"] for each in await walk.get(alice, V1)] == rows[3:]
    await walk.post(alice, f"{V2}/clear")
    assert await walk.get(alice, V1) == []


async def policy(walk: Walk, alice: Person) -> None:
    assert (await walk.get(alice, f"{V2}/policy"))["for_private_mentions"] == "filter"
    kept = await walk.call(alice, "PUT", f"{V1}/policy", {"filter_new_accounts": True})
    assert kept["filter_new_accounts"]
    changed = await walk.call(
        alice, "PATCH", f"{V2}/policy", {"for_not_following": "filter", "for_new_accounts": "accept"}
    )
    assert (changed["for_not_following"], changed["for_new_accounts"]) == ("filter", "accept")
    assert not (await walk.get(alice, f"{V1}/policy"))["filter_new_accounts"]


async def requests(walk: Walk, alice: Person, *others: Person) -> None:
    strangers = [*others, *[await walk.server.person(f"stranger{number}") for number in range(2)]]
    for each in strangers:
        await each.posts("@alice may I?")
    await drain(walk.server)
    waiting: list[Any] = await walk.some(alice, f"{V1}/requests")
    assert len(waiting) == len(strangers)
    first, second, *rest = waiting
    assert (await walk.get(alice, f"{V1}/requests/{first['id']}"))["last_status"]["account"] == first["account"]
    await walk.post(alice, f"{V1}/requests/{first['id']}/accept")
    await walk.post(alice, f"{V1}/requests/{second['id']}/dismiss")
    await walk.post(alice, f"{V1}/requests/accept", {"id": [rest[0]["id"]]})
    await walk.post(alice, f"{V1}/requests/dismiss", {"id": [each["id"] for each in rest[1:]]})
    assert await walk.get(alice, f"{V1}/requests/merged") == {"merged": True}
    assert await walk.get(alice, f"{V1}/requests") == []
    heard = {each["account"]["id"] for each in await walk.get(alice, V1)}
    assert heard == {first["account"]["id"], rest[0]["account"]["id"]}
