"""Of what kind something is, the most frequent kinds first: what staff's tables show."""

from datetime import date
from typing import Literal

import msgspec

from storage.db import Conn

Key = Literal[
    "languages", "sources", "servers", "tag_servers", "tag_languages", "instance_accounts", "instance_languages"
]

_FIRST = "((extract(epoch from $1::date)::bigint * 1000) << 16)"
_AFTER = "((extract(epoch from $2::date + 1)::bigint * 1000) << 16)"
_WITHIN = f"s.id >= {_FIRST} and s.id < {_AFTER}"

# Each gives (kind, n) of the days from $1 to $2; $3 is the id of a tag, or a domain, as text.
_KINDS: dict[Key, str] = {
    "languages": """
        select u.locale as kind, count(distinct u.id) as n from users u join memberships m on m.user_id = u.id
        join active_days d on d.account_id = m.account_id and d.day between $1::date and $2::date group by 1""",
    "sources": f"""
        select coalesce(o.name, '') as kind, count(*) as n from statuses s
        left join oauth_applications o on o.id = s.application_id
        where s.is_local and s.reblog_of_id is null and {_WITHIN} group by 1""",
    "servers": f"""
        select lower(a.domain) as kind, count(*) as n from statuses s join accounts a on a.id = s.account_id
        where not s.is_local and {_WITHIN} group by 1""",
    "tag_servers": f"""
        select lower(a.domain) as kind, count(*) as n from status_tags t join statuses s on s.id = t.status_id
        join accounts a on a.id = s.account_id
        where t.tag_id = $3::text::bigint and {_WITHIN} group by 1""",
    "tag_languages": f"""
        select coalesce(s.language, 'und') as kind, count(*) as n from status_tags t
        join statuses s on s.id = t.status_id
        where t.tag_id = $3::text::bigint and {_WITHIN} group by 1""",
    "instance_accounts": """
        select a.username as kind, count(*) as n from accounts a join follows f on f.target_id = a.id
        where not a.is_local and lower(a.domain) = lower($3) and f.created_at < $2::date + 1 group by a.id""",
    "instance_languages": f"""
        select coalesce(s.language, 'und') as kind, count(*) as n from statuses s
        join accounts a on a.id = s.account_id
        where not a.is_local and lower(a.domain) = lower($3) and s.reblog_of_id is null and {_WITHIN} group by 1""",
}


class Kind(msgspec.Struct, frozen=True):
    name: str
    count: int


async def kinds(conn: Conn, key: Key, start: date, end: date, *, limit: int, about: str | None = None) -> list[Kind]:
    """`about`: the id of a tag or a domain, for those that are about one."""
    records = await conn.fetch(
        f"""
        with given as (select $1::date as first, $2::date as last, $3::text as about), found as ({_KINDS[key]})
        select kind, n from found order by n desc, kind limit $4
        """,
        start, end, about, limit,
    )  # fmt: skip
    return [Kind(*record.values()) for record in records]


class Machine(msgspec.Struct, frozen=True):
    """The database itself: its version and size, and the size of the files that it knows of."""

    version: str
    database_bytes: int
    media_bytes: int


async def machine(conn: Conn) -> Machine:
    record = await conn.fetchrow(
        """
        select current_setting('server_version'), pg_database_size(current_database()),
            (select coalesce(sum(file_size), 0)::bigint from media_attachments where file is not null)
        """
    )
    assert record is not None
    return Machine(*record.values())
