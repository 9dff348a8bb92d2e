"""Sessions of browsers. Only a hash of the cookie's value is kept."""

from datetime import datetime, timedelta

import msgspec

from storage.db import Conn
from storage.rows import columns, struct, structs

IDLE = timedelta(days=180)
# How exact `last_used_at` is: a page view need not write.
TOUCH = timedelta(minutes=15)


class Session(msgspec.Struct, frozen=True):
    id: int
    user_id: int
    ip: str | None
    user_agent: str
    created_at: datetime
    last_used_at: datetime


_COLUMNS = columns(Session, "s").replace('s."ip"', "host(s.ip) as ip")


async def create(conn: Conn, hashed: bytes, *, user_id: int, epoch: int, ip: str | None, user_agent: str) -> int:
    """The new session's id."""
    session_id: int = await conn.fetchval(
        """
        insert into sessions (hash, user_id, epoch, ip, user_agent)
        values ($1, $2, $3, $4::text::inet, $5) returning id
        """,
        hashed, user_id, epoch, ip, user_agent[:300],
    )  # fmt: skip
    return session_id


async def by_hash(conn: Conn, hashed: bytes) -> Session | None:
    """A session that still counts: used lately, of a person who may sign in and has not ended all sessions since."""
    record = await conn.fetchrow(
        f"""
        select {_COLUMNS} from sessions s join users u on u.id = s.user_id
        where s.hash = $1 and s.epoch = u.epoch and u.disabled_at is null and s.last_used_at > now() - $2::interval
        """,
        hashed, IDLE,
    )  # fmt: skip
    return struct(Session, record)


async def touch(conn: Conn, session_id: int, *, ip: str | None) -> None:
    await conn.execute("update sessions set last_used_at = now(), ip = $2::text::inet where id = $1", session_id, ip)


async def of_user(conn: Conn, user_id: int) -> list[Session]:
    """Latest used first."""
    records = await conn.fetch(
        f"select {_COLUMNS} from sessions s where s.user_id = $1 order by s.last_used_at desc, s.id desc", user_id
    )
    return structs(Session, records)


async def end(conn: Conn, session_id: int, *, user_id: int) -> bool:
    """Whether it was this person's."""
    done = await conn.fetchval("delete from sessions where id = $1 and user_id = $2 returning id", session_id, user_id)
    return done is not None


async def end_all(conn: Conn, user_id: int, *, but: int | None = None) -> None:
    await conn.execute("delete from sessions where user_id = $1 and id is distinct from $2", user_id, but)


async def forget_idle(conn: Conn) -> None:
    await conn.execute("delete from sessions where last_used_at <= now() - $1::interval", IDLE)
