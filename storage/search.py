"""Finding accounts by name, hashtags by beginning, and posts by their words."""

import re
import unicodedata
from typing import Literal

import msgspec

from storage import tags
from storage.db import Conn
from storage.ids import MAX_ID
from storage.visibility import VISIBLE, WANTED


class AccountQuery(msgspec.Struct, frozen=True, kw_only=True):
    """`text` is a name or its beginning; with `domain`, a user name and (the beginning of) a domain."""

    text: str
    limit: int
    domain: str | None = None
    offset: int = 0
    following: bool = False


Scope = Literal["all", "library", "public"]


class StatusQuery(msgspec.Struct, frozen=True, kw_only=True):
    """`words` is a `tsquery` over what `storage.status_words` holds. Ids lie above `above` and below `below`.

    `library` is what is the viewer's own and what they did something with; `public` what everybody may find.
    """

    words: str
    limit: int
    scope: Scope = "all"
    offset: int = 0
    embeds: bool | None = None
    below: int = MAX_ID
    above: int = -1


# More candidates than these are not ranked: two letters may match half of all accounts.
MAX_CANDIDATES = 1000
# Shorter texts hold no trigram; the beginnings of words do, because words are padded.
TRIGRAM_CHARS = 3

_ACCENTS = re.compile("[\u0300-\u036f]")


def fold_name(text: str) -> str:
    """As `fold` does in the database: lower case, without accents."""
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", text)).lower()


async def account_ids(conn: Conn, viewer_id: int | None, query: AccountQuery) -> list[int]:
    """The exact handle first, then whom the viewer follows, who follows them, names that begin so, the likest, and the
    most followed.

    Nobody suspended or waiting for approval. Who moved away or is in a block with the viewer has to be named.
    """
    matches = _matches(query)
    name = fold_name(query.text)
    records = await conn.fetch(
        f"""
        with found as (
            (select a.id from accounts a where lower(a.username) = $2 and ($4::text is null or lower(a.domain) = $4)
                limit 100)
            union (select a.id from follows f join accounts a on a.id = f.target_id
                where f.account_id = $1 and {matches} limit {MAX_CANDIDATES})
            union (select a.id from accounts a where not $7 and {matches} limit {MAX_CANDIDATES}))
        select a.id from found join accounts a on a.id = found.id join account_stats st on st.account_id = a.id
        left join follows f on f.account_id = $1 and f.target_id = a.id
        left join follows b on b.account_id = a.id and b.target_id = $1
        where a.id > 0 and a.suspended_at is null and (not $7 or f.id is not null)
            and (a.moved_to_id is null or lower(a.username) = $2)
            and not a.pending
            and ($1::bigint is null
                or (lower(a.username) = $2 and case when $4 is null then a.is_local else lower(a.domain) = $4 end)
                or not exists (
                select from blocks b where (b.account_id, b.target_id) in (($1, a.id), (a.id, $1))))
        order by lower(a.username) = $2 and case when $4 is null then a.is_local else lower(a.domain) = $4 end desc,
            a.moved_to_id is null desc, f.id is not null desc, lower(a.username) = $2 desc, b.id is not null desc,
            (a.names like $3 || '%' or a.names like '% ' || $3 || '%') desc,
            round(greatest(similarity(lower(a.username), $2), word_similarity($2, a.names))::numeric, 1) desc,
            st.followers_count desc, a.id
        limit $5 offset $6
        """,
        viewer_id, name, _escaped(name), query.domain, query.limit, query.offset, query.following,
    )  # fmt: skip
    return [record[0] for record in records]


def _matches(query: AccountQuery) -> str:
    """A name that holds the text or is like it. One condition per query, so that each can use the trigram index."""
    if query.domain is not None:
        return "a.names like $3 || '%' and starts_with(lower(a.domain), $4)"
    if len(query.text) < TRIGRAM_CHARS:
        return "(a.names like $3 || '%' or a.names like '% ' || $3 || '%')"
    return "(a.names like '%' || $3 || '%' or $2 <% a.names)"


def _escaped(text: str) -> str:
    """For `like`."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def tag_names(conn: Conn, text: str, *, limit: int, offset: int = 0, listed: bool = False) -> list[str]:
    """Names that begin so: the name itself first, then the most used of the week. `listed`: only those that a moderator
    lets stand in lists. What may not be used at all is found by nobody."""
    name = tags.normalise(text)
    records = await conn.fetch(
        f"""
        with found as (
            select t.id, t.name, t.last_status_at from tags t
            where t.name like $1 || '%' and t.usable and (t.listable or (t.name = $2 and not $5))
            order by t.name = $2 desc, t.last_status_at desc nulls last limit {MAX_CANDIDATES})
        select f.name from found f
        left join lateral (select count(*) as people from tag_uses u
            where u.tag_id = f.id and u.day > current_date - 7) week on true
        order by f.name = $2 desc, week.people desc, f.last_status_at desc nulls last, f.name limit $3 offset $4
        """,
        _escaped(name), name, limit, offset, listed,
    )  # fmt: skip
    return [record[0] for record in records]


# What all kinds of finding have in common.
_FITS = f"""w.words @@ $2::tsquery and w.status_id < $5 and w.status_id > $6
    and ($7::bool is null or $7 = exists (
        select from status_cards k join preview_cards c on c.id = k.card_id
        where k.status_id = s.id and (c.html <> '' or c.embed_url <> '')))
    and {VISIBLE} and {WANTED}"""


async def status_ids(conn: Conn, viewer_id: int, query: StatusQuery) -> list[int]:
    """Newest first: the viewer's own posts, those they did something with, answered or are named in, and public ones
    that may be found, by their own word or else by their author's. What is the viewer's is looked for by itself, along
    the indexes that are best for it: each part more costs more to plan than to run."""
    async with conn.transaction():  # A plan for any words is good for none: how common they are decides.
        await conn.execute("set local plan_cache_mode = force_custom_plan")
        return await _status_ids(conn, viewer_id, query)


async def _status_ids(conn: Conn, viewer_id: int, query: StatusQuery) -> list[int]:
    records = await conn.fetch(
        f"""
        with own as (
            select o.status_id from status_words o where o.words @@ $9::tsquery and o.words @@ $2::tsquery
            union select k.status_id from marks k where k.account_id = $1 and k.flags > 0
            union select p.status_id from poll_votes v join polls p on p.id = v.poll_id where v.account_id = $1)
        select id from (
            (select s.id from status_words w join statuses s on s.id = w.status_id
                where $8 <> 'public' and w.status_id in (select status_id from own) and {_FITS}
                order by w.status_id desc limit $3::bigint + $4)
            union
            (select s.id from status_words w join statuses s on s.id = w.status_id
                join accounts a on a.id = s.account_id and a.silenced_at is null
                where $8 <> 'library' and s.visibility = 0 and {_FITS} and coalesce((
                    select c.level = 0 or (c.level = 1 and exists (
                        select from follows f where f.account_id = $1 and f.target_id = s.account_id))
                    from search_consents c where c.status_id = s.id), a.indexable)
                order by w.status_id desc limit $3::bigint + $4)) found
        order by id desc limit $3 offset $4
        """,
        viewer_id, query.words, query.limit, query.offset, query.below, query.above, query.embeds, query.scope,
        f"'@{viewer_id}' | '~{viewer_id}'",
    )  # fmt: skip
    return [record[0] for record in records]
