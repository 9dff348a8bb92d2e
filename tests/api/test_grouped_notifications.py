"""Notifications in groups: what belongs together, how pages of them are read, and words for apps that know fewer."""

import itertools
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import reports, warnings
from tests.support import factories
from tests.support.servers import Node, Person, drain, queries

pytestmark = pytest.mark.anyio

V1, V2 = "/api/v1/notifications", "/api/v2/notifications"


async def people(server: Node, *names: str) -> list[Person]:
    return [await server.person(name) for name in names]


async def groups(person: Person, **params: Any) -> list[tuple[str, int]]:
    """(type, how many), newest first."""
    found = await person.get(V2, **params)
    return [(each["type"], each["notifications_count"]) for each in found["notification_groups"]]


async def liked(server: Node, *fans: str) -> tuple[Person, Any, list[Person]]:
    """Alice's post, and those who like it one after the other."""
    alice = await server.person("alice")
    post = await alice.posts("hello")
    found = await people(server, *fans)
    for fan in found:
        await fan.post(f"/api/v1/statuses/{post['id']}/favourite")
        await drain(server)
    return alice, post, found


# ------------------------------------------------------------ what is a group


async def test_likes_of_one_post_are_one_group_with_all_that_is_needed_to_show_it(server: Node) -> None:
    alice, post, fans = await liked(server, "bob", "carol", "dave")
    rows = await alice.get(V1)
    found = await alice.get(V2)
    [group] = found["notification_groups"]
    assert group == {
        "group_key": rows[0]["group_key"],
        "type": "favourite",
        "notifications_count": 3,
        "most_recent_notification_id": int(rows[0]["id"]),
        "page_min_id": rows[2]["id"],
        "page_max_id": rows[0]["id"],
        "latest_page_notification_at": rows[0]["created_at"],
        "sample_account_ids": [fan.id for fan in reversed(fans)],
        "status_id": post["id"],
    }
    assert {row["group_key"] for row in rows} == {group["group_key"]}
    assert [each["id"] for each in found["statuses"]] == [post["id"]]
    assert [each["id"] for each in found["accounts"]] == group["sample_account_ids"]


async def test_what_is_done_to_another_post_or_in_another_way_is_another_group(server: Node) -> None:
    alice, bob, carol = await people(server, "alice", "bob", "carol")
    first, second = await alice.posts("one"), await alice.posts("two")
    for fan in (bob, carol):
        for post in (first, second):
            await fan.post(f"/api/v1/statuses/{post['id']}/favourite")
        await fan.post(f"/api/v1/statuses/{first['id']}/reblog")
        await fan.follow(alice)
        await fan.posts("@alice hello")
        await drain(server)
    assert sorted(await groups(alice)) == [
        ("favourite", 2), ("favourite", 2), ("follow", 2), ("mention", 1), ("mention", 1), ("reblog", 2),
    ]  # fmt: skip


async def test_a_group_ends_after_half_a_day(server: Node) -> None:
    alice, post, _fans = await liked(server, "bob")
    await _older(server, hours=11)
    for name in ("carol", "dave"):
        fan = await server.person(name)
        await fan.post(f"/api/v1/statuses/{post['id']}/favourite")
        await drain(server)
        await _older(server, hours=1)
    assert await groups(alice) == [("favourite", 1), ("favourite", 2)]


async def _older(server: Node, *, hours: int) -> None:
    """As if so much time had passed since what was told."""
    async with server.db.transaction() as conn:
        await conn.execute(
            """
            update notifications set group_key = regexp_replace(group_key, '[0-9]+$', '')
                || (substring(group_key from '[0-9]+$')::int - $1)
            """,
            hours,
        )


async def test_sign_ups_are_a_group_for_moderators(server: Node) -> None:
    moderator = await server.person("moderator", role="moderator")
    await drain(server)
    await people(server, "bob", "carol")
    await drain(server)
    [group] = (await moderator.get(V2))["notification_groups"]
    assert (group["type"], group["notifications_count"]) == ("admin.sign_up", 2)
    assert "status_id" not in group


async def test_an_app_says_which_types_it_can_show_as_groups(server: Node) -> None:
    alice, _post, fans = await liked(server, "bob", "carol")
    for fan in fans:
        await fan.follow(alice)
    await drain(server)
    assert await groups(alice, **{"grouped_types[]": "favourite"}) == [("follow", 1), ("follow", 1), ("favourite", 2)]
    assert len(await groups(alice, **{"grouped_types[]": "mention"})) == 4
    found = await alice.get(V2, **{"grouped_types[]": "follow"})
    alone = found["notification_groups"][1]
    assert alone["group_key"] == f"ungrouped-{alone['most_recent_notification_id']}"
    assert await alice.get(f"{V2}/unread_count", **{"grouped_types[]": "follow"}) == {"count": 3}
    shown = await alice.get(f"{V2}/{alone['group_key']}")
    assert shown["notification_groups"][0]["notifications_count"] == 1


async def test_everything_the_first_version_tells_is_in_the_second(server: Node) -> None:
    """Polls, edits and follow requests too: they are groups of one."""
    alice, bob = await people(server, "alice", "bob")
    post = await alice.posts("well?", poll={"options": ["a", "b"], "expires_in": 300})
    await bob.post(f"/api/v1/statuses/{post['id']}/reblog")
    async with server.db.transaction() as conn:
        for kind in ("poll", "update", "status", "follow_request"):
            status_id = None if kind == "follow_request" else int(post["id"])
            await conn.execute(
                "insert into notifications (account_id, from_account_id, type, status_id) values ($1, $2, $3, $4)",
                bob.account_id, alice.account_id, kind, status_id,
            )  # fmt: skip
    rows = await bob.get(V1)
    found = (await bob.get(V2))["notification_groups"]
    assert [each["type"] for each in found] == [row["type"] for row in rows]
    assert [each["group_key"] for each in found] == [row["group_key"] for row in rows]
    assert [each["page_max_id"] for each in found] == [row["id"] for row in rows]


# ------------------------------------------------------------ one group


async def test_the_people_of_a_group_are_listed_in_pages(server: Node) -> None:
    alice, _post, fans = await liked(server, *[f"fan{number}" for number in range(10)])
    [group] = (await alice.get(V2))["notification_groups"]
    everybody = [fan.id for fan in reversed(fans)]
    assert group["sample_account_ids"] == everybody[:8]
    path, seen = f"{V2}/{group['group_key']}/accounts?limit=4", []
    while path:
        response = await alice.call("GET", path)
        seen += [each["id"] for each in response.json()]
        path = response.links.get("next", {}).get("url", "")
    assert seen == everybody
    assert "prev" in response.links
    with queries(at_most=6):
        await alice.get(f"{V2}/{group['group_key']}/accounts")


async def test_a_group_is_dismissed_at_once(server: Node) -> None:
    alice, _post, fans = await liked(server, "bob", "carol")
    await fans[0].posts("@alice hello")
    await drain(server)
    mention, likes = (await alice.get(V2))["notification_groups"]
    assert await alice.post(f"{V2}/{likes['group_key']}/dismiss") == {}
    assert await groups(alice) == [("mention", 1)]
    await alice.api("GET", f"{V2}/{likes['group_key']}", status=404)
    await alice.api("GET", f"{V2}/{likes['group_key']}/accounts", status=404)
    assert await alice.post(f"{V2}/{mention['group_key']}/dismiss") == {}
    assert await alice.post(f"{V2}/{mention['group_key']}/dismiss") == {}
    assert await alice.get(V1) == []


async def test_a_group_of_somebody_else_does_not_exist(server: Node) -> None:
    alice, _post, [bob] = await liked(server, "bob")
    [group] = (await alice.get(V2))["notification_groups"]
    alone = f"ungrouped-{group['most_recent_notification_id']}"
    for key in (group["group_key"], alone, "ungrouped-x", "ungrouped-99999999999999999999", "nonsense", "%00"):
        await bob.api("GET", f"{V2}/{key}", status=404)
        await bob.api("GET", f"{V2}/{key}/accounts", status=404)
        await bob.post(f"{V2}/{key}/dismiss", status=404 if key == "%00" else 200)
    await bob.api("DELETE", f"{V1}/{group['most_recent_notification_id']}", status=404)
    await bob.post(f"{V1}/dismiss", {"id": group["most_recent_notification_id"]}, status=404)
    await bob.api("DELETE", f"{V1}/destroy_multiple", json={"ids": [group["most_recent_notification_id"]]})
    await bob.post(f"{V2}/clear")
    assert await groups(alice) == [("favourite", 1)]


async def test_the_older_way_to_dismiss_needs_an_id(server: Node) -> None:
    alice = await server.person("alice")
    await alice.post(f"{V1}/dismiss", status=400)
    await alice.post(f"{V1}/dismiss", {"id": "x"}, status=422)


async def test_the_token_must_hold_the_scope(server: Node) -> None:
    writer = await server.person("writer", scopes="write:notifications read:statuses")
    reader = await server.person("reader", scopes="read:notifications write:statuses")
    for path in (V2, f"{V2}/unread_count", f"{V2}/policy", f"{V1}/policy", f"{V1}/requests", f"{V2}/x/accounts"):
        await writer.api("GET", path, status=403)
    for path in (f"{V2}/clear", f"{V2}/x/dismiss", f"{V1}/requests/accept", f"{V1}/requests/1/dismiss"):
        await reader.post(path, status=403)
    await reader.api("PATCH", f"{V2}/policy", json={"for_bots": "drop"}, status=403)


# ------------------------------------------------------------ pages


async def test_faces_are_enough_for_all_but_the_latest(server: Node) -> None:
    alice, _post, [bob, carol, dave] = await liked(server, "bob", "carol", "dave")
    found = await alice.get(V2, expand_accounts="partial_avatars")
    assert [each["id"] for each in found["accounts"]] == [dave.id]
    assert [each["id"] for each in found["partial_accounts"]] == [carol.id, bob.id]
    assert "partial_accounts" not in await alice.get(V2, expand_accounts="full")
    await alice.api("GET", V2, params={"expand_accounts": "none"}, status=400)


async def test_groups_are_narrowed_by_type_and_person(server: Node) -> None:
    alice, _post, [bob, carol] = await liked(server, "bob", "carol")
    await bob.posts("@alice hello")
    await carol.follow(alice)
    await drain(server)
    assert await groups(alice, **{"types[]": ["favourite", "x"]}) == [("favourite", 2)]
    assert await groups(alice, **{"types[]": "x"}) == []
    assert await groups(alice, **{"exclude_types[]": ["favourite", "follow"]}) == [("mention", 1)]
    assert sorted(await groups(alice, account_id=bob.id)) == [("favourite", 1), ("mention", 1)]
    assert await alice.get(f"{V2}/unread_count", **{"types[]": "favourite"}) == {"count": 1}
    assert await alice.get(f"{V2}/unread_count", account_id=carol.id, limit=1) == {"count": 1}


async def test_unread_groups_are_counted_from_the_marker(server: Node) -> None:
    alice, _post, [bob, *_] = await liked(server, "bob", "carol")
    await bob.posts("@alice hello")
    await drain(server)
    rows = await alice.get(V1)
    assert await alice.get(f"{V2}/unread_count") == {"count": 2}
    await alice.post("/api/v1/markers", {"notifications": {"last_read_id": rows[2]["id"]}})
    assert await alice.get(f"{V2}/unread_count") == {"count": 2}
    await alice.post("/api/v1/markers", {"notifications": {"last_read_id": rows[1]["id"]}})
    assert await alice.get(f"{V2}/unread_count") == {"count": 1}


async def test_what_a_filter_hides_is_left_out_and_the_page_filled_up(server: Node) -> None:
    alice, bob = await people(server, "alice", "bob")
    for number in range(6):
        await bob.posts(f"@alice {'spam' if number in (3, 4) else 'hello'} {number}")
        await drain(server)
    rows = await alice.get(V1)
    keywords = [{"keyword": "spam"}]
    body = {"title": "x", "context": ["notifications"], "filter_action": "hide", "keywords_attributes": keywords}
    await alice.post("/api/v2/filters", body)
    response = await alice.call("GET", V2, params={"limit": 3})
    found = response.json()
    assert [each["page_max_id"] for each in found["notification_groups"]] == [rows[place]["id"] for place in (0, 3, 4)]
    assert len(found["statuses"]) == 3
    assert f"max_id={rows[4]['id']}" in response.links["next"]["url"]


async def test_a_page_takes_few_queries_however_long_it_is(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        fans = [await factories.remote(conn, f"fan{number}") for number in range(10)]
        posts = [await factories.status(conn, alice.account_id) for _ in range(85)]
        await conn.execute(
            """
            insert into notifications (account_id, from_account_id, type, status_id, group_key)
            select $1, f, 'favourite', s, 'favourite-' || s || '-1'
            from unnest($3::bigint[]) s, unnest($2::bigint[]) f
            """,
            alice.account_id, fans, posts,
        )  # fmt: skip
    assert len(await groups(alice)) == 40
    assert await groups(alice, limit=0) == []
    server.app.memory.pop("fedi.entities.bundle", None)
    with queries(at_most=7):  # one of them finds out who asks
        found = await groups(alice, limit=100)
    assert found == [("favourite", 10)] * 80
    assert await alice.get(f"{V2}/unread_count") == {"count": 85}
    assert await alice.get(f"{V2}/unread_count", limit=5) == {"count": 5}


class Told:
    """What a list of the first version holds: (id, group key), newest first."""

    def __init__(self, rows: list[tuple[int, str]]) -> None:
        self.rows = rows

    def page(
        self, limit: int, max_id: int | None, since_id: int | None, min_id: int | None
    ) -> list[tuple[str, int, int]]:
        """(key, least and greatest id) of the groups of a page, newest first."""
        lower = since_id if min_id is None else min_id
        inside = [row for row in self.rows if row[0] < (max_id or 2**63) and row[0] > (lower or 0)]
        covered, met = list[tuple[int, str]](), set[str]()
        for row in inside if min_id is None else reversed(inside):
            if len(met) == limit:
                break  # A full page ends with the first row of its last group: what is beyond is on other pages.
            met.add(row[1])
            covered.append(row)
        found = []
        for key, members in itertools.groupby(sorted(covered, key=lambda row: row[1]), key=lambda row: row[1]):
            ids = [row[0] for row in members]
            found.append((key, min(ids), max(ids)))
        return sorted(found, key=lambda group: -group[2])


@pytest.fixture
async def told(server: Node) -> tuple[Person, Told]:
    """Alice, told of much, in groups that mix."""
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        fans = [await factories.remote(conn, f"fan{number}") for number in range(6)]
        posts = [await factories.status(conn, alice.account_id) for _ in range(3)]
        for number, (fan, post) in enumerate(itertools.product(fans, posts)):
            kind = "favourite" if number % 4 else "mention"
            await conn.execute(
                """
                insert into notifications (account_id, from_account_id, type, status_id, group_key)
                values ($1, $2, $3, $4, $5)
                """,
                alice.account_id, fan, kind, post, None if kind == "mention" else f"favourite-{post}-{number // 9}",
            )  # fmt: skip
    rows = await alice.get(V1)
    return alice, Told([(int(row["id"]), row["group_key"]) for row in rows])


# Places in the list and beside it.
_CURSORS = st.none() | st.integers(-2, 20)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=st.integers(1, 8), before=_CURSORS, since=_CURSORS, after=_CURSORS)
async def test_a_page_holds_the_very_groups_that_belong_there(
    told: tuple[Person, Told], limit: int, before: int | None, since: int | None, after: int | None
) -> None:
    alice, known = told
    lowest = known.rows[-1][0]
    max_id, since_id, min_id = [None if each is None else lowest + each for each in (before, since, after)]
    given_cursors = {"max_id": max_id, "since_id": since_id, "min_id": min_id}
    params = {"limit": limit, **{name: value for name, value in given_cursors.items() if value is not None}}
    response = await alice.call("GET", V2, params=params)
    found = [
        (each["group_key"], int(each["page_min_id"]), int(each["page_max_id"]))
        for each in response.json()["notification_groups"]
    ]
    assert found == known.page(limit, max_id, since_id, min_id)
    assert ("Link" in response.headers) == bool(found)
    if found:
        links = {name: parse_qs(urlsplit(link["url"]).query) for name, link in response.links.items()}
        assert links["next"]["max_id"] == [str(min(group[1] for group in found))]
        assert links["prev"]["min_id"] == [str(max(group[2] for group in found))]


@pytest.mark.parametrize("limit", [1, 3, 5])
async def test_pages_leave_no_gap_in_either_direction(told: tuple[Person, Told], limit: int) -> None:
    alice, known = told
    for path, way in ((f"{V2}?limit={limit}", "next"), (f"{V2}?limit={limit}&min_id=0", "prev")):
        seen = set[int]()
        while True:
            response = await alice.call("GET", path)
            page = response.json()["notification_groups"]
            if not page:
                break
            for each in page:
                low, high = int(each["page_min_id"]), int(each["page_max_id"])
                seen |= {row[0] for row in known.rows if row[1] == each["group_key"] and low <= row[0] <= high}
            path = response.links[way]["url"]
        assert seen == {row[0] for row in known.rows}


# ------------------------------------------------------------ words for apps that know fewer types


async def test_what_an_app_does_not_know_comes_with_words(server: Node) -> None:
    moderator, alice, bob = (
        await server.person("moderator", role="moderator"),
        await server.person("alice", locale="de"),
        await server.person("bob"),
    )
    await drain(server)
    await alice.post("/api/v1/reports", {"account_id": bob.id, "comment": "rude <b>\nwords"})
    async with server.db.transaction() as conn:
        await warnings.add(conn, alice.account_id, "none", "Mind the rules")
    await drain(server)
    [report, *_] = await moderator.get(V1, **{"supported_types[]": "mention"})
    assert report["report"]["target_account"]["id"] == bob.id
    assert report["fallback"]["title"].endswith(
        f'<a href="{server.base_url}/@bob" class="u-url mention">@<span>bob</span></a></span>'
    )
    assert report["fallback"]["details"] == "rude &lt;b&gt;<br />words"
    [group, signed_up] = (await moderator.get(V2, **{"supported_types[]": "x"}))["notification_groups"]
    assert group["fallback"] == report["fallback"]
    assert "1" in signed_up["fallback"]["title"]
    [warned] = await alice.get(V1, **{"supported_types[]": "mention"})
    assert (warned["type"], warned["account"]["id"]) == ("moderation_warning", alice.id)
    assert warned["moderation_warning"]["text"] == warned["fallback"]["details"] == "Mind the rules"
    assert "Moderation" in warned["fallback"]["title"]  # in the reader's language
    assert "fallback" in await alice.get(f"{V1}/{warned['id']}", **{"supported_types[]": "x"})
    assert "fallback" not in await alice.get(f"{V1}/{warned['id']}", **{"supported_types[]": "moderation_warning"})
    assert all("fallback" not in row for row in await moderator.get(V1))


async def test_two_reports_of_one_person_are_two_notifications(server: Node) -> None:
    moderator, alice, bob = await server.person("moderator", role="moderator"), *await people(server, "alice", "bob")
    await drain(server)
    await alice.post(f"{V1}/clear")
    for _ in range(2):
        await alice.post("/api/v1/reports", {"account_id": bob.id})
    await drain(server)
    found = await moderator.get(V1, **{"types[]": "admin.report"})
    assert len({row["report"]["id"] for row in found}) == 2
    async with server.db.read() as conn:
        assert len(await reports.by_ids(conn, [int(row["report"]["id"]) for row in found])) == 2


async def test_a_follow_request_is_told_no_more_once_it_is_answered(server: Node) -> None:
    alice = await server.person("alice", locked=True)
    bob, carol = await people(server, "bob", "carol")
    for asking in (bob, carol):
        await asking.follow(alice)
    await drain(server)
    assert await groups(alice) == [("follow_request", 1), ("follow_request", 1)]
    await alice.post(f"/api/v1/follow_requests/{bob.id}/authorize")
    await alice.post(f"/api/v1/follow_requests/{carol.id}/reject")
    await drain(server)
    assert await groups(alice) == [("follow", 1)]
