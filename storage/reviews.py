"""What staff decided about trends: tags, posts, links and their publishers. Nobody's word yet: `trendable` is None.

`storage/trends.py` obeys. A link that was not decided about goes by its publisher.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from storage.db import Conn
from storage.paging import Page
from storage.rows import columns, struct, structs
from storage.tags import normalise


class Tag(msgspec.Struct, frozen=True):
    id: int
    name: str
    display_name: str
    usable: bool
    listable: bool
    trendable: bool
    reviewed_at: datetime | None


class Publisher(msgspec.Struct, frozen=True):
    id: int
    domain: str
    trendable: bool | None
    reviewed_at: datetime | None


class LinkReview(msgspec.Struct, frozen=True):
    id: int
    url: str
    trendable: bool | None


_TAG = columns(Tag)
_PUBLISHER = columns(Publisher)
_LINK = columns(LinkReview)


async def tags(conn: Conn, page: Page) -> list[Tag]:
    """All there are, newest first."""
    records = await conn.fetch(
        f"select {_TAG} from tags where id < $1 and id > $2 order by id {page.order} limit $3",
        page.below, page.above, page.size,
    )  # fmt: skip
    return page.arrange(structs(Tag, records))


async def tag(conn: Conn, tag_id: int) -> Tag | None:
    return struct(Tag, await conn.fetchrow(f"select {_TAG} from tags where id = $1", tag_id))


async def tags_named(conn: Conn, names: Sequence[str]) -> dict[str, Tag]:
    """By normalised name."""
    records = await conn.fetch(f"select {_TAG} from tags where name = any($1)", [normalise(name) for name in names])
    return {row.name: row for row in structs(Tag, records)}


async def set_tag(conn: Conn, changed: Tag) -> None:
    """Write what staff decides about a tag; from now on it is reviewed."""
    await conn.execute(
        """
        update tags set display_name = $2, usable = $3, listable = $4, trendable = $5, reviewed_at = now()
        where id = $1
        """,
        changed.id, changed.display_name, changed.usable, changed.listable, changed.trendable,
    )  # fmt: skip


async def banned(conn: Conn, names: Sequence[str]) -> list[str]:
    """Those of the tags that may not be used, as staff writes them."""
    records = await conn.fetch(
        "select display_name from tags where name = any($1) and not usable order by name",
        [normalise(name) for name in names],
    )
    return [record[0] for record in records]


async def statuses(conn: Conn, status_ids: Sequence[int]) -> dict[int, bool]:
    """Whether they may trend, of those that were decided about."""
    records = await conn.fetch("select status_id, trendable from status_reviews where status_id = any($1)", status_ids)
    return {record[0]: record[1] for record in records}


async def set_status(conn: Conn, status_id: int, *, trendable: bool) -> None:
    await conn.execute(
        """
        insert into status_reviews (status_id, trendable) values ($1, $2)
        on conflict (status_id) do update set trendable = $2, reviewed_at = now()
        """,
        status_id, trendable,
    )  # fmt: skip


async def enlist(conn: Conn, urls: Sequence[str]) -> dict[str, LinkReview]:
    """Links and their publishers get a number for whoever reviews them; the links by URL."""
    if urls:
        await conn.execute(
            """
            insert into link_reviews (url, url_hash)
            select min(l.url), l.url_hash from status_links l where l.url = any($1) group by l.url_hash order by 2
            on conflict (url_hash) do nothing
            """,
            list(urls),
        )
        await conn.execute(
            """
            insert into publishers (domain)
            select distinct link_host(u) from unnest($1::text[]) u where link_host(u) is not null order by 1
            on conflict (domain) do nothing
            """,
            list(urls),
        )
    records = await conn.fetch(f"select {_LINK} from link_reviews where url = any($1)", list(urls))
    return {row.url: row for row in structs(LinkReview, records)}


async def link(conn: Conn, link_id: int) -> LinkReview | None:
    return struct(LinkReview, await conn.fetchrow(f"select {_LINK} from link_reviews where id = $1", link_id))


async def set_link(conn: Conn, link_id: int, *, trendable: bool) -> None:
    await conn.execute("update link_reviews set trendable = $2, reviewed_at = now() where id = $1", link_id, trendable)


async def publishers(conn: Conn, page: Page) -> list[Publisher]:
    """Newest first."""
    records = await conn.fetch(
        f"select {_PUBLISHER} from publishers where id < $1 and id > $2 order by id {page.order} limit $3",
        page.below, page.above, page.size,
    )  # fmt: skip
    return page.arrange(structs(Publisher, records))


async def publishers_of(conn: Conn, domains: Sequence[str]) -> dict[str, Publisher]:
    records = await conn.fetch(f"select {_PUBLISHER} from publishers where domain = any($1)", list(domains))
    return {row.domain: row for row in structs(Publisher, records)}


async def publisher(conn: Conn, publisher_id: int) -> Publisher | None:
    return struct(Publisher, await conn.fetchrow(f"select {_PUBLISHER} from publishers where id = $1", publisher_id))


async def set_publisher(conn: Conn, publisher_id: int, *, trendable: bool) -> None:
    await conn.execute(
        "update publishers set trendable = $2, reviewed_at = now() where id = $1", publisher_id, trendable
    )
