"""Collections: people whom somebody recommends. Who is in them is in `collection_items`."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from storage import events, tagged_collections
from storage.db import Conn
from storage.errors import Conflict
from storage.rows import columns, struct, structs

# Of a server that keeps no measure.
MAX_REMOTE = 100


class Collection(msgspec.Struct, frozen=True):
    id: int
    account_id: int
    is_local: bool
    uri: str
    url: str | None
    name: str
    description: str
    language: str | None
    sensitive: bool
    discoverable: bool
    tag: str | None
    created_at: datetime
    updated_at: datetime


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What its maker says of a collection."""

    name: str
    description: str = ""
    language: str | None = None
    sensitive: bool = False
    discoverable: bool = True
    tag: str | None = None


class Remote(msgspec.Struct, frozen=True, kw_only=True):
    """One of another server, as its document says it is."""

    uri: str
    url: str | None
    account_id: int
    words: Words
    created_at: datetime
    updated_at: datetime


_COLUMNS = columns(Collection)
_C_COLUMNS = columns(Collection, "c")
_WORDS = columns(Words)
_NEW_WORDS = columns(Words, "excluded")
# The rule of `collections c` by `accounts o`: whoever made one shows it to all but those whom they have blocked.
OPEN = "o.suspended_at is null and not exists (select from blocks b where b.account_id = o.id and b.target_id = $1)"


def words_of(row: Collection) -> Words:
    return Words(**{name: getattr(row, name) for name in Words.__struct_fields__})


async def by_id(conn: Conn, collection_id: int) -> Collection | None:
    record = await conn.fetchrow(f"select {_COLUMNS} from collections where id = $1", collection_id)
    return struct(Collection, record)


async def by_ids(conn: Conn, collection_ids: Sequence[int]) -> dict[int, Collection]:
    """Whoever may see them: for reports and what is sent about them."""
    records = await conn.fetch(f"select {_COLUMNS} from collections where id = any($1)", collection_ids)
    return {row.id: row for row in structs(Collection, records)}


async def by_uri(conn: Conn, uri: str) -> Collection | None:
    return struct(Collection, await conn.fetchrow(f"select {_COLUMNS} from collections where uri = $1", uri))


async def by_uris(conn: Conn, uris: Sequence[str]) -> dict[str, Collection]:
    """Rows that exist, by URI."""
    if not uris:
        return {}
    records = await conn.fetch(f"select {_COLUMNS} from collections where uri = any($1)", uris)
    return {row.uri: row for row in structs(Collection, records)}


async def by_url(conn: Conn, url: str) -> Collection | None:
    """By its URI or its page; a page of another server is only what that server says."""
    record = await conn.fetchrow(
        f"""
        select {_COLUMNS} from collections
        where uri = $1 or (url = $1 and split_part(uri, '/', 3) = split_part($1, '/', 3))
        order by uri = $1 desc, id limit 1
        """,
        url,
    )
    return struct(Collection, record)


async def visible(conn: Conn, viewer_id: int | None, collection_ids: Sequence[int]) -> list[Collection]:
    """Those of the ids that the viewer may see, in no order."""
    records = await conn.fetch(
        f"""
        select {_C_COLUMNS} from collections c join accounts o on o.id = c.account_id
        where c.id = any($2) and {OPEN}
        """,
        viewer_id, collection_ids,
    )  # fmt: skip
    return structs(Collection, records)


async def visible_by_urls(conn: Conn, viewer_id: int | None, urls: Sequence[str]) -> dict[str, Collection]:
    """Those the viewer may see, by the URI or page that is asked for: see `by_url`."""
    records = await conn.fetch(
        f"""
        select u.url, {_C_COLUMNS} from unnest($2::text[]) u(url)
        join collections c on c.uri = u.url
            or (c.url = u.url and split_part(c.uri, '/', 3) = split_part(u.url, '/', 3))
        join accounts o on o.id = c.account_id
        where {OPEN} order by c.uri = u.url, c.id desc
        """,
        viewer_id, urls,
    )  # fmt: skip
    rows = [tuple(record.values()) for record in records]
    return {row[0]: Collection(*row[1:]) for row in rows}


async def of_account(
    conn: Conn, viewer_id: int | None, account_id: int, *, limit: int, offset: int = 0
) -> list[Collection]:
    """What somebody has made, newest first. Only they see what is not to be discovered."""
    records = await conn.fetch(
        f"""
        select {_C_COLUMNS} from collections c join accounts o on o.id = c.account_id
        where c.account_id = $2 and (c.discoverable or c.account_id = $1) and {OPEN}
        order by c.id desc limit $3 offset $4
        """,
        viewer_id, account_id, limit, offset,
    )  # fmt: skip
    return structs(Collection, records)


async def with_person(conn: Conn, account_id: int, *, limit: int, offset: int = 0) -> list[Collection]:
    """Those that somebody is in, latest first."""
    records = await conn.fetch(
        f"""
        select {_C_COLUMNS} from collection_items i join collections c on c.id = i.collection_id
        join accounts o on o.id = c.account_id
        where i.account_id = $1 and i.state = 'accepted' and o.suspended_at is null
        order by i.collection_id desc limit $2 offset $3
        """,
        account_id, limit, offset,
    )  # fmt: skip
    return structs(Collection, records)


class Local(msgspec.Struct, frozen=True, kw_only=True):
    """A new one of ours; its addresses are minted by the caller (`federation.uris`)."""

    id: int
    account_id: int
    uri: str
    url: str
    words: Words


async def create(conn: Conn, new: Local, *, most: int) -> None:
    """`Conflict` when its maker has `most` already."""
    await conn.execute("select from accounts where id = $1 for no key update", new.account_id)
    made = await conn.fetchval(
        f"""
        insert into collections (id, account_id, is_local, uri, url, {_WORDS})
        select $1, $2, true, $3, $4, $6, $7, $8, $9, $10, $11
        where (select count(*) from collections where account_id = $2) < $5 returning id
        """,
        new.id, new.account_id, new.uri, new.url, most, *msgspec.structs.astuple(new.words),
    )  # fmt: skip
    if made is None:
        raise Conflict(f"You can have at most {most} collections")
    await events.emit(conn, events.CollectionCreated(new.id))


async def update(conn: Conn, collection_id: int, words: Words) -> None:
    """Of one of ours. Says so only if anything is new."""
    before = await conn.fetchrow(
        "select name, description from collections where id = $1 and is_local for no key update", collection_id
    )
    changed = await conn.fetchval(
        f"""
        update collections set ({_WORDS}, updated_at) = ($2, $3, $4, $5, $6, $7, now())
        where id = $1 and is_local and ({_WORDS}) is distinct from ($2, $3, $4, $5, $6, $7) returning id
        """,
        collection_id, *msgspec.structs.astuple(words),
    )  # fmt: skip
    if changed is not None and before is not None:
        renamed = tuple(before.values()) != (words.name, words.description)
        await events.emit(conn, events.CollectionUpdated(collection_id, renamed))


async def upsert_remote(conn: Conn, remote: Remote) -> int:
    """Write what its server says; the id. `Conflict` for one of ours, somebody else's, or one too many."""
    known = await by_uri(conn, remote.uri)
    if known is not None and (known.is_local or known.account_id != remote.account_id):
        raise Conflict("this collection is somebody else's")
    collection_id: int | None = await conn.fetchval(
        f"""
        insert into collections as c (id, account_id, is_local, uri, url, created_at, updated_at, {_WORDS})
        select timestamp_id($4), $1, false, $2, $3, $4, $5, $7, $8, $9, $10, $11, $12
        where (select count(*) from collections where account_id = $1 and uri <> $2) < $6
        on conflict (uri) do update set url = excluded.url, updated_at = excluded.updated_at,
            ({_WORDS}) = ({_NEW_WORDS})
        returning id
        """,
        remote.account_id, remote.uri, remote.url, remote.created_at, remote.updated_at, MAX_REMOTE,
        *msgspec.structs.astuple(remote.words),
    )  # fmt: skip
    if collection_id is None:
        raise Conflict("too many collections of one account")
    await tagged_collections.link(conn, remote.uri, collection_id)
    said = (remote.words.name, remote.words.description)
    if known is not None and (known.name, known.description) != said:
        await events.emit(conn, events.CollectionUpdated(collection_id, True))
    return collection_id


async def remove(conn: Conn, collection_id: int) -> bool:
    """With all who are in it; whether it was there."""
    people = await conn.fetch(
        "select account_id from collection_items where collection_id = $1 and account_id is not null", collection_id
    )
    row = struct(
        Collection, await conn.fetchrow(f"delete from collections where id = $1 returning {_COLUMNS}", collection_id)
    )
    if row is None:
        return False
    await conn.execute(
        """
        delete from notifications
        where account_id = any($1) and type in ('added_to_collection', 'collection_update') and about_id = $2
        """,
        [record[0] for record in people], collection_id,
    )  # fmt: skip
    if row.is_local:
        account_ids = tuple(record[0] for record in people)
        await events.emit(conn, events.CollectionDeleted(row.account_id, row.uri, account_ids))
    return True


async def forget_others(conn: Conn, account_id: int, kept: Sequence[str]) -> None:
    """What the server of a remote account lists no more."""
    records = await conn.fetch(
        "select id from collections where account_id = $1 and not is_local and uri <> all($2)", account_id, kept
    )
    for record in records:
        await remove(conn, record[0])
