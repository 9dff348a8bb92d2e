"""Logins: the people who sign in, and which accounts they act as."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from storage import accounts, events, oauth, sessions
from storage.db import Conn
from storage.errors import Conflict, Missing
from storage.roles import Rank
from storage.rows import struct, structs


class User(msgspec.Struct, frozen=True):
    """A login with the account it acts as by default."""

    id: int
    email: str | None
    locale: str
    role: str
    reason: str | None
    invite_id: int | None
    confirmed_at: datetime | None
    approved_at: datetime | None
    disabled_at: datetime | None
    epoch: int
    created_at: datetime
    last_sign_in_at: datetime | None
    account_id: int
    username: str
    suspended_at: datetime | None
    position: int  # of the role, like its permissions
    permissions: int

    @property
    def rank(self) -> Rank:
        return Rank(self.position, self.permissions)

    @property
    def active(self) -> bool:
        """May use what needs a person: confirmed, approved, neither disabled nor suspended."""
        return bool(self.confirmed_at and self.approved_at and not self.disabled_at and not self.suspended_at)


class Credentials(msgspec.Struct, frozen=True):
    user_id: int
    password_hash: str | None


_OTHERS = ("account_id", "username", "suspended_at", "position", "permissions")
_OWN = [name for name in User.__struct_fields__ if name not in _OTHERS]
_SELECT = f"""
    select {", ".join(f"u.{name}" for name in _OWN)}, a.id as account_id, a.username, a.suspended_at,
        r.position, r.permissions
    from users u
    join roles r on r.name = u.role
    join lateral (
        select account_id from memberships where user_id = u.id order by created_at, account_id limit 1) m on true
    join accounts a on a.id = m.account_id
"""


async def create(
    conn: Conn,
    *,
    email: str | None,
    password_hash: str | None,
    role: str,
    locale: str = "en",
    reason: str | None = None,
    invite_id: int | None = None,
    confirmed: bool,
    approved: bool,
    ip: str | None = None,
) -> int:
    """`Conflict` when the address is taken."""
    user_id: int | None = await conn.fetchval(
        """
        insert into users
            (email, password_hash, role, locale, reason, invite_id, confirmed_at, approved_at, sign_up_ip)
        values ($1, $2, $3, $4, $5, $6, case when $7 then now() end, case when $8 then now() end, $9::text::inet)
        on conflict do nothing returning id
        """,
        email, password_hash, role, locale, reason, invite_id, confirmed, approved, ip,
    )  # fmt: skip
    if user_id is None:
        raise Conflict("Email has already been taken")
    return user_id


async def join(conn: Conn, user_id: int, account_id: int) -> None:
    """As its owner."""
    await conn.execute("insert into memberships (user_id, account_id) values ($1, $2)", user_id, account_id)


async def by_id(conn: Conn, user_id: int) -> User | None:
    return struct(User, await conn.fetchrow(f"{_SELECT} where u.id = $1", user_id))


async def by_email(conn: Conn, email: str) -> User | None:
    return struct(User, await conn.fetchrow(f"{_SELECT} where lower(u.email) = lower($1)", email))


async def by_username(conn: Conn, username: str) -> User | None:
    """Of a local account."""
    record = await conn.fetchrow(
        f"{_SELECT} where lower(a.username) = lower($1) and a.is_local order by u.id limit 1", username
    )
    return struct(User, record)


async def listed(conn: Conn, *, waiting: bool = False) -> list[User]:
    """Everybody, or those who wait for approval, oldest first."""
    records = await conn.fetch(f"{_SELECT} where not $1 or u.approved_at is null order by u.id", waiting)
    return structs(User, records)


async def who_may(conn: Conn, permission: int) -> list[User]:
    """Those whose role has the permission."""
    records = await conn.fetch(
        f"{_SELECT} where r.permissions & $1 = $1 and u.disabled_at is null order by u.id", permission
    )
    return structs(User, records)


async def credentials(conn: Conn, name: str) -> Credentials | None:
    """By e-mail address or, without an at sign, by username."""
    if "@" in name:
        record = await conn.fetchrow(
            "select id as user_id, password_hash from users where lower(email) = lower($1)", name
        )
    else:
        record = await conn.fetchrow(
            """
            select u.id as user_id, u.password_hash
            from users u join memberships m on m.user_id = u.id join accounts a on a.id = m.account_id
            where lower(a.username) = lower($1) and a.is_local order by u.id limit 1
            """,
            name,
        )
    return struct(Credentials, record)


async def password_hash(conn: Conn, user_id: int) -> str | None:
    value: str | None = await conn.fetchval("select password_hash from users where id = $1", user_id)
    return value


async def any_exist(conn: Conn) -> bool:
    found: bool = await conn.fetchval("select exists (select from users)")
    return found


async def email_taken(conn: Conn, email: str) -> bool:
    found: bool = await conn.fetchval("select exists (select from users where lower(email) = lower($1))", email)
    return found


async def refuse(conn: Conn, user_id: int) -> bool:
    """Delete an applicant with the account that never opened. False for somebody who is in already."""
    records = await conn.fetch(
        """
        select m.account_id from users u join memberships m on m.user_id = u.id
        where u.id = $1 and u.approved_at is null for update of u
        """,
        user_id,
    )
    if not records:
        return False
    await accounts.forget_pending(conn, [record[0] for record in records])
    await conn.execute("delete from users where id = $1", user_id)
    return True


async def signed_in(conn: Conn, user_id: int) -> None:
    await conn.execute("update users set last_sign_in_at = now() where id = $1", user_id)


async def rehash(conn: Conn, user_id: int, hashed: str) -> None:
    """The same password under newer parameters."""
    await conn.execute("update users set password_hash = $2 where id = $1", user_id, hashed)


async def set_password(conn: Conn, user_id: int, hashed: str) -> None:
    """A new password ends every session, token and stream."""
    await conn.execute("update users set password_hash = $2 where id = $1", user_id, hashed)
    await sign_out_everywhere(conn, user_id)


async def sign_out_everywhere(conn: Conn, user_id: int) -> None:
    """Raise the epoch: what was issued before is worthless, even if a row survives in a cache or a backup."""
    await conn.execute("update users set epoch = epoch + 1 where id = $1", user_id)
    await sessions.end_all(conn, user_id)
    await oauth.revoke_of_user(conn, user_id)


async def set_email(conn: Conn, user_id: int, email: str, *, unapproved: bool = False) -> None:
    """A new, unconfirmed address. `unapproved`: staff decides about whoever has it. `Conflict` when it is taken."""
    if await email_taken(conn, email):
        raise Conflict("Email has already been taken")
    await conn.execute(
        """
        update users set email = $2, confirmed_at = null, approved_at = case when $3 then null else approved_at end
        where id = $1
        """,
        user_id, email, unapproved,
    )  # fmt: skip


async def confirm(conn: Conn, user_id: int) -> bool:
    """Whether anything changed."""
    done = await conn.fetchval(
        "update users set confirmed_at = now() where id = $1 and confirmed_at is null returning id", user_id
    )
    if done is not None:
        await announce(conn, user_id)
    return done is not None


async def approve(conn: Conn, user_id: int) -> bool:
    """Whether anything changed."""
    done = await conn.fetchval(
        "update users set approved_at = now() where id = $1 and approved_at is null returning id", user_id
    )
    if done is not None:
        await announce(conn, user_id)
    return done is not None


async def announce(conn: Conn, user_id: int) -> None:
    """Say that somebody new is here, once this person is confirmed and approved."""
    records = await conn.fetch(
        """
        select m.account_id from users u join memberships m on m.user_id = u.id
        where u.id = $1 and u.confirmed_at is not null and u.approved_at is not null
        """,
        user_id,
    )
    await accounts.reveal(conn, [record[0] for record in records])
    for record in records:
        await events.emit(conn, events.AccountSignedUp(account_id=record[0], user_id=user_id))


async def set_role(conn: Conn, user_id: int, role: str) -> None:
    """What staff was told is not for whoever is staff no more."""
    if await conn.fetchval("update users set role = $2 where id = $1 returning id", user_id, role) is None:
        raise Missing("no such login")
    await conn.execute(
        """
        delete from notifications n using memberships m
        where m.user_id = $1 and m.account_id = n.account_id and n.type in ('admin.sign_up', 'admin.report')
            and not exists (
                select from memberships o join users u on u.id = o.user_id
                where o.account_id = n.account_id and o.role = 'owner' and u.role in ('moderator', 'admin', 'owner'))
        """,
        user_id,
    )


async def disable(conn: Conn, user_id: int) -> None:
    """Nobody signs in with this login any more; what was signed in is out."""
    await conn.execute("update users set disabled_at = now() where id = $1 and disabled_at is null", user_id)
    await sign_out_everywhere(conn, user_id)


async def enable(conn: Conn, user_id: int) -> None:
    await conn.execute("update users set disabled_at = null where id = $1", user_id)


async def names(conn: Conn, user_ids: Sequence[int]) -> dict[int, str]:
    """The username of each."""
    records = await conn.fetch(
        """
        select distinct on (m.user_id) m.user_id, a.username from memberships m join accounts a on a.id = m.account_id
        where m.user_id = any($1) order by m.user_id, m.created_at, a.id
        """,
        user_ids,
    )
    return {record[0]: record[1] for record in records}


async def forget_unconfirmed(conn: Conn, *, days: int) -> int:
    """Delete those who never confirmed their address, with their accounts; how many."""
    records = await conn.fetch(
        """
        select u.id, a.id from users u join memberships m on m.user_id = u.id join accounts a on a.id = m.account_id
        where u.confirmed_at is null and a.pending and u.created_at < now() - make_interval(days => $1)
        """,
        days,
    )
    await accounts.forget_pending(conn, [record[1] for record in records])
    await conn.execute("delete from users where id = any($1)", [record[0] for record in records])
    return len(records)
