"""Who is in a collection: a row for each, which says whether they have agreed to it.

Revoked stays revoked: the row remains, so that nobody is put back who has left.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from storage import events
from storage.db import Conn
from storage.errors import Conflict
from storage.rows import columns, struct, structs

State = Literal["pending", "accepted", "rejected", "revoked"]

SETTLE_JOB = "settle_collection"  # payload {"collection_id": …, "chain": …}


class Item(msgspec.Struct, frozen=True):
    """A row. `approval_uri` is what is claimed; it is proven where the state is accepted."""

    id: int
    collection_id: int
    account_id: int | None
    object_uri: str
    uri: str | None
    position: int
    state: State
    request_uri: str | None
    approval_uri: str | None
    created_at: datetime


class New(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a person here puts into a collection, or somebody here who agrees to be in one elsewhere."""

    id: int
    collection_id: int
    account_id: int
    object_uri: str
    uri: str | None
    state: State
    request_uri: str | None = None
    approval_uri: str | None = None


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """What the document of a collection says of one who is in it."""

    uri: str
    object_uri: str
    approval_uri: str | None
    created_at: datetime | None = None


_COLUMNS = columns(Item)
_I_COLUMNS = columns(Item, "i")


async def by_id(conn: Conn, item_id: int) -> Item | None:
    return struct(Item, await conn.fetchrow(f"select {_COLUMNS} from collection_items where id = $1", item_id))


async def by_uri(conn: Conn, uri: str, *, owner_id: int) -> Item | None:
    """In a collection of this account."""
    record = await conn.fetchrow(
        f"""
        select {_I_COLUMNS} from collection_items i join collections c on c.id = i.collection_id
        where i.uri = $1 and c.account_id = $2 limit 1
        """,
        uri, owner_id,
    )  # fmt: skip
    return struct(Item, record)


async def by_request(conn: Conn, request_uri: str) -> Item | None:
    """The one that a FeatureRequest of ours is about."""
    record = await conn.fetchrow(f"select {_COLUMNS} from collection_items where request_uri = $1", request_uri)
    return struct(Item, record)


async def of_person(conn: Conn, collection_id: int, object_uri: str) -> Item | None:
    record = await conn.fetchrow(
        f"select {_COLUMNS} from collection_items where collection_id = $1 and object_uri = $2",
        collection_id, object_uri,
    )  # fmt: skip
    return struct(Item, record)


# The rule of `collection_items i` in `collections c`, with `accounts a`: whoever has agreed; its maker sees whom they
# wait for, too. Nobody meets here whom they have blocked.
SHOWN = """a.suspended_at is null and not a.pending
          and (i.state = 'accepted' or (i.state = 'pending' and c.is_local and c.account_id = $1))
          and not exists (select from blocks b where b.account_id = $1 and b.target_id = i.account_id)"""


async def shown(conn: Conn, viewer_id: int | None, collection_ids: Sequence[int]) -> list[Item]:
    """As SHOWN says, in the order of each collection."""
    records = await conn.fetch(
        f"""
        select {_I_COLUMNS} from collection_items i join collections c on c.id = i.collection_id
        join accounts a on a.id = i.account_id
        where i.collection_id = any($2) and {SHOWN}
        order by i.collection_id, i.position, i.id
        """,
        viewer_id, collection_ids,
    )  # fmt: skip
    return structs(Item, records)


async def members(conn: Conn, collection_id: int, *, local: bool | None = None) -> list[int]:
    """Accounts that have agreed; of both kinds, or only those here, or elsewhere."""
    records = await conn.fetch(
        """
        select i.account_id from collection_items i join accounts a on a.id = i.account_id
        where i.collection_id = $1 and i.state = 'accepted' and ($2::boolean is null or a.is_local = $2)
        order by i.account_id
        """,
        collection_id, local,
    )  # fmt: skip
    return [record[0] for record in records]


async def waiting(conn: Conn, collection_id: int) -> list[Item]:
    """Whose consent to a collection elsewhere has not been proven."""
    records = await conn.fetch(
        f"select {_COLUMNS} from collection_items where collection_id = $1 and state = 'pending' order by position",
        collection_id,
    )
    return structs(Item, records)


async def add(conn: Conn, new: New, *, most: int | None = None, embedded: bool = False) -> None:
    """`Conflict` when they are in it, have left it, or it has `most` already. `embedded`: those who hear of the
    collection now hear of them with it."""
    await conn.execute("select from collections where id = $1 for no key update", new.collection_id)
    record = await conn.fetchrow(
        "select count(*), max(position) from collection_items where collection_id = $1 and state <> all($2)",
        new.collection_id, ["rejected", "revoked"],
    )  # fmt: skip
    count, last = tuple(record.values()) if record is not None else (0, None)
    if most is not None and count >= most:
        raise Conflict(f"A collection can have at most {most} accounts")
    done = await conn.fetchval(
        """
        insert into collection_items as i (
            id, collection_id, account_id, object_uri, uri, position, state, request_uri, approval_uri)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict (collection_id, object_uri) do update set id = excluded.id, account_id = excluded.account_id,
            uri = coalesce(excluded.uri, i.uri), position = excluded.position, state = excluded.state,
            request_uri = excluded.request_uri, approval_uri = excluded.approval_uri, created_at = now()
        where i.state = 'rejected' or (i.state = 'pending' and $10)
        returning id
        """,
        new.id, new.collection_id, new.account_id, new.object_uri, new.uri, (last or 0) + 1, new.state,
        new.request_uri, new.approval_uri, most is None,
    )  # fmt: skip
    if done is None:
        raise Conflict("Account has already been taken")
    if new.state == "accepted":
        await events.emit(conn, events.FeatureGranted(new.id, embedded))
    else:
        await events.emit(conn, events.FeatureAsked(new.id))


async def accept(conn: Conn, item_id: int, *, account_id: int, approval_uri: str | None) -> bool:
    """They have agreed; whether that is news. What was revoked stays so."""
    done = await conn.fetchval(
        """
        update collection_items set state = 'accepted', account_id = $2, approval_uri = $3
        where id = $1 and state in ('pending', 'rejected') returning id
        """,
        item_id, account_id, approval_uri,
    )  # fmt: skip
    if done is not None:
        await events.emit(conn, events.FeatureGranted(item_id))
    return done is not None


async def reject(conn: Conn, item_id: int) -> None:
    """They do not agree, or not any more."""
    state = await conn.fetchval("select state from collection_items where id = $1 for update", item_id)
    if state == "accepted":
        await revoke(conn, item_id)
    elif state == "pending":
        await conn.execute("update collection_items set state = 'rejected' where id = $1", item_id)


async def revoke(conn: Conn, item_id: int) -> bool:
    """They want to be in it no more; whether that is news."""
    done = await conn.fetchval(
        "update collection_items set state = 'revoked' where id = $1 and state in ('pending', 'accepted') returning id",
        item_id,
    )
    if done is not None:
        await events.emit(conn, events.FeatureRevoked(item_id))
    return done is not None


async def revoke_approved(conn: Conn, approval_uri: str, *, account_id: int) -> None:
    """The stamp of somebody elsewhere is deleted."""
    records = await conn.fetch(
        "select id from collection_items where approval_uri = $1 and account_id = $2", approval_uri, account_id
    )
    for record in records:
        await revoke(conn, record[0])


async def remove(conn: Conn, item_id: int) -> None:
    """The maker of a collection takes somebody out."""
    record = await conn.fetchrow(
        """
        with gone as (delete from collection_items where id = $1 returning *)
        select g.account_id, g.uri, g.state, c.account_id as owner_id, c.id as collection_id, c.uri as collection_uri,
            c.is_local
        from gone g join collections c on c.id = g.collection_id
        """,
        item_id,
    )
    if record is None:
        return
    await conn.execute(
        """
        delete from notifications
        where account_id = $1 and type in ('added_to_collection', 'collection_update') and about_id = $2
        """,
        record["account_id"], record["collection_id"],
    )  # fmt: skip
    if record["is_local"] and record["uri"] is not None:
        dropped = events.FeatureDropped(
            record["owner_id"], record["collection_uri"], record["uri"], record["account_id"]
        )
        await events.emit(conn, dropped)


async def part(conn: Conn, account_id: int, target_id: int) -> None:
    """Somebody blocks somebody: neither is in what the other has made."""
    records = await conn.fetch(
        """
        select i.id, i.account_id = $1 as leaves from collection_items i join collections c on c.id = i.collection_id
        where (i.account_id = $1 and c.account_id = $2) or (i.account_id = $2 and c.account_id = $1 and c.is_local)
        order by i.id
        """,
        account_id, target_id,
    )  # fmt: skip
    for record in records:
        await (revoke if record["leaves"] else remove)(conn, record["id"])


async def part_domain(conn: Conn, account_id: int, domain: str, *, limit: int) -> int:
    """Somebody here blocks a whole domain: likewise with its people, at most `limit` of them; how many."""
    records = await conn.fetch(
        """
        select i.id, i.account_id = $1 as leaves from collection_items i join collections c on c.id = i.collection_id
        join accounts o on o.id = case when i.account_id = $1 then c.account_id else i.account_id end
        where ((i.account_id = $1 and i.state in ('pending', 'accepted')) or (c.account_id = $1 and c.is_local))
            and lower(o.domain) = $2 and not o.is_local
        order by i.id limit $3
        """,
        account_id, domain, limit,
    )  # fmt: skip
    for record in records:
        await (revoke if record["leaves"] else remove)(conn, record["id"])
    return len(records)


async def replace_listed(conn: Conn, collection_id: int, listed: Sequence[Listed]) -> None:
    """Make a collection of another server what its document says. Whoever is here and has agreed is known to us, and
    may be listed late."""
    await conn.execute(
        """
        delete from collection_items where collection_id = $1 and uri is not null
            and (uri, object_uri) not in (select * from unnest($2::text[], $3::text[]))
        """,
        collection_id, [each.uri for each in listed], [each.object_uri for each in listed],
    )  # fmt: skip
    await place(conn, collection_id, listed, in_order=True)


async def place(conn: Conn, collection_id: int, listed: Sequence[Listed], *, in_order: bool = False) -> None:
    """Those who are listed; at the end, or as they stand there. Another stamp than the proven one has to be proven
    again, but of people here we are the ones who know."""
    given = list({each.object_uri: each for each in listed}.values())
    await conn.execute(
        """
        delete from collection_items i using unnest($2::text[], $3::text[]) g(uri, object_uri)
        where i.collection_id = $1 and i.uri = g.uri and i.object_uri <> g.object_uri
        """,
        collection_id, [each.uri for each in given], [each.object_uri for each in given],
    )  # fmt: skip
    await conn.execute(
        """
        insert into collection_items as i (
            collection_id, account_id, object_uri, uri, position, state, approval_uri, created_at)
        select $1, (select id from accounts where uri = g.object_uri and not pending), g.object_uri, g.uri,
            g.n + case when $6 then 0 else (
                select coalesce(max(position), 0) from collection_items where collection_id = $1) end,
            'pending', g.approval_uri, coalesce(g.created_at, now())
        from unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[])
            with ordinality g(uri, object_uri, approval_uri, created_at, n)
        on conflict (collection_id, object_uri) do update set uri = excluded.uri,
            position = case when $6 then excluded.position else i.position end,
            (approval_uri, state) = (
                select case when here or i.state = 'revoked' then i.approval_uri else excluded.approval_uri end,
                    case when i.state = 'rejected' or (
                        not here and i.state = 'accepted' and i.approval_uri is distinct from excluded.approval_uri)
                        then 'pending' else i.state end
                from (select exists (select from accounts where id = i.account_id and is_local) as here) w)
        """,
        collection_id, [each.uri for each in given], [each.object_uri for each in given],
        [each.approval_uri for each in given], [each.created_at for each in given], in_order,
    )  # fmt: skip
