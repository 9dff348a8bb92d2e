"""Reading somebody by e-mail: asked for from an app, confirmed by a link, ended by another."""

from pathlib import Path

from tests.support import mailbox
from tests.support.browser import browser
from tests.support.encodings import encoded
from tests.support.servers import drain, node
from tests.support.walk import Walk


async def walk(walk: Walk) -> None:
    settings = walk.server.app.settings
    async with (
        mailbox.mailbox() as box,
        node("example.test", walk.server.app.db.dsn, walk.server.network, Path(settings.data_dir),
             email_subscriptions="everyone", **mailbox.settings(box)) as server,
        browser(server) as window,
    ):  # fmt: skip
        alice = await server.person("alice")
        await window.log_in("alice")
        await window.open("/auth/subscribers")
        await window.submit("/auth/subscribers", {"enabled": "true"})
        path = f"/api/v1/accounts/{alice.id}/email_subscriptions"
        response = await server.client.post(path, **encoded({"email": "reader@mail.test"}, walk.encoding))
        walk.judge("POST", path, response)
        await drain(server)
        await window.open(box.link("reader@mail.test"))
        await window.submit("/email_subscriptions/confirm")
        assert window.status == 200
        await alice.posts("Hello, readers")
        await drain(server)
        async with server.db.transaction() as conn:
            await conn.execute("update jobs set run_at = now()")
        await drain(server)
        letter = box.to("reader@mail.test")[-1]
        assert "Hello, readers" in letter.get_content()
