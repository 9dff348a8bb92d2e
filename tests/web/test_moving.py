"""The page for moving to another account."""

import pytest

from tests.support.browser import browser
from tests.support.servers import PASSWORD, Node, drain

pytestmark = pytest.mark.anyio


async def test_somebody_names_the_account_they_come_from_and_moves_there(server: Node) -> None:
    alice, _ = await server.person("alice"), await server.person("nora")
    async with browser(server) as window:
        await window.open("/auth/move")
        assert window.status == 303
        await window.log_in("nora")
        await window.open("/auth/move")
        await window.submit("/auth/move/aliases", {"other": "@nobody@nowhere.test"})
        assert (window.status, "There is no such account" in window.html) == (422, True)
        assert 'value="@nobody@nowhere.test"' in window.html, "what was typed stays"
        await window.submit("/auth/move/aliases", {"other": "@alice@example.test"})
        await window.follow()
        assert "alice@example.test" in window.html
    async with browser(server) as window:
        await window.log_in("alice")
        await window.open("/auth/move")
        await window.submit("/auth/move", {"other": "nora@example.test", "password": "wrong"})
        assert (window.status, "The password is wrong" in window.html) == (422, True)
        await window.submit("/auth/move", {"other": "nora@example.test", "password": PASSWORD, "form_token": "x"})
        assert window.status == 422
        await window.open("/auth/move")
        await window.submit("/auth/move", {"other": "nora@example.test", "password": PASSWORD})
        await window.follow()
        assert "You have moved" in window.html
        await drain(server)
        assert (await alice.get("/api/v1/accounts/verify_credentials"))["moved"]["acct"] == "nora"
        shown = (await server.client.get("/@alice")).text
        assert ("This account is @nora@example.test now." in shown, ">Follow<" in shown) == (True, False)
        await window.submit("/auth/move", {"other": "nora@example.test", "password": PASSWORD, "followers": "true"})
        assert (window.status, "not long ago" in window.html) == (422, True)
        await window.submit("/auth/move/back")
        await window.follow()
        assert "You are here again" in window.html
    async with browser(server) as window:
        await window.log_in("nora")
        await window.open("/auth/move")
        await window.submit("/auth/move/aliases/remove")
        await window.follow()
        assert "alice@example.test" not in window.html
