"""Every list of the client API, and a server on which each of them is long enough to have pages.

`tests/api/test_behaviours_paging.py` and `tests/api/test_query_budgets.py` go through all of them; a route that takes
cursors and is not here fails there.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from fedi import api
from fedi.http.paging import PageParams
from fedi.services.drafts import Draft
from fedi.services.scheduling import Waiting
from storage import statuses
from storage.db import Conn
from storage.visibility import DIRECT
from tests.api.walks.admin import EVERYTHING
from tests.support import factories
from tests.support.servers import Node, Person, drain


class Listing(msgspec.Struct, frozen=True):
    """`path`, with names of the scene in braces. `route`: which of ROUTES it is."""

    path: str
    route: str
    ends: bool = True
    """Of a list by relation the end is known: its last page names no next one."""
    pages: bool = True
    """Whether it takes cursors."""
    everything_at_zero: bool = False
    """Whether `limit=0` means all instead of nothing."""


LISTINGS = [
    Listing("/api/v1/timelines/home", "/api/v1/timelines/home", ends=False),
    Listing("/api/v1/timelines/public?remote=true", "/api/v1/timelines/public", ends=False),
    Listing("/api/v1/timelines/tag/tea?any[]=coffee&none[]=milk", "/api/v1/timelines/tag/:hashtag", ends=False),
    Listing("/api/v1/timelines/list/{list}", "/api/v1/timelines/list/:id", ends=False),
    Listing("/api/v1/timelines/direct", "/api/v1/timelines/direct", ends=False),
    Listing("/api/v1/accounts/{alice}/statuses?exclude_replies=true", "/api/v1/accounts/:id/statuses"),
    Listing("/api/v1/accounts/{alice}/statuses?pinned=true", "/api/v1/accounts/:id/statuses"),
    Listing("/api/v1/notifications?types[]=favourite&types[]=mention", "/api/v1/notifications", ends=False),
    Listing(
        "/api/v2/notifications?types[]=favourite&types[]=mention&grouped_types[]=follow",  # each by itself
        "/api/v2/notifications",
        ends=False,
    ),
    Listing("/api/v2/notifications/{group}/accounts", "/api/v2/notifications/:group_key/accounts"),
    Listing("/api/v1/favourites", "/api/v1/favourites"),
    Listing("/api/v1/bookmarks", "/api/v1/bookmarks"),
    Listing("/api/v1/accounts/{alice}/followers", "/api/v1/accounts/:id/followers"),
    Listing("/api/v1/accounts/{alice}/following", "/api/v1/accounts/:id/following"),
    Listing("/api/v1/follow_requests", "/api/v1/follow_requests"),
    Listing("/api/v1/blocks", "/api/v1/blocks"),
    Listing("/api/v1/mutes", "/api/v1/mutes"),
    Listing("/api/v1/domain_blocks", "/api/v1/domain_blocks"),
    Listing("/api/v1/conversations", "/api/v1/conversations"),
    Listing("/api/v1/followed_tags", "/api/v1/followed_tags"),
    Listing("/api/v1/scheduled_statuses", "/api/v1/scheduled_statuses"),
    Listing("/api/v1/lists/{list}/accounts", "/api/v1/lists/:id/accounts", everything_at_zero=True),
    Listing("/api/v1/statuses/{post}/favourited_by", "/api/v1/statuses/:id/favourited_by"),
    Listing("/api/v1/statuses/{post}/reblogged_by", "/api/v1/statuses/:id/reblogged_by"),
    Listing("/api/v1/endorsements", "/api/v1/endorsements"),
    Listing("/api/v1/accounts/{alice}/endorsements", "/api/v1/accounts/:id/endorsements"),
    Listing("/api/v1/notifications/requests", "/api/v1/notifications/requests"),
    Listing("/api/v1/timelines/link?url=https://news.test/1", "/api/v1/timelines/link", ends=False),
    Listing("/api/v1/statuses/{post}/quotes", "/api/v1/statuses/:id/quotes"),
    Listing("/api/v1/admin/accounts?remote=true", "/api/v1/admin/accounts"),
    Listing("/api/v2/admin/accounts?origin=remote&status=active", "/api/v2/admin/accounts"),
    Listing("/api/v1/admin/reports?target_account_id={alice}", "/api/v1/admin/reports"),
    Listing("/api/v1/admin/domain_allows", "/api/v1/admin/domain_allows"),
    Listing("/api/v1/admin/domain_blocks", "/api/v1/admin/domain_blocks"),
    Listing("/api/v1/admin/email_domain_blocks", "/api/v1/admin/email_domain_blocks"),
    Listing("/api/v1/admin/canonical_email_blocks", "/api/v1/admin/canonical_email_blocks"),
    Listing("/api/v1/admin/ip_blocks", "/api/v1/admin/ip_blocks"),
    Listing("/api/v1/admin/tags", "/api/v1/admin/tags"),
    Listing("/api/v1/admin/trends/links/publishers", "/api/v1/admin/trends/links/publishers"),
    Listing("/api/v1/fedi/statuses/{post}/deliveries", "/api/v1/fedi/statuses/:id/deliveries"),
    Listing("/api/v1/fedi/admin/hosts/slow.test/deliveries", "/api/v1/fedi/admin/hosts/:host/deliveries"),
    Listing("/api/v1/fedi/admin/inbox", "/api/v1/fedi/admin/inbox"),
    Listing("/api/v1/statuses/{post}/context", "/api/v1/statuses/:id/context", pages=False),
    Listing("/api/v2/search?q=tea&type=statuses", "/api/v2/search", pages=False),
    Listing("/api/v2/search?q=person&type=accounts", "/api/v2/search", pages=False),
    Listing("/api/v2/search?q=tag&type=hashtags", "/api/v2/search", pages=False),
    Listing("/api/v1/accounts/search?q=person", "/api/v1/accounts/search", pages=False),
    Listing("/api/v1/lists", "/api/v1/lists", pages=False),
    Listing("/api/v2/filters", "/api/v2/filters", pages=False),
    Listing("/api/v1/filters", "/api/v1/filters", pages=False),
]


def unknown() -> set[str]:
    """Routes that take cursors and are not listed."""
    paged = {each.path for each in api.ROUTES if each.method == "GET" and issubclass(each.params, PageParams)}
    return paged - {each.route for each in LISTINGS if each.pages}


def items(answer: Any) -> list[Any]:
    """What an answer lists, whatever is around it."""
    if isinstance(answer, list):
        return answer
    if "notification_groups" in answer:
        groups: list[Any] = answer["notification_groups"]
        return groups
    return [each for part in answer.values() if isinstance(part, list) for each in part]


def ident(item: Any) -> str:
    return item if isinstance(item, str) else str(item["group_key" if "group_key" in item else "id"])


async def scene(server: Node, rows: int) -> tuple[Person, dict[str, str]]:
    """Somebody, of the staff too, for whom each list holds so many rows (pins: at most five), and the names in the
    paths."""
    alice = await server.person("alice", role="owner", scopes=EVERYTHING)
    me = alice.account_id
    async with server.db.transaction() as conn:
        people = [await factories.remote(conn, f"person{number}") for number in range(rows)]
        strangers = [await factories.remote(conn, f"stranger{number}", "far.test") for number in range(4 * rows)]
        list_id: int = await conn.fetchval(
            "insert into lists (account_id, title) values ($1, 'friends') returning id", me
        )
        post = await factories.status(conn, me, content="<p>tea</p>", quiet=True)
        for number, person in enumerate(people):
            await _known(conn, me, person, list_id)
            await _posts(conn, me, person, post, number)
        for number in range(rows):
            asking, blocked, muted, booster = strangers[4 * number : 4 * number + 4]
            await factories.status(conn, booster, reblog_of_id=post, quiet=True)
            await _quote(conn, me, booster, post)
            await _request(conn, me, asking)
            await conn.execute(
                "insert into follow_requests (account_id, target_id, uri) values ($1, $2, $3)", asking, me, f"r{number}"
            )
            await conn.execute("insert into blocks (account_id, target_id) values ($1, $2)", me, blocked)
            await conn.execute("insert into mutes (account_id, target_id) values ($1, $2)", me, muted)
            await _settings(conn, alice, number)
            await _judged(conn, me, booster, number)
        await conn.execute("update account_settings set home_built_at = now() where account_id = $1", me)
        await _traffic(conn, me, post, rows)
    await drain(server)
    return alice, {"alice": alice.id, "post": str(post), "list": str(list_id), "group": f"favourite-{post}-1"}


async def _traffic(conn: Conn, me: int, post: int, rows: int) -> None:
    """What waits for a server, and what of others could not be handled."""
    await conn.execute(
        """
        with told as (
            insert into activities (uri, account_id, object_uri, body)
            select uri || '/told', $1, uri, '{"type": "Update"}' from statuses where id = $2 returning id)
        insert into deliveries (activity_id, sender_id, inbox, host, next_at)
        select id, $1, 'https://slow.test/' || n, 'slow.test', now() + interval '1 day'
        from told, generate_series(1, $3) n
        """,
        me, post, rows,
    )  # fmt: skip
    await conn.execute(
        """
        insert into jobs (queue, name, payload, source, failed_at, last_error)
        select 'inbox', 'inbox', '{"body": "{}"}', 'x.test', now(), 'no' from generate_series(1, $1)
        """,
        rows,
    )


async def _quote(conn: Conn, me: int, person: int, post: int) -> None:
    """With the consent of the quoted."""
    said = await factories.status(conn, person, content="<p>see</p>", quiet=True)
    await conn.execute(
        """
        insert into quotes (status_id, account_id, quoted_id, quoted_account_id, quoted_uri, state)
        select $1, $2, id, $3, uri, 'accepted' from statuses where id = $4
        """,
        said, person, me, post,
    )  # fmt: skip


async def _request(conn: Conn, me: int, person: int) -> None:
    """Somebody whose mention waits to be let in."""
    said = await factories.status(conn, person, content="<p>psst</p>", visibility=DIRECT, mentions=[me], quiet=True)
    await conn.execute(
        "insert into notifications (account_id, from_account_id, type, status_id, filtered) "
        "values ($1, $2, 'mention', $3, true)",
        me, person, said,
    )  # fmt: skip
    await conn.execute("insert into notification_requests (account_id, from_account_id) values ($1, $2)", me, person)


async def _known(conn: Conn, me: int, person: int, list_id: int) -> None:
    """Friends who want to be found, on a list and recommended."""
    await factories.follow(conn, me, person)
    await factories.follow(conn, person, me)
    await conn.execute("insert into endorsements (account_id, target_id) values ($1, $2)", me, person)
    await conn.execute("update accounts set discoverable = true where id = $1", person)
    await conn.execute("insert into list_accounts (list_id, account_id) values ($1, $2)", list_id, person)


async def _posts(conn: Conn, me: int, person: int, post: int, number: int) -> None:
    """Of both, to each other; what each did with them."""
    tagged = {"tags": ["tea", f"tag{number}"], "content": "<p>#tea</p>", "links": ["https://news.test/1"]}
    theirs = await factories.status(conn, person, **tagged, poll=_poll() if number % 2 else None)
    mine = await factories.status(conn, me, content="<p>tea</p>", quiet=True)
    await factories.status(conn, person, visibility=DIRECT, mentions=[me])
    await factories.status(
        conn, person, in_reply_to_id=post, in_reply_to_account_id=me, content="<p>tea</p>", quiet=True
    )
    for table in ("favourites", "bookmarks"):
        await conn.execute(f"insert into {table} (account_id, status_id) values ($1, $2)", me, theirs)
    await conn.execute("insert into marks (account_id, status_id, flags) values ($1, $2, 3)", me, theirs)
    await conn.execute("insert into favourites (account_id, status_id) values ($1, $2)", person, post)
    await conn.execute(
        "insert into notifications (account_id, from_account_id, type, status_id, group_key) "
        "values ($1, $2, 'favourite', $3, $4)",
        me, person, post, f"favourite-{post}-1",
    )  # fmt: skip
    if number < 5:
        await conn.execute("insert into status_pins (account_id, status_id) values ($1, $2)", me, mine)
    await conn.execute(
        "insert into tag_follows (account_id, tag_id) select $1, id from tags where name = $2", me, f"tag{number}"
    )


def _poll() -> statuses.Poll:
    return statuses.Poll(options=["yes", "no"], multiple=False, expires_at=datetime.now(UTC) + timedelta(days=1))


async def _settings(conn: Conn, alice: Person, number: int) -> None:
    """What is hers alone."""
    me = alice.account_id
    waiting = Waiting(draft=Draft(status="later"), application_id=None, locale="en")
    await conn.execute(
        "insert into account_domain_blocks (account_id, domain) values ($1, $2)", me, f"blocked{number}.test"
    )
    await conn.execute(
        "insert into scheduled_statuses (account_id, user_id, scheduled_at, params) values ($1, $2, $3, $4)",
        me, alice.user_id, datetime.now(UTC) + timedelta(days=1), msgspec.json.encode(waiting).decode(),
    )  # fmt: skip
    if number:  # Beside the one that has members.
        await conn.execute("insert into lists (account_id, title) values ($1, 'another')", me)
    filter_id = await conn.fetchval(
        "insert into filters (account_id, title, context) values ($1, 'words', '{public}') returning id", me
    )
    await conn.execute("insert into filter_keywords (filter_id, keyword) values ($1, $2)", filter_id, f"coffee{number}")


async def _judged(conn: Conn, me: int, person: int, number: int) -> None:
    """What the staff sees and has decided."""
    await conn.execute("insert into reports (account_id, target_id, uri) values ($1, $2, $3)", person, me, f"u{number}")
    for table in ("domain_allows", "email_domain_blocks", "publishers"):
        await conn.execute(f"insert into {table} (domain) values ($1)", f"{table.replace('_', '')}{number}.test")
    await conn.execute("insert into domain_blocks (domain, severity) values ($1, 'silence')", f"loud{number}.test")
    await conn.execute("insert into canonical_email_blocks (hash) values ($1)", f"{number:064x}")
    await conn.execute(
        "insert into ip_blocks (ip, severity) values (('198.51.100.' || $1::int)::cidr, 'sign_up_block')", number
    )
