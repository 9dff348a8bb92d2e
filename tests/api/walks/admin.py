"""The API of the staff."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.servers import Node, Person, drain
from tests.support.walk import Walk

A = "/api/v1/admin"
EVERYTHING = "read write follow push admin:read admin:write"


async def walk(walk: Walk) -> None:
    server = walk.server
    owner = await server.person("owner", role="owner", scopes=EVERYTHING)
    mallory, alice, bob = [await server.person(name) for name in ("mallory", "alice", "bob")]
    await people(walk, owner, mallory)
    await applicants(walk, owner)
    await reports(walk, owner, bob, alice)
    await rules(walk, owner)
    await trends(walk, owner, alice)
    await numbers(walk, owner, alice)
    await drain(server)


async def act(walk: Walk, owner: Person, target: Person, kind: str, **more: Any) -> None:
    await walk.post(owner, f"{A}/accounts/{target.id}/action", {"type": kind, "text": "because", **more})


async def people(walk: Walk, owner: Person, mallory: Person) -> None:
    found = await walk.some(owner, f"{A}/accounts", local=True, active=True, username="mall")
    assert [each["username"] for each in found] == ["mallory"]
    await walk.some(owner, "/api/v2/admin/accounts", origin="local", permissions="staff")
    shown = await walk.get(owner, f"{A}/accounts/{mallory.id}")
    assert shown["email"] == "mallory@mail.test"
    for kind, back, mark in (
        ("disable", "enable", "disabled"),
        ("silence", "unsilence", "silenced"),
        ("sensitive", "unsensitive", "sensitized"),
        ("suspend", "unsuspend", "suspended"),
    ):
        await act(walk, owner, mallory, kind, send_email_notification=kind != "silence")
        assert (await walk.get(owner, f"{A}/accounts/{mallory.id}"))[mark] is True
        assert (await walk.post(owner, f"{A}/accounts/{mallory.id}/{back}"))[mark] is False
    gone = await walk.server.person("gone")
    await act(walk, owner, gone, "suspend")
    assert (await walk.call(owner, "DELETE", f"{A}/accounts/{gone.id}"))["username"] == "gone"


async def applicants(walk: Walk, owner: Person) -> None:
    for name, verb in (("welcome", "approve"), ("unwelcome", "reject")):
        person = await walk.server.person(name, approved=False, reason="let me in")
        (shown,) = await walk.some(owner, f"{A}/accounts", pending=True)
        assert (shown["id"], shown["approved"], shown["invite_request"]) == (person.id, False, "let me in")
        answer = await walk.post(owner, f"{A}/accounts/{person.id}/{verb}")
        assert answer["approved"] is (verb == "approve")


async def reports(walk: Walk, owner: Person, bob: Person, alice: Person) -> None:
    status = await alice.posts("spam", visibility="private")
    async with walk.server.db.transaction() as conn:
        rule_id = await conn.fetchval("insert into rules (text) values ('Be kind') returning id")
    await bob.follow(alice)
    filed = await bob.post("/api/v1/reports", {"account_id": alice.id, "status_ids": [status["id"]]})
    path = f"{A}/reports/{filed['id']}"
    (listed,) = await walk.some(owner, f"{A}/reports", target_account_id=alice.id)
    assert listed["statuses"][0]["id"] == status["id"], "staff sees what it is about, however private"
    changed = await walk.call(owner, "PUT", path, {"category": "violation", "rule_ids": [rule_id]})
    assert (changed["category"], changed["rules"][0]["text"]) == ("violation", "Be kind")
    assert (await walk.post(owner, f"{path}/assign_to_self"))["assigned_account"]["id"] == owner.id
    assert (await walk.post(owner, f"{path}/unassign"))["assigned_account"] is None
    assert (await walk.post(owner, f"{path}/resolve"))["action_taken_by_account"]["id"] == owner.id
    await walk.some(owner, f"{A}/reports", resolved=True)
    assert (await walk.post(owner, f"{path}/reopen"))["action_taken"] is False
    await act(walk, owner, alice, "none", report_id=filed["id"])
    assert (await walk.get(owner, path))["action_taken"] is True


async def rules(walk: Walk, owner: Person) -> None:
    for name, body, change in (
        ("domain_allows", {"domain": "good.test"}, None),
        (
            "domain_blocks",
            {"domain": "bad.test", "severity": "suspend", "public_comment": "x"},
            {"severity": "silence", "private_comment": "y"},
        ),
        ("email_domain_blocks", {"domain": "mail.evil.test"}, None),
        ("canonical_email_blocks", {"email": "Mal.lory+x@mail.test"}, None),
        ("ip_blocks", {"ip": "198.51.100.7", "severity": "no_access", "expires_in": 3600}, {"comment": "hello"}),
    ):
        made = await walk.post(owner, f"{A}/{name}", body)
        path = f"{A}/{name}/{made['id']}"
        assert await walk.get(owner, path) == made
        assert made in await walk.some(owner, f"{A}/{name}")
        if change is not None:
            assert await walk.call(owner, "PUT", path, change) == {**made, **change}
        if name == "canonical_email_blocks":
            assert await walk.post(owner, f"{A}/{name}/test", {"email": "mallory@mail.test"}) == [made]
        await walk.call(owner, "DELETE", path)
        assert made not in await walk.get(owner, f"{A}/{name}")


async def popular(server: Node, alice: Person) -> Any:
    """A post with a tag and a link that trend."""
    crowd = [await server.person(f"fan{number}") for number in range(2)]
    async with server.db.transaction() as conn:
        await conn.execute("update accounts set discoverable = true where is_local and id > 0")
    status = await alice.posts("#Popular https://news.test/story")
    for fan in crowd:
        await fan.posts("#popular https://news.test/story")
        await fan.post(f"/api/v1/statuses/{status['id']}/favourite")
    return status


async def trends(walk: Walk, owner: Person, alice: Person) -> None:
    status = await popular(walk.server, alice)
    (tag,) = await walk.some(owner, f"{A}/trends/tags")
    assert await walk.some(owner, f"{A}/tags")
    assert (await walk.get(owner, f"{A}/tags/{tag['id']}"))["requires_review"] is True
    changed = await walk.call(owner, "PUT", f"{A}/tags/{tag['id']}", {"display_name": "PopuLar", "listable": True})
    assert (changed["name"], changed["requires_review"]) == ("PopuLar", False)
    (link,) = await walk.some(owner, f"{A}/trends/links")
    (publisher,) = await walk.some(owner, f"{A}/trends/links/publishers")
    assert publisher["domain"] == "news.test"
    (shown,) = await walk.some(owner, f"{A}/trends/statuses")
    assert shown["id"] == status["id"]
    for what, row in (("tags", tag), ("links", link), ("links/publishers", publisher), ("statuses", shown)):
        public = "/api/v1/trends/links" if "links" in what else f"/api/v1/trends/{what}"
        for verb in ("reject", "approve"):
            await walk.post(owner, f"{A}/trends/{what}/{row['id']}/{verb}")
            if what != "links/publishers":
                assert bool((await walk.server.client.get(public)).json()) is (verb == "approve"), (what, verb)


async def numbers(walk: Walk, owner: Person, alice: Person) -> None:
    await alice.home()
    now = datetime.now(UTC)
    span = {"start_at": (now - timedelta(days=2)).date().isoformat(), "end_at": now.date().isoformat()}
    tags = await walk.some(owner, f"{A}/tags")
    keys = ["active_users", "new_users", "interactions", "opened_reports", "resolved_reports", "tag_uses"]
    about = {"tag_uses": {"id": tags[0]["id"]}, "instance_accounts": {"domain": "b.test"}}
    found = await walk.post(owner, f"{A}/measures", {"keys": [*keys, "instance_accounts"], **span, **about})
    totals = {each["key"]: int(each["total"]) for each in found}
    assert totals["new_users"] >= 4
    assert (totals["interactions"], totals["opened_reports"], totals["tag_uses"]) == (2, 1, 3)
    assert totals["active_users"] == 1
    kinds = ["languages", "sources", "servers", "space_usage", "software_versions"]
    dimensions = await walk.post(owner, f"{A}/dimensions", {"keys": kinds, "limit": 3, **span})
    assert [each["key"] for each in dimensions] == kinds
    assert dimensions[1]["data"][0]["key"] == "Command line"
    cohorts = await walk.post(owner, f"{A}/retention", {"frequency": "day", **span})
    assert [len(each["data"]) for each in cohorts] == [3, 2, 1]
    assert cohorts[2]["data"][0]["rate"] == 1.0
