"""What a list costs: at most six queries beside the one that finds out who asks, however long the page is."""

from typing import Any

import pytest

from storage.db import query_log
from tests.support import listings
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

SHORT, LONG = 5, 40
MOST = 6
NOT_OURS = ("BEGIN", "COMMIT", "ROLLBACK", "typeinfo_tree", "set_config('jit'", "set local")


async def cost(server: Node, person: Person, path: str) -> tuple[int, list[str]]:
    """(items, queries) of a page, when nothing of it is in memory."""
    await person.api("GET", path)
    server.app.memory.pop("fedi.entities.bundle", None)
    log: list[str] = []
    token = query_log.set(log)
    try:
        answer = await person.api("GET", path)
    finally:
        query_log.reset(token)
    ours = [query for query in log if not any(mark in query for mark in NOT_OURS)]
    assert "oauth_tokens" in ours[0]
    return len(listings.items(answer)), ours[1:]


async def costs(server: Node, rows: int) -> dict[str, tuple[int, list[str]]]:
    alice, names = await listings.scene(server, rows)
    return {
        each.path: await cost(
            server, alice, f"{each.path.format(**names)}{'&' if '?' in each.path else '?'}limit={rows}"
        )
        for each in listings.LISTINGS
    }


async def test_a_list_costs_six_queries_at_most_and_no_more_when_it_is_longer(servers: Any) -> None:
    a, b = await servers("a.test", "b.test")
    short, long = await costs(a, SHORT), await costs(b, LONG)
    for path, (count, queries) in long.items():
        few = 5 if "pinned" in path else SHORT
        assert short[path][0] == few, path
        assert count >= (few if "pinned" in path else LONG), path
        assert len(queries) <= MOST, f"{path}: {len(queries)}\n" + "\n---\n".join(queries)
        assert len(queries) == len(short[path][1]), path


def test_every_list_is_known_here() -> None:
    assert listings.unknown() == set(), "add it to tests/support/listings.py"


async def test_large_statements_are_planned_once(servers: Any) -> None:
    """Planning one anew for each page costs ten times what running it does: see storage/rows.py."""
    [server] = await servers("example.test", database_pool_size="2")
    alice, bob = await server.person("alice"), await server.person("bob")
    await bob.follow(alice)
    posts = [await alice.posts(f"post {number}") for number in range(10)]
    await drain(server)
    for number, post in enumerate(posts * 2):
        server.app.memory.pop("fedi.entities.bundle", None)
        await bob.get("/api/v1/timelines/home", limit=number % 5 + 1)
        await bob.get(f"/api/v1/statuses/{post['id']}")
        await bob.get("/api/v1/timelines/public", limit=number % 5 + 1)
    async with server.db.read() as conn:
        prepared = await conn.fetch(
            "select statement, generic_plans, custom_plans from pg_prepared_statements"
            " where length(statement) > 1200 and generic_plans + custom_plans > 15"
        )
    assert len(prepared) >= 3
    wasteful = [row["statement"][:200] for row in prepared if row["custom_plans"] > row["generic_plans"]]
    assert wasteful == []
