"""Ids to entities: complete, right for the viewer, and in a fixed number of queries."""

from collections.abc import Sequence

import msgspec
import pytest

from fedi import entities, errors
from fedi.context import App
from fedi.entities.status import Status
from storage import statuses, tags
from storage.db import Conn
from tests.support import checker, factories
from tests.support.servers import Node, queries

pytestmark = pytest.mark.anyio

EMOJI = "insert into custom_emojis (shortcode, domain, remote_url) values ($1, $2, $3)"


async def load(app: App, ids: Sequence[int], viewer_id: int | None, **more: object) -> list[Status]:
    async with app.db.read() as conn:
        found = await entities.statuses(app, conn, ids, viewer_id, **more)  # type: ignore[arg-type]
    body = msgspec.to_builtins(found)
    assert checker.check("GET", "/api/v1/timelines/home" if viewer_id else "/api/v1/timelines/public", 200, body) == []
    return found


async def rich_page(conn: Conn, viewer: int) -> list[int]:
    """Twenty posts with everything, each by somebody else, and a boost of each by somebody else again."""
    ids = []
    for number in range(20):
        author = await factories.remote(conn, f"author{number}", emojis=["blob"], display_name="Me :blob:")
        booster = await factories.remote(conn, f"booster{number}")
        await conn.execute(EMOJI + " on conflict do nothing", "blob", "remote.test", "https://remote.test/blob.png")
        medium = await conn.fetchval(
            """
            insert into media_attachments (account_id, type, remote_url, width, height, blurhash, description)
            values ($1, 'image', 'https://remote.test/picture.jpg', 640, 480, 'UBMOZfK1', 'a picture') returning id
            """,
            author,
        )
        status_id = await factories.status(
            conn,
            author,
            content="<p>hello :blob:</p>",
            emojis=["blob"],
            media_ids=[medium],
            mentions=[viewer],
            tags=["Cats", "dogs"],
            language="en",
            poll=statuses.Poll(options=["yes :blob:", "no"], multiple=False, expires_at=None),
        )
        ids.append(status_id)
        ids.append(await factories.status(conn, booster, reblog_of_id=status_id))
    return ids


async def test_a_page_takes_five_queries_at_first_and_three_afterwards(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        ids = await rich_page(conn, alice.account_id)
    with queries(at_most=5):
        first = await load(server.app, ids, alice.account_id)
    with queries(at_most=3):
        second = await load(server.app, ids, alice.account_id)
    assert len(first) == 40
    assert first == second


async def test_everything_that_belongs_to_a_status_is_there(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        status_id, boost_id = (await rich_page(conn, alice.account_id))[:2]
        await conn.execute(
            "insert into poll_votes (poll_id, account_id, choice) select id, $1, 1 from polls where status_id = $2",
            alice.account_id,
            status_id,
        )
    status, boost = await load(server.app, [status_id, boost_id], alice.account_id)
    assert status.content == "<p>hello :blob:</p>"
    assert status.account.acct == "author0@remote.test"
    assert [each.url for each in status.account.emojis] == ["https://remote.test/blob.png"]
    assert [each.shortcode for each in status.emojis] == ["blob"]
    assert [(each.url, each.description) for each in status.media_attachments] == [
        ("https://remote.test/picture.jpg", "a picture")
    ]
    assert [(each.acct, each.url) for each in status.mentions] == [("alice", "https://example.test/@alice")]
    assert [(each.name, each.url) for each in status.tags] == [
        ("cats", "https://example.test/tags/cats"),
        ("dogs", "https://example.test/tags/dogs"),
    ]
    assert status.application is None
    assert status.poll is not None
    assert status.poll.own_votes == [1]
    assert [each.shortcode for each in status.poll.emojis] == ["blob"]
    assert boost.reblog == status
    assert (boost.content, boost.media_attachments, boost.mentions, boost.tags) == ("", [], [], [])
    assert boost.account.acct == "booster0@remote.test"


async def test_media_stand_in_the_order_of_the_post(server: Node) -> None:
    async with server.db.transaction() as conn:
        author = await factories.remote(conn, "author")
        media = [
            await conn.fetchval(
                "insert into media_attachments (account_id, remote_url) values ($1, $2) returning id",
                author, f"https://remote.test/{number}.png",
            )
            for number in range(3)
        ]  # fmt: skip
        order = [media[2], media[0], media[1]]
        status_id = await factories.status(conn, author, media_ids=order)
    (status,) = await load(server.app, [status_id], None)
    assert [each.id for each in status.media_attachments] == [str(each) for each in order]


async def test_a_silent_mention_lets_read_and_is_not_shown(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        author = await factories.remote(conn, "author")
        status_id = await factories.status(conn, author, visibility=3, silent_mentions=[alice.account_id])
    (status,) = await load(server.app, [status_id], alice.account_id)
    assert status.mentions == []
    assert await load(server.app, [status_id], None) == []


async def test_marks_are_the_same_on_a_boost_and_on_what_it_boosts(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        author = await factories.remote(conn, "author")
        status_id = await factories.status(conn, author)
        boost_id = await factories.status(conn, alice.account_id, reblog_of_id=status_id)
        await conn.execute("update marks set flags = 1 | 2 | 4 where status_id = $1", status_id)
        await conn.execute(
            "insert into conversation_mutes (account_id, thread_id) values ($1, $2)", alice.account_id, status_id
        )
    (boost,) = await load(server.app, [boost_id], alice.account_id)
    assert boost.reblog is not None
    for status in (boost, boost.reblog):
        assert (status.favourited, status.bookmarked, status.reblogged, status.muted) == (True, True, True, True)
    assert boost.reblog.reblogs_count == 1


async def test_the_public_sees_no_flags(server: Node) -> None:
    async with server.db.transaction() as conn:
        status_id = await factories.status(conn, await factories.remote(conn, "author"))
    (status,) = await load(server.app, [status_id], None)
    body = msgspec.to_builtins(status)
    assert not {"favourited", "reblogged", "muted", "bookmarked", "pinned", "filtered"} & body.keys()


async def test_only_what_is_ones_own_and_not_direct_says_whether_it_is_pinned(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        mine = await factories.status(conn, alice.account_id)
        direct = await factories.status(conn, alice.account_id, visibility=3)
        other = await factories.status(conn, await factories.remote(conn, "author"))
        boost = await factories.status(conn, alice.account_id, reblog_of_id=mine)
    found = await load(server.app, [mine, direct, other, boost], alice.account_id)
    pinned = ["pinned" in msgspec.to_builtins(status) for status in found]
    assert pinned == [True, False, False, False]


async def test_a_changed_status_or_author_is_rendered_anew(server: Node) -> None:
    async with server.db.transaction() as conn:
        author = await factories.remote(conn, "author", display_name="Old")
        status_id = await factories.status(conn, author)
    await load(server.app, [status_id], None)
    async with server.db.transaction() as conn:
        row = await statuses.by_id(conn, status_id)
        assert row is not None
        change = statuses.Edit(
            content="<p>new</p>",
            text=None,
            spoiler_text="",
            sensitive=False,
            language=None,
            media_ids=[],
            emojis=[],
            edited_at=row.created_at,
        )
        await statuses.edit(conn, row, change)
        await factories.remote(conn, "author", display_name="New")
    (status,) = await load(server.app, [status_id], None)
    assert (status.content, status.account.display_name) == ("<p>new</p>", "New")
    assert status.edited_at is not None


async def test_counters_are_those_of_now(server: Node) -> None:
    async with server.db.transaction() as conn:
        author = await factories.remote(conn, "author")
        status_id = await factories.status(conn, author)
    await load(server.app, [status_id], None)
    async with server.db.transaction() as conn:
        await factories.status(conn, await factories.remote(conn, "fan"), reblog_of_id=status_id)
        await conn.execute("update account_stats set followers_count = 7 where account_id = $1", author)
    (status,) = await load(server.app, [status_id], None)
    assert (status.reblogs_count, status.account.followers_count) == (1, 7)


async def test_a_boost_of_what_the_viewer_may_not_see_is_not_there(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        author, booster = await factories.remote(conn, "author"), await factories.remote(conn, "booster")
        status_id = await factories.status(conn, author)
        boost_id = await factories.status(conn, booster, reblog_of_id=status_id)
    assert len(await load(server.app, [boost_id], alice.account_id)) == 1
    async with server.db.transaction() as conn:
        await conn.execute("insert into blocks (account_id, target_id) values ($1, $2)", author, alice.account_id)
    assert await load(server.app, [boost_id], alice.account_id) == []
    assert len(await load(server.app, [boost_id], None)) == 1
    async with server.db.transaction() as conn:
        await conn.execute("update accounts set suspended_at = now() where id = $1", author)
    assert await load(server.app, [boost_id], None) == []


async def test_an_account_without_pictures_has_ours_and_a_suspended_one_is_empty(server: Node) -> None:
    async with server.db.transaction() as conn:
        plain = await factories.remote(conn, "plain")
        gone = await factories.remote(
            conn, "gone", display_name="Gone", note="<p>bad</p>", avatar_remote_url="https://remote.test/a.png"
        )
        await conn.execute("update accounts set suspended_at = now(), version = version + 1 where id = $1", gone)
        found = await entities.accounts(server.app, conn, [gone, plain])
    assert [account.avatar for account in found] == ["https://example.test/avatars/original/missing.png"] * 2
    assert found[1].header == "https://example.test/headers/original/missing.png"
    assert (found[0].display_name, found[0].note, found[0].suspended) == ("", "", True)


async def test_a_moved_account_shows_where_to(server: Node) -> None:
    async with server.db.transaction() as conn:
        old, new = await factories.remote(conn, "old"), await factories.remote(conn, "new", "other.test")
        await conn.execute("update accounts set moved_to_id = $2, version = version + 1 where id = $1", old, new)
        with queries(at_most=1):
            account = await entities.account(server.app, conn, old)
    assert isinstance(account.moved, entities.Account)
    assert account.moved.acct == "new@other.test"


async def test_the_owner_sees_settings_requests_and_role(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        asker = await factories.remote(conn, "asker")
        await conn.execute(
            "insert into follow_requests (account_id, target_id, uri) values ($1, $2, 'x')", asker, alice.account_id
        )
        account = await entities.credential_account(server.app, conn, alice.account_id, alice.user_id)
    body = msgspec.to_builtins(account)
    assert checker.check("GET", "/api/v1/accounts/verify_credentials", 200, body) == []
    assert account.source.follow_requests_count == 1
    assert account.source.privacy == "public"
    with pytest.raises(errors.NotFound):
        async with server.db.read() as conn:
            await entities.account(server.app, conn, 12345)


async def add_filter(conn: Conn, owner: int, keyword: str, *, action: str, context: str) -> int:
    filter_id: int = await conn.fetchval(
        "insert into filters (account_id, title, context, action) values ($1, $2, array[$3], $4) returning id",
        owner, keyword, context, action,
    )  # fmt: skip
    await conn.execute("insert into filter_keywords (filter_id, keyword) values ($1, $2)", filter_id, keyword)
    return filter_id


async def test_filters_match_whole_words_of_text_warning_options_and_descriptions(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        await add_filter(conn, alice.account_id, "cat", action="warn", context="home")
        author = await factories.remote(conn, "author")
        medium = await conn.fetchval(
            "insert into media_attachments (account_id, remote_url, description) "
            "values ($1, 'https://remote.test/x.png', 'my cat') returning id", author,
        )  # fmt: skip
        poll = statuses.Poll(options=["Cat", "dog"], multiple=False, expires_at=None)
        matching = [
            await factories.status(conn, author, content="<p>a <b>Cat</b>.</p>"),
            await factories.status(conn, author, spoiler_text="cat"),
            await factories.status(conn, author, media_ids=[medium]),
            await factories.status(conn, author, poll=poll),
        ]
        other = [
            await factories.status(conn, author, content='<p>concat <a href="/cat">x</a></p>'),
            await factories.status(conn, alice.account_id, content="<p>cat</p>"),
        ]
    found = await load(server.app, matching + other, alice.account_id, filter_context="home")
    words = [[match.keyword_matches for match in status.filtered or ()] for status in found]
    assert words == [[["cat"]]] * 4 + [[]] * 2


async def test_a_hiding_filter_removes_from_its_own_context_only(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        await add_filter(conn, alice.account_id, "cat", action="hide", context="home")
        author = await factories.remote(conn, "author")
        status_id = await factories.status(conn, author, content="<p>cat</p>")
        boost_id = await factories.status(conn, author, reblog_of_id=status_id)
    assert await load(server.app, [status_id, boost_id], alice.account_id, filter_context="home") == []
    assert len(await load(server.app, [status_id, boost_id], alice.account_id, filter_context="public")) == 2
    assert len(await load(server.app, [status_id], alice.account_id, filter_context="notifications")) == 1


async def test_relationships_come_in_one_query_and_in_order(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        people = [await factories.remote(conn, f"person{number}") for number in range(3)]
        me = alice.account_id
        await factories.follow(conn, me, people[0], show_reblogs=False, languages=["en"])
        await factories.follow(conn, people[1], me)
        await conn.execute("insert into mutes (account_id, target_id) values ($1, $2)", me, people[1])
        await conn.execute("insert into blocks (account_id, target_id) values ($1, $2)", people[2], me)
        await conn.execute("insert into account_domain_blocks (account_id, domain) values ($1, 'remote.test')", me)
        with queries(at_most=1):
            found = await entities.relationships(conn, me, [people[2], 99, people[0], people[1]])
    assert checker.check("GET", "/api/v1/accounts/relationships", 200, msgspec.to_builtins(found)) == []
    blocker, followed, follower = found
    assert (blocker.blocked_by, blocker.following, blocker.domain_blocking) == (True, False, True)
    assert (followed.following, followed.showing_reblogs, followed.languages) == (True, False, ["en"])
    assert (follower.followed_by, follower.muting, follower.muting_notifications) == (True, True, True)


async def test_a_tag_nobody_used_is_shown_with_an_empty_week(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        await factories.status(conn, await factories.remote(conn, "author"), tags=["Cats"])
        cats = await tags.by_name(conn, "cats")
        assert cats is not None
        await conn.execute("insert into tag_follows (tag_id, account_id) values ($1, $2)", cats.id, alice.account_id)
        with queries(at_most=1):
            found = await entities.tags(server.app, conn, [cats, "Never"], alice.account_id)
    assert [(tag.name, tag.following, tag.history[0].uses) for tag in found] == [
        ("cats", True, "1"),
        ("never", False, "0"),
    ]
    assert all(len(tag.history) == 7 for tag in found)
