"""Who is told live about a post, its change and its end."""

from typing import Any

import pytest

from fedi.effects import cleanup, distribute
from fedi.effects.context import TOPIC
from tests.support import factories
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio


class Ear:
    """Hears what the bus carries to those who stream: event → channels of each id."""

    def __init__(self, server: Node) -> None:
        self._items: list[Any] = []
        server.app.bus.subscribe(TOPIC, self._items.append)

    def heard(self, event: str, ident: str) -> set[str]:
        return {channel for channels, name, about, *_more in self._items if (name, about) == (event, int(ident))
                for channel in channels}  # fmt: skip


async def follow(person: Person, other: Person) -> None:
    await person.post(f"/api/v1/accounts/{other.id}/follow")


async def test_a_public_post_goes_to_readers_tags_and_the_public(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    await follow(bob, alice)
    await drain(server)
    ear = Ear(server)
    post = await alice.posts("a #Cat")
    await drain(server)
    assert ear.heard("update", post["id"]) == {
        f"user:{alice.id}", f"user:{bob.id}", "public", "public:local", "hashtag:cat", "hashtag:local:cat",
    }  # fmt: skip


@pytest.mark.parametrize("visibility", ["unlisted", "private", "direct"])
async def test_what_is_not_public_goes_to_readers_only(server: Node, visibility: str) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    await follow(bob, alice)
    await drain(server)
    ear = Ear(server)
    post = await alice.posts("#cat @bob", visibility=visibility)
    await drain(server)
    assert ear.heard("update", post["id"]) == {f"user:{alice.id}", f"user:{bob.id}"}


async def test_answers_to_others_and_boosts_stay_out_of_the_public_stream(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await alice.posts("hello")
    await drain(server)
    ear = Ear(server)
    answer = await bob.replies(post, "a #cat")
    boost = await bob.post(f"/api/v1/statuses/{post['id']}/reblog")
    await drain(server)
    assert ear.heard("update", answer["id"]) == {f"user:{bob.id}", "hashtag:cat", "hashtag:local:cat"}
    assert ear.heard("update", boost["id"]) == {f"user:{bob.id}"}


async def test_remote_posts_with_media_and_those_of_limited_people(server: Node) -> None:
    ear = Ear(server)
    async with server.db.transaction() as conn:
        far = await factories.remote(conn, "far")
        medium = await conn.fetchval(
            "insert into media_attachments (account_id, remote_url) values ($1, 'https://remote.test/x') returning id",
            far,
        )
        picture = await factories.status(conn, far, media_ids=[medium])
        late = await factories.status(conn, far, quiet=True)
    await drain(server)
    async with server.db.transaction() as conn:
        await conn.execute("update accounts set silenced_at = now() where id = $1", far)
        limited = await factories.status(conn, far)
    await drain(server)
    assert ear.heard("update", str(picture)) == {"public", "public:remote", "public:media", "public:remote:media"}
    assert ear.heard("update", str(late)) == set()
    assert ear.heard("update", str(limited)) == set()


async def test_a_list_hears_of_its_members(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    await follow(bob, alice)
    async with server.db.transaction() as conn:
        list_id = await conn.fetchval(
            "insert into lists (account_id, title) values ($1, 'x') returning id", bob.account_id
        )
        await conn.execute("insert into list_accounts (list_id, account_id) values ($1, $2)", list_id, alice.account_id)
    await drain(server)
    ear = Ear(server)
    post = await alice.posts("hello", visibility="unlisted")
    await drain(server)
    await alice.api("DELETE", f"/api/v1/statuses/{post['id']}")
    await drain(server)
    wanted = {f"user:{alice.id}", f"user:{bob.id}", f"list:{list_id}"}
    assert ear.heard("update", post["id"]) == wanted
    assert ear.heard("delete", post["id"]) == wanted


async def test_an_edit_and_a_deletion_reach_all_who_have_the_post(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    await follow(bob, alice)
    await drain(server)
    post = await alice.posts("#cat")
    await drain(server)
    ear = Ear(server)
    await alice.api("PUT", f"/api/v1/statuses/{post['id']}", json={"status": "#cat, changed"})
    await drain(server)
    await alice.api("DELETE", f"/api/v1/statuses/{post['id']}")
    await drain(server)
    wanted = {
        f"user:{alice.id}", f"user:{bob.id}", "public", "public:local", "hashtag:cat", "hashtag:local:cat",
    }  # fmt: skip
    assert ear.heard("status.update", post["id"]) == wanted
    assert ear.heard("delete", post["id"]) == wanted


async def test_each_boost_of_a_deleted_post_is_deleted_by_its_own_event_in_steps(
    server: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleanup, "BOOSTS", 2)
    monkeypatch.setattr(cleanup, "HOMES", 2)
    alice = await server.person("alice")
    post = await alice.posts("hello")
    boosts = []
    async with server.db.transaction() as conn:
        for number in range(5):
            fan = await factories.local(conn, f"fan{number}")
            await factories.follow(conn, fan, alice.account_id)
            boosts.append(await factories.status(conn, fan, reblog_of_id=int(post["id"])))
    await drain(server)
    ear = Ear(server)
    await alice.api("DELETE", f"/api/v1/statuses/{post['id']}")
    await drain(server)
    assert all(ear.heard("delete", str(boost)) for boost in boosts)
    async with server.db.read() as conn:
        assert await conn.fetchval("select count(*) from statuses") == 0
        assert await conn.fetchval("select count(*) from home") == 0
        assert await conn.fetchval("select count(*) from notifications") == 0


def test_messages_fit_the_bus() -> None:
    made = distribute.messages(distribute.users(10**18 + number for number in range(1001)), "update", 10**18)
    assert [len(message.channels) for message in made] == [200] * 5 + [1]
    assert all(sum(len(channel) + 3 for channel in message.channels) < 7000 for message in made)
