"""Telling the moderators: with posts, a rule that was broken, and a word for the server somebody is of."""

from storage import rules
from tests.support.servers import drain
from tests.support.walk import Walk


async def walk(walk: Walk) -> None:
    alice, mallory = [await walk.server.person(name) for name in ("alice", "mallory")]
    async with walk.server.db.transaction() as conn:
        rule = await rules.add(conn, "Be kind")
    spam = await mallory.posts("buy this")
    filed = await walk.post(
        alice, "/api/v1/reports",
        {"account_id": mallory.id, "status_ids": [spam["id"]], "comment": "spam", "category": "violation",
         "rule_ids": [rule], "forward": False},
    )  # fmt: skip
    assert (filed["category"], filed["comment"], filed["action_taken"]) == ("violation", "spam", False)
    assert (filed["status_ids"], filed["rule_ids"]) == ([spam["id"]], [str(rule)])
    assert filed["target_account"]["id"] == mallory.id
    await drain(walk.server)
    plain = await walk.post(alice, "/api/v1/reports", {"account_id": mallory.id})
    assert (plain["category"], plain["status_ids"], plain["rule_ids"]) == ("other", [], None)
