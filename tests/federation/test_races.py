"""What arrives at the same time, and what is asked for again while it is being done."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from federation import posts
from federation.vocab import note
from storage import accounts, domains, follows, inbox, purging, statuses
from storage.errors import Missing
from storage.follows import Options
from tests.support import factories
from tests.support.puppet import Puppet
from tests.support.servers import Node, drain

pytestmark = pytest.mark.anyio


async def test_an_answer_and_what_it_answers_find_each_other_when_they_arrive_together(server: Node) -> None:
    alice = await server.person("alice")
    puppet = Puppet(server.network, "peer.test")
    fan = puppet.actor("fan")
    await alice.get("/api/v2/search", q="@fan@peer.test", resolve="true", type="accounts")
    parent, answer = puppet.note(fan, "1"), puppet.note(fan, "2", inReplyTo="https://peer.test/notes/1")
    async with server.db.transaction() as conn:
        await inbox.lock(conn, parent["id"])
        author = await accounts.by_uri(conn, fan["id"])
        assert author is not None
        parent_id = await factories.status(conn, author.id, uri=parent["id"])
        task = asyncio.create_task(posts.store(server.app.fed, note.parse(answer)))
        await asyncio.sleep(0.3)
    answer_id, _ = await task
    async with server.db.read() as conn:
        stored = await statuses.by_id(conn, answer_id)
        assert stored is not None
        assert (stored.in_reply_to_id, stored.thread_id) == (parent_id, parent_id)
        assert (await statuses.counts(conn, parent_id)).replies == 1


async def _while_deleted(server: Node, status_id: int, new: statuses.New) -> Any:
    """Insert a status while what it speaks of is being deleted; what came of it."""

    async def insert() -> Any:
        async with server.db.transaction() as conn:
            return await statuses.create(conn, new)

    async with server.db.transaction() as conn:
        await statuses.delete(conn, status_id)
        task = asyncio.create_task(insert())
        await asyncio.sleep(0.2)
    return (await asyncio.gather(task, return_exceptions=True))[0]


async def test_a_boost_of_what_is_being_deleted_does_not_stay(server: Node) -> None:
    async with server.db.transaction() as conn:
        author = await factories.local(conn, "author", "https://example.test")
        post = await factories.status(conn, author)
        boost_id = await statuses.new_id(conn)
    boost = statuses.New(
        id=boost_id, account_id=author, uri="https://example.test/b", url=None, is_local=True, visibility=0,
        created_at=datetime.now(UTC), reblog_of_id=post,
    )  # fmt: skip
    assert isinstance(await _while_deleted(server, post, boost), Missing)


async def test_an_answer_to_what_is_being_deleted_stands_alone(server: Node) -> None:
    async with server.db.transaction() as conn:
        author = await factories.local(conn, "author", "https://example.test")
        post = await factories.status(conn, author)
        answer_id = await statuses.new_id(conn)
    answer = statuses.New(
        id=answer_id, account_id=author, uri="https://example.test/a", url=None, is_local=True, visibility=0,
        created_at=datetime.now(UTC), in_reply_to_id=post,
    )  # fmt: skip
    assert await _while_deleted(server, post, answer) == (answer_id, True)
    async with server.db.read() as conn:
        stored = await statuses.by_id(conn, answer_id)
    assert stored is not None
    assert (stored.in_reply_to_id, stored.thread_id) == (None, answer_id)


async def test_a_profile_that_is_read_again_unchanged_is_no_news(server: Node) -> None:
    async def news() -> int:
        async with server.db.read() as conn:
            found: int = await conn.fetchval("select count(*) from jobs where name = 'AccountUpdated'")
            return found

    async with server.db.transaction() as conn:
        await factories.remote(conn, "fan", created_at=datetime(2020, 1, 1, tzinfo=UTC))
        await factories.remote(conn, "fan", created_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert await news() == 0
    async with server.db.transaction() as conn:
        await factories.remote(conn, "fan", display_name="Fan", created_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert await news() == 1


async def test_a_domain_is_parted_from_in_small_steps_and_again_after_a_break(
    server: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "STEP", 3)
    async with server.db.transaction() as conn:
        people = [await factories.local(conn, f"p{number}", "https://example.test") for number in range(8)]
        theirs = [await factories.remote(conn, f"r{number}", "bad.test") for number in range(2)]
        for person in people:
            for other in theirs:
                for one, two in ((person, other), (other, person)):
                    ident = await accounts.new_id(conn)
                    await follows.ask(
                        conn, follow_id=ident, uri=f"https://example.test/f/{ident}", account_id=one, target_id=two,
                        options=Options(),
                    )  # fmt: skip
                    await follows.accept(conn, one, two)
    async with server.db.transaction() as conn:
        await domains.block(conn, "bad.test")
        # A run that was killed after its first part: all are marked, nobody is parted.
        await conn.execute("update accounts set suspended_at = now() where domain = 'bad.test'")
    await drain(server)
    async with server.db.read() as conn:
        assert await conn.fetchval("select count(*) from follows") == 0
        assert await conn.fetchval("select max(followers_count + following_count) from account_stats") == 0
