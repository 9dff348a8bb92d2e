"""Finding accounts by name, hashtags by beginning, and posts by their words."""

import msgspec

from storage import tags
from storage.db import Conn
from storage.visibility import VISIBLE, WANTED


class AccountQuery(msgspec.Struct, frozen=True, kw_only=True):
    """`text` is a name or its beginning; with `domain`, a user name and (the beginning of) a domain."""

    text: str
    limit: int
    domain: str | None = None
    offset: int = 0
    following: bool = False


class StatusQuery(msgspec.Struct, frozen=True, kw_only=True):
    """`text` as people type it: quotes for phrases, a minus for what must not be there."""

    text: str
    limit: int
    offset: int = 0
    account_id: int | None = None
    max_id: int | None = None
    min_id: int | None = None


# More candidates than these are not ranked: two letters may match half of all accounts.
MAX_CANDIDATES = 1000
# Shorter texts hold no trigram; the beginnings of words do, because words are padded.
TRIGRAM_CHARS = 3

# The expression of the index `accounts_search`.
_NAMES = "(lower(a.username) || ' ' || lower(a.display_name))"

# Of a word that everybody uses, the latest posts are looked at, and all of one's own.
MAX_MATCHING = 5000
# With the expression of the index `statuses_search`.
_MATCHING = """
    s.reblog_of_id is null and to_tsvector('simple', s.spoiler_text || ' ' || coalesce(s.text, s.content))
        @@ websearch_to_tsquery('simple', $2)
    and ($5::bigint is null or s.account_id = $5) and s.id < $6 and s.id > $7"""


async def account_ids(conn: Conn, viewer_id: int | None, query: AccountQuery) -> list[int]:
    """The exact handle first, then whom the viewer follows, then by likeness and by followers.

    Nobody suspended or waiting for approval. Who moved away or is in a block with the viewer has to be named.
    """
    matches = _matches(query)
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
        where a.id > 0 and a.suspended_at is null and (not $7 or f.id is not null)
            and (a.moved_to_id is null or lower(a.username) = $2)
            and not a.pending
            and ($1::bigint is null or (lower(a.username) = $2 and lower(a.domain) = $4) or not exists (
                select from blocks b where (b.account_id, b.target_id) in (($1, a.id), (a.id, $1))))
        order by lower(a.username) = $2 and case when $4 is null then a.is_local else lower(a.domain) = $4 end desc,
            a.moved_to_id is null desc, f.id is not null desc, lower(a.username) = $2 desc,
            round(greatest(similarity(lower(a.username), $2), word_similarity($2, {_NAMES}))::numeric, 1) desc,
            st.followers_count desc, a.id
        limit $5 offset $6
        """,
        viewer_id, query.text.lower(), _escaped(query.text.lower()), query.domain, query.limit, query.offset,
        query.following,
    )  # fmt: skip
    return [record[0] for record in records]


def _matches(query: AccountQuery) -> str:
    """A name that holds the text or is like it. One condition per query, so that each can use the trigram index."""
    if query.domain is not None:
        return f"{_NAMES} like $3 || '%' and starts_with(lower(a.domain), $4)"
    if len(query.text) < TRIGRAM_CHARS:
        return f"({_NAMES} like $3 || '%' or {_NAMES} like '% ' || $3 || '%')"
    return f"({_NAMES} like '%' || $3 || '%' or $2 <% {_NAMES})"


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


async def status_ids(conn: Conn, viewer_id: int, query: StatusQuery) -> list[int]:
    """Posts with these words, newest first: the viewer's own, those they did something with or are named in, and public
    ones of people who agreed to be found."""
    indexable: str = await conn.fetchval("select querytree(websearch_to_tsquery('simple', $1))", query.text)
    if indexable in ("", "T"):  # No word, or only words that must not be there: that is everything.
        return []
    records = await conn.fetch(
        f"""
        with matching as (
            (select s.id from statuses s where {_MATCHING} order by s.id desc limit {MAX_MATCHING})
            union (select s.id from statuses s where s.account_id = $1 and {_MATCHING}))
        select s.id from matching join statuses s on s.id = matching.id
        where (s.account_id = $1
                or exists (select from marks k where k.account_id = $1 and k.status_id = s.id and k.flags > 0)
                or exists (select from mentions m where m.account_id = $1 and m.status_id = s.id)
                or (s.visibility = 0 and exists (
                    select from accounts a where a.id = s.account_id and a.indexable and a.silenced_at is null)))
            and {VISIBLE} and {WANTED}
        order by s.id desc limit $3 offset $4
        """,
        viewer_id, query.text, query.limit, query.offset, query.account_id,
        2**63 - 1 if query.max_id is None else query.max_id, -1 if query.min_id is None else query.min_id,
    )  # fmt: skip
    return [record[0] for record in records]
