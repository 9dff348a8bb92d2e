"""Whatever happens in whatever order, counters are what they count, and nothing points at what is gone."""

import asyncio
import contextlib
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import accounts, blocks, bookmarks, boosts, consistency, favourites, follows, polls, statuses
from storage.db import Conn, Database
from storage.errors import Conflict, Missing
from storage.follows import Options
from tests.support import factories

pytestmark = pytest.mark.anyio

PEOPLE, POSTS = 4, 6
_DRIFT = {**consistency.COUNTERS, **consistency.POINTERS}

_who = st.integers(0, PEOPLE - 1)
_what = st.integers(0, POSTS - 1)
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("post"), _who, _what, st.integers(0, 3), st.one_of(st.none(), _what)),
        st.tuples(st.sampled_from(["delete"]), _who, _what),
        st.tuples(st.sampled_from(["boost", "unboost", "like", "unlike", "keep", "drop"]), _who, _what),
        st.tuples(st.sampled_from(["vote"]), _who, _what, st.integers(0, 2)),
        st.tuples(st.sampled_from(["follow", "unfollow", "accept", "reject", "block", "unblock"]), _who, _who),
    ),
    max_size=40,
)


class World:
    """A few people and names of posts, some of which exist."""

    def __init__(self, people: list[int]) -> None:
        self.people = people
        self.deleted: list[int] = []

    def uri(self, name: int) -> str:
        return f"https://example.test/posts/{name}"

    async def apply(self, conn: Conn, step: tuple[Any, ...]) -> None:
        verb, who, *rest = step
        account_id = self.people[who]
        try:
            if verb in ("follow", "unfollow", "accept", "reject", "block", "unblock"):
                await self._between(conn, verb, account_id, self.people[rest[0]])
            elif verb == "post":
                await self._post(conn, account_id, *rest)
            else:
                await self._about(conn, verb, account_id, *rest)
        except (Missing, Conflict):
            pass

    async def clean_up(self, conn: Conn) -> None:
        """What the effect of a deletion does, in a transaction of its own."""
        if self.deleted:
            for boost_id in await boosts.ids(conn, self.deleted.pop(), limit=100):
                await statuses.delete(conn, boost_id)

    async def _between(self, conn: Conn, verb: str, one: int, other: int) -> None:
        if verb == "follow":
            ident = await accounts.new_id(conn)
            uri = f"https://example.test/follows/{ident}"
            await follows.ask(conn, follow_id=ident, uri=uri, account_id=one, target_id=other, options=Options())
        elif verb == "block":
            if one != other:
                await blocks.add(conn, one, other, uri=None)
        else:
            act = {
                "unfollow": follows.unfollow,
                "accept": follows.accept,
                "reject": follows.reject,
                "unblock": blocks.remove,
            }[verb]
            await act(conn, one, other)

    async def _post(self, conn: Conn, account_id: int, name: int, visibility: int, answers: int | None) -> None:
        parent = await statuses.by_uri(conn, self.uri(answers)) if answers not in (None, name) else None
        status_id = await statuses.new_id(conn)
        new = statuses.New(
            id=status_id, account_id=account_id, uri=self.uri(name), url=None, is_local=False, visibility=visibility,
            created_at=datetime.now(UTC), in_reply_to_id=parent.id if parent else None,
            in_reply_to_uri=self.uri(answers) if answers is not None and parent is None and answers != name else None,
            poll=statuses.Poll(options=["a", "b", "c"], multiple=name % 2 == 0, expires_at=None, voters_count=0),
        )  # fmt: skip
        await statuses.create(conn, new)

    async def _about(self, conn: Conn, verb: str, account_id: int, name: int, choice: int = 0) -> None:
        post = await statuses.by_uri(conn, self.uri(name))
        if post is None:
            return
        if verb == "delete":
            await statuses.delete(conn, post.id)
            self.deleted.append(post.id)
        elif verb == "boost":
            new = statuses.New(
                id=await statuses.new_id(conn), account_id=account_id, uri=f"{post.uri}/boosts/{account_id}", url=None,
                is_local=False, visibility=0, created_at=datetime.now(UTC), reblog_of_id=post.id,
            )  # fmt: skip
            await statuses.create(conn, new)
        elif verb == "unboost":
            mine = await boosts.of_account(conn, account_id, post.id)
            if mine is not None:
                await statuses.delete(conn, mine)
        elif verb == "like":
            await favourites.add(conn, account_id=account_id, status_id=post.id)
        elif verb in ("keep", "drop"):
            if account_id not in self.people[: PEOPLE // 2]:
                return  # only people here keep posts
            await (bookmarks.add if verb == "keep" else bookmarks.remove)(
                conn, account_id=account_id, status_id=post.id
            )
        elif verb == "unlike":
            await favourites.remove(conn, account_id=account_id, status_id=post.id)
        elif post.poll_id is not None:
            await polls.vote(conn, poll_id=post.poll_id, account_id=account_id, ballots=[polls.Ballot(choice)])


async def _drift(conn: Conn) -> dict[str, int]:
    return {name: len(found) for name, query in _DRIFT.items() if (found := await conn.fetch(query))}


async def _world(conn: Conn, label: str) -> World:
    people = [await factories.local(conn, f"{label}{number}") for number in range(PEOPLE // 2)]
    people += [await factories.remote(conn, f"{label}{number}") for number in range(PEOPLE - PEOPLE // 2)]
    await conn.execute("update accounts set locked = true where id = any($1)", people[::2])
    return World(people)


class Enough(Exception):
    """Undoes what a run wrote."""


@given(steps=_steps)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_after_the_other(database_url: str, steps: list[tuple[Any, ...]]) -> None:
    async def run() -> dict[str, int]:
        db, found = await Database(database_url, size=2).open(), {"nothing was asked": 1}
        try:
            with contextlib.suppress(Enough):
                async with db.transaction() as conn:
                    world = await _world(conn, "one")
                    for step in steps:
                        await world.apply(conn, step)
                        await world.clean_up(conn)
                    found = await _drift(conn)
                    raise Enough
        finally:
            await db.close()
        return found

    assert asyncio.run(run()) == {}


async def test_all_at_once(database_url: str) -> None:
    """The same steps from several sides at the same time: some are refused, none leaves anything wrong behind."""
    db = await Database(database_url, size=6).open()
    try:
        async with db.transaction() as conn:
            world = await _world(conn, "two")

        async def side(number: int) -> None:
            chosen = random.Random(number)
            verbs = ["post", "boost", "unboost", "like", "unlike", "keep", "drop", "vote", "delete"]
            verbs += ["follow", "unfollow", "accept", "block", "unblock", "reject"]
            for _ in range(60):
                verb, who = chosen.choice(verbs), chosen.randrange(PEOPLE)
                step: tuple[Any, ...] = (verb, who, chosen.randrange(PEOPLE))
                if verb == "post":
                    step = (verb, who, chosen.randrange(POSTS), chosen.randrange(4), chosen.randrange(POSTS))
                elif verb == "vote":
                    step = (verb, who, chosen.randrange(POSTS), chosen.randrange(3))
                async with db.transaction() as conn:
                    await world.apply(conn, step)
                async with db.transaction() as conn:
                    await world.clean_up(conn)

        await asyncio.gather(*(side(number) for number in range(5)))
        async with db.read() as conn:
            assert await _drift(conn) == {}
    finally:
        await db.close()
