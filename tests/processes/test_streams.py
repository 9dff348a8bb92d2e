"""Several processes on one database: what happens in one is heard in the others."""

import time

import pytest

from tests.support import live
from tests.support.processes import ProcessNode, Program, Start, free_port

pytestmark = pytest.mark.anyio


async def test_what_happens_in_one_process_is_heard_in_the_other(start_process: Start) -> None:
    node = await start_process("localhost")
    alice, bob = await node.person("alice"), await node.person("bob")
    port = free_port()
    other = Program(["fedi", "web"], {**node.program.env, "FEDI_LISTEN_PORT": str(port)}, node.program.log)
    address = f"http://localhost:{port}"
    other.start()
    try:
        await other.answers(f"{address}/health")
        async with (
            live.socket(alice, "user", "public", base_url=address) as heard,
            live.socket(bob, "user", base_url=address) as stays,
        ):
            post = await bob.posts("@alice hello")
            assert (await heard.event("update", stream="public"))["id"] == post["id"]
            assert (await heard.event("notification"))["status"]["id"] == post["id"]
            await _revoke(node, alice.token)
            began = time.monotonic()
            assert await heard.closed() == 1001
            assert time.monotonic() - began < 2
            # Whoever may have missed something is sent to read it, as soon as we hear again.
            await _interrupt(node)
            assert await stays.closed() == 1001
        async with live.socket(bob, "user", base_url=address) as again:
            post = await bob.posts("still here")
            assert (await again.event("update"))["id"] == post["id"]
    finally:
        other.stop()


async def _revoke(node: ProcessNode, token: str) -> None:
    """As an application does it that signs somebody out."""
    body = {"client_name": "x", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob", "scopes": "read"}
    app = await node.api("POST", "/api/v1/apps", json=body)
    async with node.db.transaction() as conn:
        await conn.execute(
            """
            update oauth_tokens set application_id = $1 where id = (
                select t.id from oauth_tokens t join accounts a on a.id = t.account_id where a.username = 'alice')
            """,
            int(app["id"]),
        )
    credentials = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
    await node.api("POST", "/oauth/revoke", data={**credentials, "token": token})


async def _interrupt(node: ProcessNode) -> None:
    """Break the connections on which processes listen."""
    async with node.db.read() as conn:
        ended: int = await conn.fetchval(
            """
            select count(pg_terminate_backend(pid)) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid() and query ilike 'listen %'
            """
        )
    assert ended == 2
