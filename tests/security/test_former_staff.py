"""What staff was told, former staff reads no more."""

import pytest

from fedi.services import roles
from fedi.services.staff import OPERATOR
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio


async def _told(person: Person) -> set[str]:
    """Types, as both versions of the list have them."""
    kinds = {each["type"] for each in (await person.get("/api/v2/notifications"))["notification_groups"]}
    assert kinds == {each["type"] for each in await person.notifications()}
    return kinds


async def test_reports_go_with_the_role(server: Node) -> None:
    boss, other = [await server.person(name, role="moderator") for name in ("boss", "other")]
    bob, carol = await server.person("bob"), await server.person("carol")
    await drain(server)
    post = await boss.posts("hello")
    await carol.post(f"/api/v1/statuses/{post['id']}/favourite")
    await carol.post("/api/v1/reports", {"account_id": bob.id, "comment": "a secret complaint"})
    await drain(server)
    assert {"admin.report", "admin.sign_up", "favourite"} == await _told(boss)
    (report,) = [each for each in await boss.notifications() if each["type"] == "admin.report"]
    await roles.give(server.app, OPERATOR, "boss", "admin")
    assert "admin.report" in await _told(boss), "more than before"
    await roles.give(server.app, OPERATOR, "boss", "user")
    assert await _told(boss) == {"favourite"}
    await boss.api("GET", f"/api/v1/notifications/{report['id']}", status=404)
    assert (await boss.call("GET", f"/api/v2/notifications/{report['group_key']}")).status_code == 404
    assert "admin.report" in await _told(other)
    await carol.post("/api/v1/reports", {"account_id": bob.id, "comment": "another"})
    await drain(server)
    assert await _told(boss) == {"favourite"}
