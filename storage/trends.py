"""What many are busy with, counted from what people did in the last days: tags, links and posts.

Counted are public posts of people who want to be found and whom nobody here has limited; and how many people, not how
often. Newer days weigh more. A crowd begins with two.

`approved` False: what staff has not refused (`storage/reviews.py`); True: only what it approved; None: all of it.
"""

from datetime import UTC, datetime, timedelta

import msgspec

from storage import ids
from storage.db import Conn
from storage.rows import columns, structs

DAYS = 7
STATUS_DAYS = 3
LEAST_PEOPLE = 2

_TRUSTED = "a.discoverable and a.suspended_at is null and a.silenced_at is null and a.id > 0 and not a.pending"


def _since(days: int) -> int:
    """Ids of posts published since then are larger."""
    return ids.floor(datetime.now(UTC) - timedelta(days=days))


async def tags(conn: Conn, *, limit: int, approved: bool | None = False) -> list[str]:
    """Names, the most used first."""
    records = await conn.fetch(
        f"""
        select t.name from tag_uses u join accounts a on a.id = u.account_id join tags t on t.id = u.tag_id
        where u.day > current_date - $1::int and t.usable and t.listable and {_TRUSTED}
            and ($4::bool is null or (t.trendable and (not $4 or t.reviewed_at is not null)))
        group by t.id having count(distinct u.account_id) >= $2
        order by sum(1.0 / (1 + current_date - u.day)) desc, t.id desc limit $3
        """,
        DAYS, LEAST_PEOPLE, limit, approved,
    )  # fmt: skip
    return [record[0] for record in records]


async def statuses(conn: Conn, *, limit: int, approved: bool | None = False) -> list[int]:
    """Ids of posts that several people boosted or liked, by how much and how lately; no warnings, no answers."""
    records = await conn.fetch(
        f"""
        select s.id from statuses s join status_stats c on c.status_id = s.id join accounts a on a.id = s.account_id
        left join status_reviews v on v.status_id = s.id
        where s.id > $1 and s.visibility = 0 and ($4::bool is null or coalesce(v.trendable, not $4))
            and s.reblog_of_id is null and s.in_reply_to_id is null and s.in_reply_to_uri is null
            and not s.sensitive and s.spoiler_text = '' and a.sensitized_at is null and {_TRUSTED}
            and c.reblogs_count + c.favourites_count >= $2
        order by (c.reblogs_count + c.favourites_count)
            / power(2 + extract(epoch from now() - s.created_at) / 3600, 1.2) desc, s.id desc limit $3
        """,
        _since(STATUS_DAYS), LEAST_PEOPLE, limit, approved,
    )  # fmt: skip
    return [record[0] for record in records]


class Link(msgspec.Struct, frozen=True):
    """A link that is shared; `usage`: JSON of [[day, people, uses], …]. Its page is known if it has a title."""

    url: str
    usage: str
    title: str | None
    description: str | None
    type: str | None
    author_name: str | None
    author_url: str | None
    provider_name: str | None
    provider_url: str | None
    html: str | None
    image_file: str | None
    image_description: str | None
    width: int | None
    height: int | None
    embed_url: str | None
    blurhash: str | None
    language: str | None
    published_at: datetime | None
    author_account_id: int | None
    author_vouches: bool | None


_CARD = columns(Link, "c").partition('c."title"')
_CARD_COLUMNS = _CARD[1] + _CARD[2]


async def links(conn: Conn, *, but_below: str, limit: int, approved: bool | None = False) -> list[Link]:
    """The most shared first; none to our own pages, which begin with `but_below`."""
    records = await conn.fetch(
        f"""
        with shares as materialized (
            select l.url_hash, l.url, s.account_id, s.created_at::date as day
            from status_links l join statuses s on s.id = l.status_id join accounts a on a.id = s.account_id
            where l.status_id > $1 and s.visibility = 0
                and not s.sensitive and s.spoiler_text = '' and not starts_with(l.url, $3) and {_TRUSTED}),
        popular as (
            select url_hash, min(url) as url,
                sum(1.0 / (1 + current_date - day)) as score
            from (select distinct url_hash, url, account_id, day from shares) d
            group by url_hash having count(distinct account_id) >= $2 and ($5::bool is null or coalesce(
                (select r.trendable from link_reviews r where r.url_hash = d.url_hash),
                (select p.trendable from publishers p where p.domain = link_host(min(url))), not $5))
            order by score desc, url limit $4)
        select p.url,
            (select json_agg(json_build_array(h.day, h.people, h.uses)) from (
                select day, count(distinct account_id) as people, count(*) as uses
                from shares where url_hash = p.url_hash group by day) h)::text as usage,
            {_CARD_COLUMNS}
        from popular p left join preview_cards c on c.url_hash = p.url_hash and c.title <> '' and not c.hidden
        order by p.score desc, p.url
        """,
        _since(DAYS), LEAST_PEOPLE, but_below, limit, approved,
    )  # fmt: skip
    return structs(Link, records)
