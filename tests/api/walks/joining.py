"""From an app to an account of one's own: asked for, confirmed by mail, known to whoever logs in with it."""

from pathlib import Path
from typing import Any

from tests.support import mailbox
from tests.support.browser import browser
from tests.support.encodings import encoded
from tests.support.servers import ALL_SCOPES, Node, drain, node
from tests.support.walk import Walk

FORM = {
    "username": "newcomer",
    "email": "wrnog@mail.test",
    "password": "correct horse",
    "agreement": True,
    "locale": "en",
    "date_of_birth": "1990-01-01",
}


async def walk(walk: Walk) -> None:
    settings = walk.server.app.settings
    async with (
        mailbox.mailbox() as box,
        node("example.test", walk.server.app.db.dsn, walk.server.network, Path(settings.data_dir),
             **mailbox.settings(box)) as server,
    ):  # fmt: skip
        await joined(walk, server, box)


async def joined(walk: Walk, server: Node, box: mailbox.Mailbox) -> None:
    token = await app_token(server)
    made = await send(walk, server, token, "POST", "/api/v1/accounts", FORM)
    token = made["access_token"]
    await drain(server)  # the first letter is out before the second is asked for
    assert await send(walk, server, token, "GET", "/api/v1/emails/check_confirmation") is False
    await send(walk, server, token, "POST", "/api/v1/emails/confirmations", {"email": "right@mail.test"})
    await drain(server)
    async with browser(server) as window:
        await window.open(box.link("right@mail.test"))
        await window.submit("/auth/confirm")
    assert await send(walk, server, token, "GET", "/api/v1/emails/check_confirmation") is True
    for method in ("GET", "POST"):
        known = await send(walk, server, token, method, "/oauth/userinfo")
        assert known["preferred_username"] == "newcomer"


async def send(walk: Walk, server: Node, token: str, method: str, path: str, body: Any = None) -> Any:
    kwargs = encoded(body, walk.encoding) if body else {}
    headers = {"Authorization": f"Bearer {token}"}
    response = await server.client.request(method, path, headers=headers, **kwargs)
    return walk.judge(method, path, response)


async def app_token(server: Node) -> str:
    scopes = f"{ALL_SCOPES} profile"
    app = await server.api("POST", "/api/v1/apps", json={"client_name": "App", "redirect_uris": "app://x",
                                                         "scopes": scopes})  # fmt: skip
    grant = {"grant_type": "client_credentials", "client_id": app["client_id"],
             "client_secret": app["client_secret"], "scope": scopes}  # fmt: skip
    answer = await server.api("POST", "/oauth/token", json=grant)
    return str(answer["access_token"])
