"""Public keys of every actor, and the private ones of ours. A key's URI is opaque and belongs to one actor."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from storage.accounts import Account
from storage.db import Conn
from storage.rows import columns, struct, structs

Kind = Literal["rsa", "ed25519"]


class Key(msgspec.Struct, frozen=True):
    """A row of `keys`. `private_pem` is None for keys of other servers' actors."""

    uri: str
    account_id: int
    kind: str
    public_pem: str
    private_pem: str | None
    fetched_at: datetime


class Public(msgspec.Struct, frozen=True):
    """A key as an actor's document shows it, checked by the caller."""

    uri: str
    kind: Kind
    public_pem: str


_COLUMNS = columns(Key)
_WIDTH = len(Key.__struct_fields__)


async def create(conn: Conn, *, uri: str, account_id: int, kind: Kind, public_pem: str, private_pem: str) -> None:
    """A pair of our own."""
    await conn.execute(
        "insert into keys (uri, account_id, kind, public_pem, private_pem) values ($1, $2, $3, $4, $5)",
        uri, account_id, kind, public_pem, private_pem,
    )  # fmt: skip


async def by_uri(conn: Conn, uri: str) -> Key | None:
    return struct(Key, await conn.fetchrow(f"select {_COLUMNS} from keys where uri = $1", uri))


async def with_owner(conn: Conn, uri: str) -> tuple[Key, Account] | None:
    """A key and the account that holds it."""
    record = await conn.fetchrow(
        f"""
        select {columns(Key, "k")}, {columns(Account, "a")} from keys k join accounts a on a.id = k.account_id
        where k.uri = $1
        """,
        uri,
    )
    if record is None:
        return None
    values = tuple(record.values())
    return Key(*values[:_WIDTH]), Account(*values[_WIDTH:])


async def of_account(conn: Conn, account_id: int) -> list[Key]:
    """RSA before Ed25519."""
    records = await conn.fetch(f"select {_COLUMNS} from keys where account_id = $1 order by kind desc, uri", account_id)
    return structs(Key, records)


async def of_accounts(conn: Conn, account_ids: Sequence[int]) -> dict[int, list[Key]]:
    """Keys by account, RSA before Ed25519; accounts without any are left out."""
    records = await conn.fetch(
        f"select {_COLUMNS} from keys where account_id = any($1) order by kind desc, uri", account_ids
    )
    found: dict[int, list[Key]] = {}
    for key in structs(Key, records):
        found.setdefault(key.account_id, []).append(key)
    return found


async def private_key(conn: Conn, account_id: int, kind: Kind = "rsa") -> Key | None:
    """The key one of our accounts signs with; None for an account that is not ours."""
    record = await conn.fetchrow(
        f"select {_COLUMNS} from keys where account_id = $1 and kind = $2 and private_pem is not null",
        account_id, kind,
    )  # fmt: skip
    return struct(Key, record)


async def replace(conn: Conn, account_id: int, keys: Sequence[Public]) -> None:
    """Make these the keys of another server's actor. What another actor holds is never touched, ours least of all."""
    await conn.execute(
        "delete from keys where account_id = $1 and private_pem is null and uri <> all($2)",
        account_id, [key.uri for key in keys],
    )  # fmt: skip
    await conn.execute(
        """
        insert into keys (uri, account_id, kind, public_pem)
        select u, $1, k, p from unnest($2::text[], $3::text[], $4::text[]) as given(u, k, p)
        on conflict (uri) do update set kind = excluded.kind, public_pem = excluded.public_pem, fetched_at = now()
        where keys.private_pem is null and keys.account_id = excluded.account_id
        """,
        account_id, [key.uri for key in keys], [key.kind for key in keys], [key.public_pem for key in keys],
    )  # fmt: skip


async def take_back(conn: Conn, account_id: int, uris: Sequence[str]) -> None:
    """Take remote keys that lie at an actor's own address from others, who claimed them before it was known here."""
    await conn.execute(
        "delete from keys where uri = any($2) and account_id <> $1 and private_pem is null", account_id, uris
    )
