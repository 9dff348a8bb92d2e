"""Applications, the codes people grant them, and access tokens. Secrets are kept as hashes only.

A token of a person carries both the login and the account it acts as. `epoch` is the login's at issue: a login that
has moved on has ended the token, even when nobody marked the row.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from storage import events
from storage.db import Conn
from storage.rows import columns, struct, structs

GRANT_LIFETIME = timedelta(minutes=10)


class Application(msgspec.Struct, frozen=True):
    id: int
    client_id: str
    secret_hash: bytes
    name: str
    website: str | None
    redirect_uris: list[str]
    scopes: str
    created_at: datetime


class Token(msgspec.Struct, frozen=True):
    """A token with what decides whether it may be used."""

    id: int
    application_id: int
    user_id: int | None
    account_id: int | None
    scopes: str
    revoked: bool
    last_used_at: datetime | None
    locale: str | None
    confirmed: bool | None
    approved: bool | None
    disabled: bool | None
    suspended: bool | None
    position: int | None  # of the role, like its permissions
    permissions: int | None


class Grant(msgspec.Struct, frozen=True):
    application_id: int
    user_id: int
    account_id: int
    redirect_uri: str
    scopes: str
    code_challenge: str | None
    expired: bool
    used: bool
    token_id: int | None


class Authorized(msgspec.Struct, frozen=True):
    """An application a person has let in."""

    id: int
    name: str
    website: str | None
    scopes: str
    created_at: datetime
    last_used_at: datetime | None


_APPLICATION = columns(Application)


async def create_application(
    conn: Conn,
    *,
    client_id: str,
    secret_hash: bytes,
    name: str,
    website: str | None,
    redirect_uris: Sequence[str],
    scopes: str,
) -> Application:
    """An application; the existing one if the client id is known already."""
    record = await conn.fetchrow(
        f"""
        insert into oauth_applications (client_id, secret_hash, name, website, redirect_uris, scopes)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (client_id) do update set scopes = excluded.scopes returning {_APPLICATION}
        """,
        client_id, secret_hash, name, website, redirect_uris, scopes,
    )  # fmt: skip
    application = struct(Application, record)
    assert application is not None
    return application


async def application(conn: Conn, client_id: str) -> Application | None:
    record = await conn.fetchrow(f"select {_APPLICATION} from oauth_applications where client_id = $1", client_id)
    return struct(Application, record)


async def application_by_id(conn: Conn, application_id: int) -> Application | None:
    record = await conn.fetchrow(f"select {_APPLICATION} from oauth_applications where id = $1", application_id)
    return struct(Application, record)


async def create_token(
    conn: Conn, hashed: bytes, *, application_id: int, user_id: int | None, account_id: int | None, scopes: str
) -> tuple[int, datetime]:
    """The token's id and when it was made."""
    record = await conn.fetchrow(
        """
        insert into oauth_tokens (hash, application_id, user_id, account_id, scopes, epoch)
        values ($1, $2, $3, $4, $5, coalesce((select epoch from users where id = $3), 0))
        returning id, created_at
        """,
        hashed, application_id, user_id, account_id, scopes,
    )  # fmt: skip
    assert record is not None
    return record["id"], record["created_at"]


async def token(conn: Conn, hashed: bytes) -> Token | None:
    record = await conn.fetchrow(
        """
        select t.id, t.application_id, t.user_id, t.account_id, t.scopes,
            t.revoked_at is not null
                or (t.user_id is not null and (t.epoch <> u.epoch or m.user_id is null)) as revoked,
            t.last_used_at, u.locale, u.confirmed_at is not null as confirmed,
            u.approved_at is not null as approved, u.disabled_at is not null as disabled,
            a.suspended_at is not null as suspended, r.position, r.permissions
        from oauth_tokens t
        left join users u on u.id = t.user_id
        left join roles r on r.name = u.role
        left join accounts a on a.id = t.account_id
        left join memberships m on m.user_id = t.user_id and m.account_id = t.account_id
        where t.hash = $1
        """,
        hashed,
    )
    return struct(Token, record)


async def touch(conn: Conn, token_id: int) -> None:
    await conn.execute("update oauth_tokens set last_used_at = now() where id = $1", token_id)


async def revoke_ids(conn: Conn, token_ids: Sequence[int]) -> None:
    """End tokens. Those that had ended already change nothing."""
    records = await conn.fetch(
        "update oauth_tokens set revoked_at = now() where id = any($1) and revoked_at is null returning id", token_ids
    )
    if records:
        await events.emit(conn, events.TokensRevoked(token_ids=tuple(record[0] for record in records)))


async def revoke_of_user(conn: Conn, user_id: int, *, application_id: int | None = None) -> None:
    """End every token of a person, or those of one application; and codes that would still give one."""
    await conn.execute(
        """
        delete from oauth_grants
        where user_id = $1 and ($2::bigint is null or application_id = $2) and used_at is null
        """,
        user_id, application_id,
    )  # fmt: skip
    records = await conn.fetch(
        """
        update oauth_tokens set revoked_at = now()
        where user_id = $1 and ($2::bigint is null or application_id = $2) and revoked_at is null returning id
        """,
        user_id, application_id,
    )  # fmt: skip
    if records:
        await events.emit(conn, events.TokensRevoked(token_ids=tuple(record[0] for record in records)))


async def authorized(conn: Conn, user_id: int) -> list[Authorized]:
    """Applications that hold a token of this person, latest used first."""
    records = await conn.fetch(
        """
        select a.id, a.name, a.website, string_agg(t.scopes, ' ') as scopes, min(t.created_at) as created_at,
            max(t.last_used_at) as last_used_at
        from oauth_tokens t join oauth_applications a on a.id = t.application_id
        where t.user_id = $1 and t.revoked_at is null
        group by a.id order by max(coalesce(t.last_used_at, t.created_at)) desc
        """,
        user_id,
    )
    return structs(Authorized, records)


async def create_grant(
    conn: Conn,
    hashed: bytes,
    *,
    application_id: int,
    user_id: int,
    account_id: int,
    redirect_uri: str,
    scopes: str,
    code_challenge: str | None,
) -> None:
    await conn.execute(
        """
        insert into oauth_grants
            (hash, application_id, user_id, account_id, redirect_uri, scopes, code_challenge, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, now() + $8::interval)
        """,
        hashed, application_id, user_id, account_id, redirect_uri, scopes, code_challenge, GRANT_LIFETIME,
    )  # fmt: skip


async def lock_grant(conn: Conn, hashed: bytes) -> Grant | None:
    """The grant of a code, locked: of two exchanges at once, the second sees the first one's mark."""
    record = await conn.fetchrow(
        """
        select application_id, user_id, account_id, redirect_uri, scopes, code_challenge,
            expires_at <= now() as expired, used_at is not null as used, token_id
        from oauth_grants where hash = $1 for update
        """,
        hashed,
    )
    return struct(Grant, record)


async def use_grant(conn: Conn, hashed: bytes, *, token_id: int) -> None:
    await conn.execute("update oauth_grants set used_at = now(), token_id = $2 where hash = $1", hashed, token_id)


async def forget_grants(conn: Conn) -> None:
    """Codes are remembered for a day after their end, so that a second use can still be told."""
    await conn.execute("delete from oauth_grants where expires_at <= now() - interval '1 day'")
