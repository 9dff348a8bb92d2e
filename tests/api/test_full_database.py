"""The database has no room left: who writes is told to come again, who reads notices nothing."""

import pytest

from tests.support.servers import Node

pytestmark = pytest.mark.anyio

# What Postgres says when a table cannot grow (F-16 of the bench makes it so).
FULL = """
    create function full_disk() returns trigger language plpgsql as
        $$ begin raise exception 'could not extend file' using errcode = '53100'; end $$;
    create trigger full_disk before insert or update on statuses for each row execute function full_disk();
    create trigger full_disk before insert or update on active_days for each row execute function full_disk();
    create trigger full_disk before insert or update on account_settings for each row execute function full_disk()
"""


async def test_reading_needs_no_room(server: Node) -> None:
    alice = await server.person("alice")
    post = await alice.posts("there was room")
    while await server.drain():
        pass
    async with server.db.transaction() as conn:
        await conn.execute(FULL)
    try:
        assert [each["id"] for each in await alice.home()] == [post["id"]]
        refused = await alice.call("POST", "/api/v1/statuses", json={"status": "there is none"})
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    finally:
        async with server.db.transaction() as conn:
            await conn.execute("drop function full_disk cascade")
    assert (await alice.posts("again"))["content"] == "<p>again</p>"
