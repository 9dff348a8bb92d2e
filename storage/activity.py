"""How busy this server is, by week from Monday: posts, people who were here, people who joined."""

from datetime import date

import msgspec

from storage.db import Conn
from storage.rows import structs

WEEKS = 12


class Week(msgspec.Struct, frozen=True):
    monday: date
    statuses: int
    people: int
    registrations: int


async def weeks(conn: Conn) -> list[Week]:
    """The current one first."""
    records = await conn.fetch(
        """
        with mondays as (
            select (date_trunc('week', now()) - n * interval '1 week')::date as monday
            from generate_series(0, $1 - 1) n)
        select m.monday, coalesce(w.statuses, 0) as statuses,
            (select count(*) from activity_people p where p.week = m.monday) as people,
            coalesce(w.registrations, 0) as registrations
        from mondays m left join activity_weeks w on w.week = m.monday order by m.monday desc
        """,
        WEEKS,
    )
    return structs(Week, records)


async def count_post(conn: Conn, status_id: int) -> None:
    """A post of somebody here; boosts do not count."""
    await conn.execute(
        """
        insert into activity_weeks as w (week, statuses)
        select date_trunc('week', now())::date, 1 from statuses
        where id = $1 and is_local and reblog_of_id is null
        on conflict (week) do update set statuses = w.statuses + 1
        """,
        status_id,
    )


async def count_sign_up(conn: Conn) -> None:
    await conn.execute(
        """
        insert into activity_weeks as w (week, registrations) values (date_trunc('week', now())::date, 1)
        on conflict (week) do update set registrations = w.registrations + 1
        """
    )


async def note_presence(conn: Conn, account_id: int) -> None:
    """Somebody is here this week."""
    await conn.execute(
        """
        insert into activity_people (week, account_id) values (date_trunc('week', now())::date, $1)
        on conflict do nothing
        """,
        account_id,
    )


async def forget(conn: Conn) -> None:
    """Who was here in weeks that nobody is told about any more."""
    await conn.execute("delete from activity_people where week < current_date - 7 * ($1::int + 1)", WEEKS)
