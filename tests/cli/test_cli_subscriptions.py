"""`fedi subscriptions`."""

import json

import pytest

from storage import audit, email_subscriptions, users
from storage.db import Database
from tests.cli.conftest import Fedi

pytestmark = pytest.mark.anyio


async def test_addresses_are_counted_and_forgotten(fedi: Fedi, database_url: str) -> None:
    for name in ("alice", "bob"):
        assert (await fedi("account", "create", name)).exit_code == 0
    assert (await fedi("subscriptions", "list")).stdout == "Nobody is read by e-mail.\n"
    db = await Database(database_url).open()
    async with db.transaction() as conn:
        for name in ("alice", "bob"):
            user = await users.by_username(conn, name)
            assert user is not None
            for number in range(2):
                made = await email_subscriptions.ask(conn, user.account_id, f"Reader{number}@mail.test", "en")
                if number:
                    await email_subscriptions.confirm(conn, made or 0)
    listed = json.loads((await fedi("subscriptions", "list", "--json")).stdout)
    assert listed == [{"username": name, "confirmed": 1, "unconfirmed": 1} for name in ("alice", "bob")]
    assert "alice" in (await fedi("subscriptions", "list")).stdout
    assert (await fedi("subscriptions", "erase", "alice")).stdout == "2 forgotten\n"
    assert (await fedi("subscriptions", "erase", "--email", "reader1@MAIL.test")).stdout == "1 forgotten\n"
    assert (await fedi("subscriptions", "erase")).exit_code == 2
    assert (await fedi("subscriptions", "erase", "carol")).exit_code == 1
    async with db.read() as conn:
        entries = await audit.latest(conn, action="email_subscriptions.")
    await db.close()
    assert [(each.action, each.target) for each in entries] == [
        ("email_subscriptions.erase", "an address"), ("email_subscriptions.erase", "alice"),
    ]  # fmt: skip
    assert "reader1" not in "".join(each.detail for each in entries)
