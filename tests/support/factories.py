"""Rows made directly, for tests of what is read: the least that is valid, and what matters as arguments.

Tests of behaviour go through the surface instead (`tests.support.servers`).
"""

import itertools
from datetime import UTC, datetime
from typing import Any

from federation import uris
from storage import accounts, statuses
from storage.db import Conn

_numbers = itertools.count(1)


async def remote(conn: Conn, username: str, domain: str = "remote.test", **values: Any) -> int:
    """An account of another server."""
    actor = f"https://{domain}/users/{username}"
    known: dict[str, Any] = {
        "uri": actor, "username": username, "domain": domain, "type": "Person", "url": f"https://{domain}/@{username}",
        "inbox": f"{actor}/inbox", "shared_inbox": f"https://{domain}/inbox", "outbox": None,
        "followers_uri": f"{actor}/followers", "following_uri": None, "featured_uri": None, "display_name": "",
        "note": "", "fields": [], "emojis": [], "avatar_remote_url": None, "header_remote_url": None, "locked": False,
        "bot": False, "group": False, "discoverable": None, "indexable": False, "also_known_as": [],
        "created_at": datetime.now(UTC),
    }  # fmt: skip
    return await accounts.upsert_remote(conn, accounts.Remote(**{**known, **values}))


async def local(conn: Conn, username: str, base: str = "https://example.test") -> int:
    """An account of ours, without a login."""
    account_id = await accounts.new_id(conn)
    actor = uris.actor(base, username)
    new = accounts.Local(
        id=account_id,
        username=username,
        domain=base.removeprefix("https://"),
        uri=actor,
        url=uris.profile(base, username),
        inbox=uris.inbox(actor),
        shared_inbox=uris.shared_inbox(base),
        outbox=uris.outbox(actor),
        followers_uri=uris.followers(actor),
        following_uri=uris.following(actor),
        featured_uri=uris.featured(actor),
    )
    await accounts.create_local(conn, new)
    return account_id


async def status(conn: Conn, account_id: int, **values: Any) -> int:
    """A public post, or a boost with `reblog_of_id`."""
    author = await accounts.by_id(conn, account_id)
    assert author is not None
    published = values.pop("created_at", None)
    status_id = await statuses.new_id(conn, published)
    uri = values.pop("uri", f"{author.uri}/statuses/{status_id}")
    known: dict[str, Any] = {
        "id": status_id, "account_id": account_id, "uri": uri, "url": uri, "is_local": author.is_local,
        "visibility": 0, "created_at": published or datetime.now(UTC),
    }  # fmt: skip
    if values.get("reblog_of_id") is None:
        known["content"] = f"<p>post {next(_numbers)}</p>"
    made, is_new = await statuses.create(conn, statuses.New(**{**known, **values}))
    assert is_new
    return made


async def follow(conn: Conn, account_id: int, target_id: int, **options: Any) -> None:
    """An accepted follow, with no event."""
    await conn.execute(
        """
        insert into follows (account_id, target_id, uri, show_reblogs, languages)
        values ($1, $2, $3, $4, $5)
        """,
        account_id, target_id, f"https://example.test/follows/{account_id}/{target_id}",
        options.get("show_reblogs", True), options.get("languages"),
    )  # fmt: skip
