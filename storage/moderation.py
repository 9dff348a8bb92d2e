"""What moderators do to single accounts, and presets of what they say. What they said is in `warnings.py`."""

from datetime import datetime
from typing import Literal

import msgspec

from storage import events
from storage.db import Conn
from storage.rows import columns, struct, structs

Action = Literal["none", "disable", "sensitive", "silence", "suspend"]


class Subject(msgspec.Struct, frozen=True):
    """Whom something is done to, as far as that matters. `position`: the highest of the people behind it."""

    id: int
    username: str
    domain: str
    is_local: bool
    suspended_at: datetime | None
    silenced_at: datetime | None
    sensitized_at: datetime | None
    deleted_at: datetime | None
    user_ids: list[int]
    position: int
    emails: list[str]

    @property
    def acct(self) -> str:
        return self.username if self.is_local else f"{self.username}@{self.domain}"


_SUBJECT = """
    select a.id, a.username, a.domain, a.is_local, a.suspended_at, a.silenced_at, a.sensitized_at, a.deleted_at,
        array(select m.user_id from memberships m where m.account_id = a.id order by m.created_at, m.user_id)
            as user_ids,
        coalesce((select max(r.position) from memberships m join users u on u.id = m.user_id
            join roles r on r.name = u.role where m.account_id = a.id), -1) as position,
        array(select u.email from memberships m join users u on u.id = m.user_id
            where m.account_id = a.id and u.email is not null) as emails
    from accounts a
"""


async def subject(conn: Conn, account_id: int) -> Subject | None:
    """Applicants too, the instance actor not. Locked, so that decisions about one account are made one by one."""
    record = await conn.fetchrow(f"{_SUBJECT} where a.id = $1 and a.id > 0 for no key update of a", account_id)
    return struct(Subject, record)


async def subject_named(conn: Conn, username: str, domain: str) -> Subject | None:
    record = await conn.fetchrow(
        f"""
        {_SUBJECT} where lower(a.username) = lower($1) and lower(a.domain) = lower($2) and a.id > 0
        for no key update of a
        """,
        username, domain,
    )  # fmt: skip
    return struct(Subject, record)


async def unsilence(conn: Conn, account_id: int) -> bool:
    """Show it to all again. False when it was not limited."""
    done = await conn.fetchval(
        """
        update accounts set silenced_at = null, version = version + 1
        where id = $1 and silenced_at is not null returning id
        """,
        account_id,
    )
    return done is not None


async def sensitize(conn: Conn, account_id: int) -> bool:
    """Whatever media it has are hidden behind a warning. False when they were already."""
    done = await conn.fetchval(
        """
        update accounts set sensitized_at = now(), version = version + 1
        where id = $1 and sensitized_at is null returning id
        """,
        account_id,
    )
    return done is not None


async def unsensitize(conn: Conn, account_id: int) -> bool:
    done = await conn.fetchval(
        """
        update accounts set sensitized_at = null, version = version + 1
        where id = $1 and sensitized_at is not null returning id
        """,
        account_id,
    )
    return done is not None


async def bury(conn: Conn, account_id: int) -> None:
    """An account of ours ends for good: nobody signs in as it any more, and its name stays taken. Emits
    `AccountDeleted`."""
    await conn.execute("update accounts set deleted_at = now(), version = version + 1 where id = $1", account_id)
    await conn.execute(
        """
        delete from users u where id in (select user_id from memberships where account_id = $1)
          and not exists (select from memberships o where o.user_id = u.id and o.account_id <> $1)
        """,
        account_id,
    )
    await conn.execute("delete from memberships where account_id = $1", account_id)
    await events.emit(conn, events.AccountDeleted(account_id))


async def is_buried(conn: Conn, account_id: int) -> bool:
    found: bool = await conn.fetchval(
        "select exists (select from accounts where id = $1 and deleted_at is not null)", account_id
    )
    return found


# ---------------------------------------------------------------- presets


class Preset(msgspec.Struct, frozen=True):
    id: int
    title: str
    text: str


async def presets(conn: Conn) -> list[Preset]:
    """By title."""
    return structs(Preset, await conn.fetch(f"select {columns(Preset)} from warning_presets order by title, id"))


async def preset(conn: Conn, preset_id: int) -> Preset | None:
    return struct(
        Preset, await conn.fetchrow(f"select {columns(Preset)} from warning_presets where id = $1", preset_id)
    )


async def add_preset(conn: Conn, title: str, text: str) -> int:
    preset_id: int = await conn.fetchval(
        "insert into warning_presets (title, text) values ($1, $2) returning id", title, text
    )
    return preset_id


async def remove_preset(conn: Conn, preset_id: int) -> bool:
    return await conn.fetchval("delete from warning_presets where id = $1 returning id", preset_id) is not None
