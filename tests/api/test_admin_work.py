"""Reports, rules about servers, tags and trends: what staff decides there really acts."""

import hashlib
from collections.abc import Awaitable, Callable

import pytest

from federation import policy
from storage import audit
from tests.api.walks.admin import EVERYTHING, popular
from tests.support import factories
from tests.support.puppet import Puppet
from tests.support.servers import Node, Person, drain, queries

pytestmark = pytest.mark.anyio

Servers = Callable[..., Awaitable[list[Node]]]
A = "/api/v1/admin"


async def staff(server: Node, role: str = "admin") -> Person:
    return await server.person("staff", role=role, scopes=EVERYTHING)


async def test_staff_hears_of_reports_and_of_who_joins(server: Node) -> None:
    mod = await staff(server, "moderator")
    alice, bob = await server.person("alice"), await server.person("bob")
    await bob.post("/api/v1/reports", {"account_id": alice.id})
    await drain(server)
    assert [each["type"] for each in await mod.notifications()] == ["admin.report", "admin.sign_up", "admin.sign_up"]
    assert await alice.notifications() == []


async def test_reports_are_filtered_and_cost_the_same_however_many(server: Node) -> None:
    mod, alice, bob = await staff(server), await server.person("alice"), await server.person("bob")
    status = await alice.posts("a secret", visibility="direct")
    reports = [await bob.post("/api/v1/reports", {"account_id": alice.id, "comment": str(n)}) for n in range(8)]
    async with server.db.transaction() as conn:
        await conn.execute("update reports set status_ids = $1", [int(status["id"])])
    await mod.post(f"{A}/reports/{reports[0]['id']}/resolve")
    with queries(at_most=10):
        response = await mod.call("GET", f"{A}/reports", params={"limit": 5})
    assert [each["id"] for each in response.json()] == [each["id"] for each in reversed(reports[3:])]
    assert response.json()[0]["statuses"][0]["content"] == "<p>a secret</p>"
    assert f'max_id={reports[3]["id"]}>; rel="next"' in response.headers["Link"]
    assert len(await mod.get(f"{A}/reports", account_id=bob.id)) == 7
    assert await mod.get(f"{A}/reports", account_id=alice.id) == []
    assert [each["id"] for each in await mod.get(f"{A}/reports", resolved="true")] == [reports[0]["id"]]


async def test_a_report_is_forwarded_later_and_never_back(servers: Servers) -> None:
    a, b = await servers("a.test", "b.test")
    mod, alice, bob = await staff(a), await a.person("alice"), await b.person("bob")
    known = await alice.finds(bob)
    filed = await alice.post("/api/v1/reports", {"account_id": known["id"], "comment": "rude"})
    path = f"{A}/reports/{filed['id']}"
    await drain(a, b)
    assert await b_reports(b) == 0
    assert (await mod.api("PUT", path, json={"forwarded": True}))["forwarded"] is True
    await mod.api("PUT", path, json={"forwarded": True})
    await drain(a, b)
    assert await b_reports(b) == 1
    assert (await mod.call("PUT", path, json={"forwarded": False})).status_code == 422
    assert (await mod.call("PUT", path, json={"rule_ids": [1]})).status_code == 422
    assert (await mod.call("PUT", f"{A}/reports/1", json={})).status_code == 404


async def test_who_reports_elsewhere_stays_unknown(server: Node) -> None:
    mod, alice = await staff(server), await server.person("alice")
    far = Puppet(server.network, "far.test")
    eve = far.actor("eve", name="Eve the Reporter")
    for name in ("f", "g"):
        await far.send(server, far.activity("Flag", eve, [alice.uri], name, content="spam"), eve)
    await far.send(server, far.activity("Follow", eve, f"{server.base_url}/users/staff", "h"), eve)
    await drain(server)
    found = await mod.get("/api/v1/notifications")
    grouped = await mod.get("/api/v2/notifications")
    reports = await mod.get(f"{A}/reports")
    told = [each for each in found if each["type"] == "admin.report"]
    people = await mod.get(f"/api/v2/notifications/{told[0]['group_key']}/accounts")
    shown = [*(each["account"] for each in told), *(each["account"]["account"] for each in reports), *people]
    assert {(each["acct"], each["display_name"]) for each in shown} == {("far.test@far.test", "far.test")}
    assert [(each["username"], each["domain"]) for each in (report["account"] for report in reports)] == [
        ("far.test", "far.test"),
        ("far.test", "far.test"),
    ]
    assert {each["acct"] for each in grouped["accounts"]} >= {"eve@far.test", "far.test@far.test"}
    [follow] = [each for each in found if each["type"] == "follow"]
    assert follow["account"]["acct"] == "eve@far.test", "what she did in her own name is hers"
    assert await mod.get(f"{A}/reports", account_id=follow["account"]["id"]) == []
    asked = await mod.get("/api/v1/notifications", account_id=follow["account"]["id"])
    assert [each["type"] for each in asked] == ["follow"]
    await mod.api("GET", f"/api/v1/accounts/{shown[0]['id']}", status=404)


async def b_reports(node: Node) -> int:
    async with node.db.read() as conn:
        count: int = await conn.fetchval("select count(*) from reports")
    return count


async def test_a_domain_rule_acts_changes_and_keeps_its_number(servers: Servers) -> None:
    a, b = await servers("a.test", "b.test")
    boss, alice, bob = await staff(a), await a.person("alice"), await b.person("bob")
    await alice.follow(bob)
    await drain(a, b)
    await bob.posts("hello")
    await drain(a, b)
    made = await boss.post(f"{A}/domain_blocks", {"domain": "B.test", "severity": "suspend"})
    assert made["digest"] == hashlib.sha256(b"b.test").hexdigest()
    await drain(a, b)
    assert await alice.home() == []
    path = f"{A}/domain_blocks/{made['id']}"
    changed = await boss.api("PUT", path, json={"severity": "silence"})
    assert changed == {**made, "severity": "silence"}
    await drain(a, b)
    found = await alice.get("/api/v1/accounts/lookup", acct="bob@b.test")
    assert (found.get("suspended"), found.get("limited")) == (None, True)
    again = await boss.call("POST", f"{A}/domain_blocks", json={"domain": "b.test"})
    assert (again.status_code, again.json()["existing_domain_block"]["id"]) == (422, made["id"])
    below = await boss.call("POST", f"{A}/domain_blocks", json={"domain": "sub.b.test", "severity": "noop"})
    assert below.status_code == 422
    assert (await boss.post(f"{A}/domain_blocks", {"domain": "sub.b.test", "severity": "suspend"}))["id"]
    assert (await boss.call("POST", f"{A}/domain_blocks", json={"domain": "a.test"})).status_code == 422, "ourselves"
    await boss.api("DELETE", path)
    await drain(a, b)
    assert (await alice.get("/api/v1/accounts/lookup", acct="bob@b.test")).get("limited") is None
    async with a.db.read() as conn:
        entries = [(each.action, each.target, each.actor) for each in await audit.latest(conn)]
    assert entries == [
        ("domain.unblock", "b.test", str(boss.user_id)),
        ("domain.block", "sub.b.test", str(boss.user_id)),
        ("domain.update", "b.test", str(boss.user_id)),
        ("domain.block", "b.test", str(boss.user_id)),
    ]


async def test_the_allow_list_is_kept(servers: Servers) -> None:
    (server,) = await servers("a.test", federation_mode="allowlist")
    boss = await staff(server)
    allowed = await boss.post(f"{A}/domain_allows", {"domain": "https://b.test/"})
    assert await boss.post(f"{A}/domain_allows", {"domain": "b.test"}) == allowed
    async with server.db.read() as conn:
        assert (await policy.verdict(conn, server.app.fed.site, "sub.b.test")).allowed
    await boss.api("DELETE", f"{A}/domain_allows/{allowed['id']}")
    async with server.db.read() as conn:
        assert not (await policy.verdict(conn, server.app.fed.site, "b.test")).allowed
    assert (await boss.call("DELETE", f"{A}/domain_allows/{allowed['id']}")).status_code == 404
    assert (await boss.call("POST", f"{A}/domain_allows", json={"domain": "not a domain"})).status_code == 422


async def test_a_banned_tag_is_not_posted_found_or_listed(server: Node) -> None:
    boss, alice = await staff(server), await server.person("alice")
    await alice.posts("#BadTag")
    (tag,) = await boss.get(f"{A}/tags")
    path = f"{A}/tags/{tag['id']}"
    await boss.api("PUT", path, json={"usable": False})
    refused = await alice.call("POST", "/api/v1/statuses", json={"status": "again #badtag"})
    assert refused.status_code == 422
    assert "#BadTag" in refused.json()["error"]
    assert (await alice.get("/api/v2/search", q="badtag", type="hashtags"))["hashtags"] == []
    await boss.api("PUT", path, json={"usable": True, "listable": False})
    await alice.posts("fine #badtag")
    assert (await boss.call("PUT", path, json={"display_name": "Other"})).status_code == 422
    assert (await boss.call("PUT", f"{A}/tags/1", json={"usable": True})).status_code == 404


@pytest.mark.parametrize("what", ["tags", "statuses", "links", "links/publishers"])
async def test_where_trends_are_reviewed_only_what_is_approved_shows(servers: Servers, what: str) -> None:
    (server,) = await servers("example.test", trends_review=True)
    boss, alice = await staff(server), await server.person("alice")
    await popular(server, alice)
    public = f"/api/v1/trends/{what.partition('/')[0]}"
    assert await server.api("GET", public) == []
    if what == "links/publishers":
        await boss.get(f"{A}/trends/links")
    (row,) = await boss.get(f"{A}/trends/{what}")
    assert row["requires_review"] is True
    for verb, shown in (("approve", 1), ("reject", 0), ("approve", 1)):
        await boss.post(f"{A}/trends/{what}/{row['id']}/{verb}")
        assert len(await server.api("GET", public)) == shown
    assert (await boss.get(f"{A}/trends/{what}"))[0]["requires_review"] is False
    assert (await boss.call("POST", f"{A}/trends/{what}/1/approve")).status_code == 404


async def test_a_link_goes_before_its_publisher(server: Node) -> None:
    boss, alice = await staff(server), await server.person("alice")
    await popular(server, alice)
    (link,) = await boss.get(f"{A}/trends/links")
    (publisher,) = await boss.get(f"{A}/trends/links/publishers")
    await boss.post(f"{A}/trends/links/publishers/{publisher['id']}/reject")
    assert await server.api("GET", "/api/v1/trends/links") == []
    await boss.post(f"{A}/trends/links/{link['id']}/approve")
    assert len(await server.api("GET", "/api/v1/trends/links")) == 1


async def test_numbers_are_those_of_what_happened(servers: Servers) -> None:
    a, b = await servers("a.test", "b.test")
    mod, alice, bob = await staff(a, "moderator"), await a.person("alice"), await b.person("bob")
    await alice.follow(bob)
    await drain(a, b)
    for _ in range(2):
        await bob.posts("#Cats meow", language="de")
    await drain(a, b)
    (tag,) = await mod.get(f"{A}/tags")
    about = {"instance_statuses": {"domain": "b.test"}, "instance_follows": {"domain": "B.test"}}
    keys = [*about, "tag_servers", "new_users", "nonsense"]
    found = await mod.post(f"{A}/measures", {"keys": keys, **about, "tag_servers": {"id": tag["id"]}})
    assert {each["key"]: each["total"] for each in found} == {
        "instance_statuses": "2", "instance_follows": "1", "tag_servers": "1", "new_users": "2",
    }  # fmt: skip
    assert all(len(each["data"]) == 30 for each in found)
    async with a.db.transaction() as conn:
        await factories.status(conn, await factories.remote(conn, "carol", "Deep.b.test"))
        await factories.status(conn, await factories.remote(conn, "dave", "notb.test"))
    for domain, wide, counted in (("b.test", False, "2"), ("b.test", True, "3"), ("deep.b.test", True, "1"),
                                  ("test", False, "0"), ("test", True, "4")):  # fmt: skip
        (one,) = await mod.post(f"{A}/measures", {
            "keys": ["instance_statuses"], "instance_statuses": {"domain": domain, "include_subdomains": wide},
        })  # fmt: skip
        assert (one["total"], sum(int(day["value"]) for day in one["data"])) == (counted, int(counted)), domain
    kinds = ["servers", "tag_languages", "instance_accounts", "instance_languages", "tag_servers"]
    body = {key: {"id": tag["id"], "domain": "b.test"} for key in kinds}
    dimensions = await mod.post(f"{A}/dimensions", {"keys": kinds, **body})
    assert [(each["key"], each["data"][0]["key"], each["data"][0]["value"]) for each in dimensions] == [
        ("servers", "b.test", "2"),
        ("tag_languages", "de", "2"),
        ("instance_accounts", "bob", "1"),
        ("instance_languages", "de", "2"),
        ("tag_servers", "b.test", "2"),
    ]
    for wrong in (
        {"start_at": "never"},
        {"start_at": "2020-01-02", "end_at": "2020-01-01"},
        {"start_at": "1990-01-01"},
    ):
        for path in ("measures", "dimensions", "retention"):
            assert (await mod.call("POST", f"{A}/{path}", json={"keys": [], **wrong})).status_code == 422
    assert (await mod.call("POST", f"{A}/measures", json={})).status_code == 400
    months = await mod.post(f"{A}/retention", {"frequency": "month"})
    assert months[-1]["data"][-1]["value"] == "2"
