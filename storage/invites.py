"""Invitations: a code that lets a number of people sign up where sign-up is not open."""

import secrets
from datetime import datetime

import msgspec

from storage.db import Conn
from storage.rows import columns, struct, structs


class Invite(msgspec.Struct, frozen=True):
    id: int
    code: str
    user_id: int | None
    max_uses: int | None
    uses: int
    expires_at: datetime | None


_COLUMNS = columns(Invite, "i")
# Not of somebody who could not sign in themselves. Of nobody: the operator's.
_VALID = """(i.expires_at is null or i.expires_at > now()) and (i.max_uses is null or i.uses < i.max_uses)
    and (i.user_id is null or exists (
        select from users u where u.id = i.user_id and u.disabled_at is null
            and u.confirmed_at is not null and u.approved_at is not null
            and not exists (select from memberships m join accounts a on a.id = m.account_id
                where m.user_id = u.id and a.suspended_at is not null)))"""


async def create(
    conn: Conn, *, user_id: int | None, max_uses: int | None = None, expires_at: datetime | None = None
) -> str:
    """The code."""
    code = secrets.token_urlsafe(9)
    await conn.execute(
        "insert into invites (code, user_id, max_uses, expires_at) values ($1, $2, $3, $4)",
        code, user_id, max_uses, expires_at,
    )  # fmt: skip
    return code


async def of_user(conn: Conn, user_id: int) -> list[Invite]:
    """Those that can still be used, newest first."""
    records = await conn.fetch(
        f"select {_COLUMNS} from invites i where i.user_id = $1 and {_VALID} order by i.id desc", user_id
    )
    return structs(Invite, records)


async def withdraw(conn: Conn, invite_id: int, *, user_id: int) -> None:
    await conn.execute("update invites set expires_at = now() where id = $1 and user_id = $2", invite_id, user_id)


async def by_code(conn: Conn, code: str) -> Invite | None:
    """Only while it can be used."""
    record = await conn.fetchrow(f"select {_COLUMNS} from invites i where i.code = $1 and {_VALID}", code)
    return struct(Invite, record)


async def use(conn: Conn, code: str) -> Invite | None:
    """Count one use; None when it is spent, expired, unknown or its maker's no more."""
    record = await conn.fetchrow(
        f"update invites i set uses = uses + 1 where i.code = $1 and {_VALID} returning {_COLUMNS}", code
    )
    return struct(Invite, record)
