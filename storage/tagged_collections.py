"""Collections that posts share. One that is not known yet has its place, and is linked when it has been read."""

from collections.abc import Mapping, Sequence

from storage.db import Conn

READ_JOB = "read_shared_collection"  # payload {"uri": …, "chain": …}


async def replace(conn: Conn, status_id: int, found: Mapping[str, int | None]) -> bool:
    """Make these a post's, in this order: by URI, with the id of what is known; whether anything changed."""
    uris = list(found)
    gone = await conn.fetchval(
        """
        with gone as (delete from tagged_collections where status_id = $1 and uri <> all($2) returning 1)
        select count(*) from gone
        """,
        status_id, uris,
    )  # fmt: skip
    if not uris:
        return bool(gone)
    changed = await conn.fetch(
        """
        insert into tagged_collections as t (status_id, uri, collection_id, position)
        select $1, g.uri, g.id, g.n from unnest($2::text[], $3::bigint[]) with ordinality g(uri, id, n)
        on conflict (status_id, uri) do update
            set collection_id = coalesce(excluded.collection_id, t.collection_id), position = excluded.position
        where t.position <> excluded.position
            or t.collection_id is distinct from coalesce(excluded.collection_id, t.collection_id)
        returning uri
        """,
        status_id, uris, list(found.values()),
    )  # fmt: skip
    return bool(gone or changed)


async def link(conn: Conn, uri: str, collection_id: int) -> None:
    """A collection has been read: the posts that waited for it show it from now on."""
    await conn.execute(
        "update tagged_collections set collection_id = $2 where uri = $1 and collection_id is null", uri, collection_id
    )


async def uris_of(conn: Conn, status_ids: Sequence[int]) -> dict[int, list[str]]:
    """What posts of ours share, by their ids, in order."""
    records = await conn.fetch(
        """
        select status_id, uri from tagged_collections
        where status_id = any($1) and collection_id is not null order by status_id, position
        """,
        status_ids,
    )
    found: dict[int, list[str]] = {}
    for record in records:
        found.setdefault(record[0], []).append(record[1])
    return found
