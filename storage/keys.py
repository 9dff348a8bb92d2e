"""Public keys of every actor, and the private ones of ours. A key's URI is opaque and belongs to one actor."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from storage.accounts import Account
from storage.db import Conn
from storage.rows import columns, struct, structs

Kind = Literal["rsa", "ed25519"]


class Key(msgspec.Struct, frozen=True):
    """A row of `keys`. `private_pem` is sealed (see `federation.vault`), and None for keys of other servers' actors;
    `active_at` is when ours begins to sign."""

    uri: str
    account_id: int
    kind: str
    public_pem: str
    private_pem: str | None
    fetched_at: datetime
    active_at: datetime


class Public(msgspec.Struct, frozen=True):
    """A key as an actor's document shows it, checked by the caller."""

    uri: str
    kind: Kind
    public_pem: str


_COLUMNS = columns(Key)
_WIDTH = len(Key.__struct_fields__)


class Own(msgspec.Struct, frozen=True):
    """A pair of one of our accounts, the private one sealed. It signs `after_seconds` from now; it is shown at once."""

    uri: str
    account_id: int
    kind: Kind
    public_pem: str
    private_pem: str
    after_seconds: float = 0.0


async def create(conn: Conn, own: Own) -> None:
    await conn.execute(
        """
        insert into keys (uri, account_id, kind, public_pem, private_pem, active_at)
        values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))
        """,
        own.uri, own.account_id, own.kind, own.public_pem, own.private_pem, own.after_seconds,
    )  # fmt: skip


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
    """RSA before Ed25519, of a kind the latest last."""
    records = await conn.fetch(
        f"select {_COLUMNS} from keys where account_id = $1 order by kind desc, active_at, uri", account_id
    )
    return structs(Key, records)


async def private_key(conn: Conn, account_id: int, kind: Kind) -> Key | None:
    """The key one of our accounts signs with; None for an account that is not ours."""
    record = await conn.fetchrow(
        f"""
        select {_COLUMNS} from keys
        where account_id = $1 and kind = $2 and private_pem is not null and active_at <= now()
        order by active_at desc limit 1
        """,
        account_id, kind,
    )  # fmt: skip
    return struct(Key, record)


async def in_the_clear(conn: Conn, *, limit: int) -> dict[str, str]:
    """Private keys, by URI, that were stored before they were sealed."""
    records = await conn.fetch(
        "select uri, private_pem from keys where starts_with(private_pem, '-----') limit $1 for no key update", limit
    )
    return {record[0]: record[1] for record in records}


async def private_after(conn: Conn, uri: str, *, limit: int) -> dict[str, str]:
    """Private keys as they are stored, by URI, in its order."""
    records = await conn.fetch(
        """
        select uri, private_pem from keys where private_pem is not null and uri > $1 order by uri limit $2
        for no key update
        """,
        uri, limit,
    )  # fmt: skip
    return {record[0]: record[1] for record in records}


async def put_private(conn: Conn, keys: Mapping[str, str]) -> None:
    """What stands for private keys from now on, by URI."""
    await conn.execute(
        """
        update keys k set private_pem = given.p from unnest($1::text[], $2::text[]) as given(u, p)
        where k.uri = given.u and k.private_pem is not null
        """,
        list(keys), list(keys.values()),
    )  # fmt: skip


async def owners(conn: Conn) -> list[int]:
    """Accounts that have keys to sign with."""
    records = await conn.fetch("select distinct account_id from keys where private_pem is not null order by account_id")
    return [record[0] for record in records]


async def drop_own(conn: Conn, account_id: int) -> None:
    """All keys of an account of ours."""
    await conn.execute("delete from keys where account_id = $1 and private_pem is not null", account_id)


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


async def drop_replaced(conn: Conn, *, limit: int, account_id: int | None = None) -> int:
    """Delete our keys, of one account or of all, whose successors sign already; how many."""
    records = await conn.fetch(
        """
        delete from keys where uri in (
            select k.uri from keys k
            where k.private_pem is not null and ($2::bigint is null or k.account_id = $2)
              and exists (select from keys n where n.account_id = k.account_id and n.kind = k.kind
                          and n.private_pem is not null and n.active_at > k.active_at and n.active_at <= now())
            limit $1)
        returning 1
        """,
        limit, account_id,
    )  # fmt: skip
    return len(records)
