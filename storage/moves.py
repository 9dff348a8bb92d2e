"""Accounts that have moved to others. Where one is now stands in its row; here also when it went and who goes along."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from storage import events
from storage.db import Conn
from storage.follows import Options
from storage.rows import columns, struct, structs

CARRY_JOB = "carry_followers"  # payload {"account_id": …, "target_id": …}
REDIRECT_JOB = "read_redirect"  # payload {"account_id": …, "uri": …, "chain": …}


class Move(msgspec.Struct, frozen=True):
    """`target_id` took over the followers of `account_id`."""

    id: int
    account_id: int
    target_id: int
    created_at: datetime


_COLUMNS = columns(Move)


async def latest(conn: Conn, account_id: int) -> Move | None:
    record = await conn.fetchrow(
        f"select {_COLUMNS} from moves where account_id = $1 order by id desc limit 1", account_id
    )
    return struct(Move, record)


async def record(conn: Conn, account_id: int, target_id: int) -> Move:
    """An account moves, with its followers. Emits `AccountUpdated`, then `AccountMoved`."""
    await point(conn, account_id, target_id)
    move = struct(
        Move,
        await conn.fetchrow(
            f"insert into moves (account_id, target_id) values ($1, $2) returning {_COLUMNS}", account_id, target_id
        ),
    )
    if move is None:
        raise LookupError("an insertion returned nothing")
    await events.emit(conn, events.AccountMoved(account_id, target_id, move.id))
    return move


async def point(conn: Conn, account_id: int, target_id: int | None) -> bool:
    """Say that an account is elsewhere now, or with None that it is not. False when that was known. Emits
    `AccountUpdated`."""
    done = await conn.fetchval(
        """
        update accounts set moved_to_id = $2, version = version + 1, updated_at = now()
        where id = $1 and moved_to_id is distinct from $2 returning id
        """,
        account_id, target_id,
    )  # fmt: skip
    if done is not None:
        await events.emit(conn, events.AccountUpdated(account_id))
    return done is not None


async def lock(conn: Conn, account_id: int) -> None:
    """Until the transaction ends nobody else moves this account."""
    await conn.execute("select from accounts where id = $1 for no key update", account_id)


async def set_aliases(conn: Conn, account_id: int, uris: Sequence[str]) -> None:
    """Other accounts that the person behind an account of ours says are theirs. Emits `AccountUpdated`."""
    await conn.execute(
        "update accounts set also_known_as = $2, version = version + 1, updated_at = now() where id = $1",
        account_id, list(uris),
    )  # fmt: skip
    await events.emit(conn, events.AccountUpdated(account_id))


async def name(conn: Conn, move_id: int, uri: str) -> None:
    """The Move of ours that told others."""
    await conn.execute("update moves set uri = $2 where id = $1", move_id, uri)


# ---------------------------------------------------------------- who goes along


class Follower(msgspec.Struct, frozen=True):
    """A follow of somebody here, with the wishes that go over to the next."""

    id: int
    account_id: int
    uri: str
    show_reblogs: bool
    notify: bool
    languages: list[str] | None
    present: bool  # the new account is followed already

    @property
    def options(self) -> Options:
        return Options(self.show_reblogs, self.notify, self.languages)


async def followers(conn: Conn, account_id: int, target_id: int, *, after: int, limit: int) -> list[Follower]:
    """People here who follow an account and may follow the other, in the order of follows."""
    records = await conn.fetch(
        """
        select f.id, f.account_id, a.uri, f.show_reblogs, f.notify, f.languages, exists (
            select from follows n where n.account_id = a.id and n.target_id = $2) as present
        from follows f join accounts a on a.id = f.account_id and a.is_local and a.suspended_at is null
        where f.target_id = $1 and f.id > $3 and f.account_id <> $2
            and not exists (select from blocks b where (b.account_id, b.target_id) in (($2, a.id), (a.id, $2)))
        order by f.id limit $4
        """,
        account_id, target_id, after, limit,
    )  # fmt: skip
    return structs(Follower, records)


async def left_behind(conn: Conn, follower_id: int, target_id: int) -> list[int]:
    """Whom somebody here still follows though they have moved to the account that is followed now."""
    records = await conn.fetch(
        """
        select o.id from accounts o join follows f on f.target_id = o.id and f.account_id = $1
        join accounts a on a.id = f.account_id and a.is_local
        where o.moved_to_id = $2 order by o.id
        """,
        follower_id, target_id,
    )  # fmt: skip
    return [record[0] for record in records]


async def copy_lists(conn: Conn, owner_id: int, account_id: int, target_id: int) -> None:
    """The new account takes the places of the old one on somebody's lists."""
    await conn.execute(
        """
        insert into list_accounts (list_id, account_id)
        select m.list_id, $3 from list_accounts m join lists l on l.id = m.list_id and l.account_id = $1
        where m.account_id = $2 on conflict do nothing
        """,
        owner_id, account_id, target_id,
    )  # fmt: skip


class Grudge(msgspec.Struct, frozen=True):
    """A block or a mute of an account by somebody here who has not judged the other yet."""

    id: int
    account_id: int
    uri: str
    hide_notifications: bool = True
    expires_at: datetime | None = None


async def blockers(conn: Conn, account_id: int, target_id: int, *, after: int, limit: int) -> list[Grudge]:
    """Whoever follows the new account knows it, and has decided otherwise."""
    records = await conn.fetch(
        """
        select b.id, b.account_id, a.uri, true as hide_notifications, null::timestamptz as expires_at
        from blocks b join accounts a on a.id = b.account_id and a.is_local
        where b.target_id = $1 and b.id > $3 and a.id <> $2
            and not exists (select from blocks n where n.account_id = a.id and n.target_id = $2)
            and not exists (select from follows f where f.account_id = a.id and f.target_id = $2)
        order by b.id limit $4
        """,
        account_id, target_id, after, limit,
    )  # fmt: skip
    return structs(Grudge, records)


async def muters(conn: Conn, account_id: int, target_id: int, *, after: int, limit: int) -> list[Grudge]:
    records = await conn.fetch(
        """
        select m.id, m.account_id, a.uri, m.hide_notifications, m.expires_at
        from mutes m join accounts a on a.id = m.account_id and a.is_local
        where m.target_id = $1 and m.id > $3 and a.id <> $2 and (m.expires_at is null or m.expires_at > now())
            and not exists (select from mutes n where n.account_id = a.id and n.target_id = $2)
        order by m.id limit $4
        """,
        account_id, target_id, after, limit,
    )  # fmt: skip
    return structs(Grudge, records)


async def copy_notes(conn: Conn, account_id: int, target_id: int, *, handle: str, most: int) -> None:
    """What people here wrote down about the old account stands with the new one too, once."""
    await conn.execute(
        """
        insert into account_notes as n (account_id, target_id, comment)
        select o.account_id, $2, left($3 || ': ' || o.comment, $4) from account_notes o
        where o.target_id = $1 and o.account_id <> $2
        on conflict (account_id, target_id) do update set comment = left(n.comment || E'\n' || excluded.comment, $4)
        where position(excluded.comment in n.comment) = 0 and length(n.comment) < $4
        """,
        account_id, target_id, f"@{handle}", most,
    )  # fmt: skip
