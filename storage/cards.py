"""Previews of the pages that posts link to: one a page, whoever links to it, and which post shows which."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from storage.db import Conn
from storage.rows import struct

JOB = "fetch_card"
# A page is looked at again when somebody posts it after so long; sooner if it told us nothing.
FRESH_DAYS, FAILED_DAYS = 14, 1

_STALE = f"""(fetched_at is null or fetched_at < now() - make_interval(
    days => case when title = '' then {FAILED_DAYS} else {FRESH_DAYS} end))"""

_HOST = "lower(substring(url from '^https?://([^/?#:]+)'))"


class Material(msgspec.Struct, frozen=True):
    """What of a post says which page it is about. `shown`: addresses of the mentioned, which are no pages, and of what
    it quotes, which needs no preview."""

    content: str
    is_local: bool
    has_media: bool
    links: list[str]
    shown: list[str | None]


async def material(conn: Conn, status_id: int) -> Material | None:
    """None for boosts and for what is gone."""
    record = await conn.fetchrow(
        """
        select s.content, s.is_local, s.media_ids <> '{}' as has_media,
            array(select l.url from status_links l where l.status_id = s.id order by l.url) as links,
            array(select unnest(array[a.url, a.uri]) from mentions m join accounts a on a.id = m.account_id
                where m.status_id = s.id
                union all
                select unnest(array[quotes.quoted_uri, quoted.uri, quoted.url])
                from quotes left join statuses quoted on quoted.id = quotes.quoted_id
                where quotes.status_id = s.id) as shown
        from statuses s where s.id = $1 and s.reblog_of_id is null
        """,
        status_id,
    )
    return struct(Material, record)


class Card(msgspec.Struct, frozen=True):
    id: int
    url: str
    image_file: str | None
    stale: bool


async def by_id(conn: Conn, card_id: int) -> Card | None:
    record = await conn.fetchrow(
        f"select id, url, image_file, {_STALE} as stale from preview_cards where id = $1", card_id
    )
    return struct(Card, record)


async def attach(conn: Conn, status_id: int, url: str) -> Card:
    """The post is about this page. Its readers see at once what is known of it."""
    await conn.execute(
        """
        insert into preview_cards (url, url_hash) values ($1, sha256(convert_to($1, 'UTF8')))
        on conflict (url_hash) do nothing
        """,
        url,
    )
    record = await conn.fetchrow(
        f"""
        select id, url, image_file, {_STALE} as stale from preview_cards
        where url_hash = sha256(convert_to($1, 'UTF8')) for key share
        """,
        url,
    )
    card = struct(Card, record)
    assert card is not None
    await conn.execute(
        """
        with attached as (
            insert into status_cards as c (status_id, card_id) values ($1, $2)
            on conflict (status_id) do update set card_id = excluded.card_id where c.card_id <> excluded.card_id
            returning 1)
        update statuses set version = version + 1 where id = $1 and exists (select from attached)
        """,
        status_id, card.id,
    )  # fmt: skip
    return card


async def detach(conn: Conn, status_id: int) -> None:
    """The post is about no page any more."""
    await conn.execute(
        """
        with gone as (delete from status_cards where status_id = $1 returning status_id)
        update statuses set version = version + 1 where id in (select status_id from gone)
        """,
        status_id,
    )


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What a page says about itself, cleaned: plain text, http(s) addresses or "", and `html` that we have written."""

    title: str
    description: str
    type: str
    author_name: str
    author_url: str
    provider_name: str
    provider_url: str
    html: str
    image_file: str | None
    image_description: str
    width: int
    height: int
    embed_url: str
    blurhash: str | None
    language: str | None
    published_at: datetime | None
    author_account_id: int | None
    author_vouches: bool


async def put(conn: Conn, card_id: int, page: Page) -> None:
    """Write it, for every post about the page."""
    await conn.execute(
        """
        update preview_cards set fetched_at = now(), title = $2, description = $3, type = $4, author_name = $5,
            author_url = $6, provider_name = $7, provider_url = $8, html = $9, image_file = $10,
            image_description = $11, width = $12, height = $13, embed_url = $14, blurhash = $15, language = $16,
            published_at = $17, author_account_id = $18, author_vouches = $19
        where id = $1
        """,
        card_id, *msgspec.structs.astuple(page),
    )  # fmt: skip
    await _changed(conn, [card_id])


async def failed(conn: Conn, card_id: int) -> None:
    """It was looked at and told us nothing; what it told before stays."""
    await conn.execute("update preview_cards set fetched_at = now() where id = $1", card_id)


async def vouch(conn: Conn, account_id: int) -> None:
    """An account has changed the hosts that may name it as an author."""
    records = await conn.fetch(
        r"""
        with hosts as (
            select c.id, c.author_vouches, lower(substring(c.url from '^https?://([^/?#:]+)')) as host
            from preview_cards c where c.author_account_id = $1),
        judged as (
            select h.id, h.author_vouches as before, exists (
                select from accounts a, unnest(a.attribution_domains) d
                where a.id = $1 and (h.host = lower(d) or h.host like '%.' || lower(d))) as vouches
            from hosts h)
        update preview_cards c set author_vouches = j.vouches from judged j
        where c.id = j.id and j.vouches <> j.before returning c.id
        """,
        account_id,
    )
    if records:
        await _changed(conn, [record[0] for record in records])


async def hosts_below(conn: Conn, domain: str) -> list[str]:
    """Hosts at a domain or below it of whose pages there are previews."""
    records = await conn.fetch(
        f"select distinct {_HOST} from preview_cards where {_HOST} = $1 or {_HOST} like '%.' || $1", domain
    )
    return [record[0] for record in records]


async def hide(conn: Conn, hosts: Sequence[str], hidden: bool, *, limit: int) -> int:
    """Hide the previews of pages of these hosts, or show them again; how many."""
    records = await conn.fetch(
        f"""
        update preview_cards set hidden = $2
        where id in (select id from preview_cards where {_HOST} = any($1) and hidden <> $2 limit $3) returning id
        """,
        hosts, hidden, limit,
    )  # fmt: skip
    await _changed(conn, [record[0] for record in records])
    return len(records)


async def _changed(conn: Conn, card_ids: list[int]) -> None:
    await conn.execute(
        """
        update statuses set version = version + 1
        where id in (select status_id from status_cards where card_id = any($1))
        """,
        card_ids,
    )


async def forget(conn: Conn, *, days: int, limit: int) -> list[str | None]:
    """Remove previews that no post has shown for so long; their pictures."""
    records = await conn.fetch(
        """
        with unused as materialized (
            select c.id from preview_cards c
            where c.fetched_at < now() - make_interval(days => $1)
                and not exists (select from status_cards s where s.card_id = c.id)
            order by c.fetched_at limit $2 for update skip locked)
        delete from preview_cards where id in (select id from unused)
        returning image_file
        """,
        days, limit,
    )  # fmt: skip
    return [record[0] for record in records]
