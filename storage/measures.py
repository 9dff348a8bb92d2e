"""How much of something there was on each day, and in all: what staff's charts show. Days are those of UTC."""

import re
from datetime import date, timedelta
from typing import Literal

import msgspec

from storage.db import Conn

Key = Literal[
    "active_users", "new_users", "interactions", "opened_reports", "resolved_reports", "tag_accounts", "tag_uses",
    "tag_servers", "instance_accounts", "instance_media_attachments", "instance_reports", "instance_statuses",
    "instance_follows", "instance_followers",
]  # fmt: skip


class Measure(msgspec.Struct, frozen=True):
    """`previous`: in the span before, as long; None for what is counted since ever."""

    days: list[tuple[date, int]]
    total: int
    previous: int | None


# Ids are made of the time, and have indexes where times have none.
_FIRST = "((extract(epoch from $1::date)::bigint * 1000) << 16)"
_AFTER = "((extract(epoch from $2::date + 1)::bigint * 1000) << 16)"
_SPAN = "between $1::date and $2::date"
_THERE = "not {a}.is_local and lower({a}.domain) = lower($3)"
_MADE = "to_timestamp(({x}.id >> 16) / 1000.0)::date"


def _there(account: str) -> str:
    return _THERE.format(a=account)


# Each gives (day, n) of the days from $1 to $2; $3 is the id of a tag, or a domain, as text.
_DAILY: dict[Key, str] = {
    "active_users": f"select day, count(*) as n from active_days where day {_SPAN} group by day",
    "new_users": f"select created_at::date as day, count(*) as n from users where created_at::date {_SPAN} group by 1",
    "interactions": f"""
        select day, count(*) as n from (
            select f.created_at::date as day from favourites f join statuses s on s.id = f.status_id and s.is_local
                where f.id >= {_FIRST} and f.id < {_AFTER}
            union all select b.created_at::date from statuses b join statuses s on s.id = b.reblog_of_id and s.is_local
                where b.id >= {_FIRST} and b.id < {_AFTER}
            union all select r.created_at::date from statuses r join statuses s on s.id = r.in_reply_to_id
                and s.is_local where r.id >= {_FIRST} and r.id < {_AFTER}) i
        group by day""",
    "opened_reports": f"""
        select created_at::date as day, count(*) as n from reports where created_at::date {_SPAN} group by 1""",
    "resolved_reports": f"""
        select action_taken_at::date as day, count(*) as n from reports where action_taken_at::date {_SPAN}
        group by 1""",
    "tag_accounts": f"""
        select day, count(*) as n from tag_uses where tag_id = $3::text::bigint and day {_SPAN} group by day""",
    "tag_uses": f"""
        select day, sum(uses) as n from tag_uses where tag_id = $3::text::bigint and day {_SPAN} group by day""",
    "tag_servers": f"""
        select u.day, count(distinct lower(a.domain)) as n from tag_uses u join accounts a on a.id = u.account_id
        where u.tag_id = $3::text::bigint and u.day {_SPAN} group by u.day""",
    "instance_accounts": f"""
        select {_MADE.format(x="a")} as day, count(*) as n from accounts a
        where {_there("a")} and a.id >= {_FIRST} and a.id < {_AFTER} group by 1""",
    "instance_media_attachments": f"""
        select m.created_at::date as day, sum(m.file_size) as n from media_attachments m
        join accounts a on a.id = m.account_id
        where {_there("a")} and m.file is not null and m.created_at::date {_SPAN} group by 1""",
    "instance_reports": f"""
        select r.created_at::date as day, count(*) as n from reports r join accounts a on a.id = r.target_id
        where {_there("a")} and r.created_at::date {_SPAN} group by 1""",
    "instance_statuses": f"""
        select s.created_at::date as day, count(*) as n from statuses s join accounts a on a.id = s.account_id
        where {_there("a")} and s.id >= {_FIRST} and s.id < {_AFTER} group by 1""",
    "instance_follows": f"""
        select f.created_at::date as day, count(*) as n from follows f join accounts a on a.id = f.target_id
        where {_there("a")} and f.created_at::date {_SPAN} group by 1""",
    "instance_followers": f"""
        select f.created_at::date as day, count(*) as n from follows f join accounts a on a.id = f.account_id
        where {_there("a")} and f.created_at::date {_SPAN} group by 1""",
}

# Where the whole is not the sum of the days: who is there twice counts once, and of a server everything counts.
_TOTAL: dict[Key, str] = {
    "active_users": f"select count(distinct account_id) from active_days where day {_SPAN} and $3::text is null",
    "tag_accounts": f"""
        select count(distinct account_id) from tag_uses where tag_id = $3::text::bigint and day {_SPAN}""",
    "tag_servers": f"""
        select count(distinct lower(a.domain)) from tag_uses u join accounts a on a.id = u.account_id
        where u.tag_id = $3::text::bigint and u.day {_SPAN}""",
}
_EVER: dict[Key, str] = {
    "instance_accounts": "select count(*) from accounts a where not a.is_local and lower(a.domain) = lower($1)",
    "instance_media_attachments": """
        select coalesce(sum(m.file_size), 0)::bigint from media_attachments m join accounts a on a.id = m.account_id
        where not a.is_local and lower(a.domain) = lower($1) and m.file is not null""",
    "instance_reports": """
        select count(*) from reports r join accounts a on a.id = r.target_id
        where not a.is_local and lower(a.domain) = lower($1)""",
    "instance_statuses": """
        select count(*) from statuses s join accounts a on a.id = s.account_id
        where not a.is_local and lower(a.domain) = lower($1)""",
    "instance_follows": """
        select count(*) from follows f join accounts a on a.id = f.target_id
        where not a.is_local and lower(a.domain) = lower($1)""",
    "instance_followers": """
        select count(*) from follows f join accounts a on a.id = f.account_id
        where not a.is_local and lower(a.domain) = lower($1)""",
}


async def measure(
    conn: Conn, key: Key, start: date, end: date, about: str | None = None, *, below: bool = False
) -> Measure:
    """`about`: the id of a tag or a domain, for those that are about one; `below`: and all domains below that."""
    days = await _days(conn, key, start, end, about, below=below)
    if key in _EVER:
        return Measure(days, await conn.fetchval(_wide(_EVER[key], below), about), None)
    length = end - start + timedelta(days=1)
    before, last = start - length, start - timedelta(days=1)
    if key in _TOTAL:
        return Measure(
            days,
            await conn.fetchval(_TOTAL[key], start, end, about),
            await conn.fetchval(_TOTAL[key], before, last, about),
        )
    earlier = await _days(conn, key, before, last, about)
    return Measure(days, sum(n for _, n in days), sum(n for _, n in earlier))


# Of the texts above: of one domain.
_ONE_DOMAIN = re.compile(r"lower\(a\.domain\) = lower\((\$\d)\)")


def _wide(statement: str, below: bool) -> str:
    """With what is below the domain, too."""
    if not below:
        return statement
    return _ONE_DOMAIN.sub(
        r"(lower(a.domain) = lower(\1) or right(lower(a.domain), length(\1) + 1) = '.' || lower(\1))", statement
    )


async def _days(
    conn: Conn, key: Key, start: date, end: date, about: str | None, *, below: bool = False
) -> list[tuple[date, int]]:
    """Every day, those without anything too."""
    records = await conn.fetch(
        f"""
        with about as (select $3::text as subject), found as ({_wide(_DAILY[key], below)})
        select d::date, coalesce(f.n, 0)::bigint from generate_series($1::date, $2::date, interval '1 day') d
        left join found f on f.day = d::date order by d
        """,
        start, end, about,
    )  # fmt: skip
    return [(record[0], record[1]) for record in records]


class Cohort(msgspec.Struct, frozen=True):
    """People who joined in a period, and how many of them were here in it or any time after."""

    joined: date
    period: date
    size: int
    here: int


async def retention(conn: Conn, start: date, end: date, frequency: Literal["day", "month"]) -> list[Cohort]:
    """For each period of joining every period since, in order."""
    records = await conn.fetch(
        """
        with periods as (
            select p::date as day from generate_series(date_trunc($3, $1::date::timestamp), $2::date::timestamp,
                case $3 when 'day' then interval '1 day' else interval '1 month' end) p),
        people as (
            select date_trunc($3, u.created_at at time zone 'utc')::date as joined,
                date_trunc($3, max(greatest(s.last_active_at, u.created_at)) at time zone 'utc')::date as last
            from users u left join memberships m on m.user_id = u.id
            left join account_settings s on s.account_id = m.account_id
            where u.created_at >= $1::date - 31 and u.created_at < $2::date + 1 and u.confirmed_at is not null
            group by u.id)
        select c.day, p.day, (select count(*) from people x where x.joined = c.day),
            (select count(*) from people x where x.joined = c.day and x.last >= p.day)
        from periods c join periods p on p.day >= c.day order by c.day, p.day
        """,
        start, end, frequency,
    )  # fmt: skip
    return [Cohort(*record.values()) for record in records]
