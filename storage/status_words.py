"""What search looks at of each post: its words with their places, and marks of what it is (see migration 0009).

Words are made by the layers above; here they are only written down. Boosts have none.
"""

from collections.abc import Mapping, Sequence

import msgspec

from storage.db import Conn
from storage.rows import structs


class Medium(msgspec.Struct, frozen=True, array_like=True):
    type: str
    description: str | None


class Material(msgspec.Struct, frozen=True):
    """What the words of a post are made from."""

    id: int
    account_id: int
    content: str
    spoiler_text: str
    sensitive: bool
    language: str | None
    is_reply: bool
    is_quote: bool
    options: list[str] | None  # of its poll
    media: str | None
    tags: list[str]
    people: list[int]  # here: named in it, or answered it


async def materials(conn: Conn, status_ids: Sequence[int], *, answered: bool = False) -> list[Material]:
    """`answered`: and of what they answer, if they were written here."""
    records = await conn.fetch(
        """
        select s.id, s.account_id, s.content, s.spoiler_text, s.sensitive, s.language,
            (s.in_reply_to_id is not null or s.in_reply_to_uri is not null) as is_reply,
            exists (select from quotes q where q.status_id = s.id) as is_quote,
            (select p.options from polls p where p.id = s.poll_id) as options,
            (select json_agg(json_build_array(m.type, m.description) order by array_position(s.media_ids, m.id))
                from media_attachments m where m.id = any(s.media_ids)) as media,
            array(select t.name from status_tags st join tags t on t.id = st.tag_id where st.status_id = s.id) as tags,
            array(select m.account_id from mentions m join accounts a on a.id = m.account_id and a.is_local
                    where m.status_id = s.id
                union select r.account_id from statuses r where r.in_reply_to_id = s.id and r.is_local) as people
        from statuses s where s.reblog_of_id is null and s.id = any(array(
            select unnest($1::bigint[])
            union select n.in_reply_to_id from statuses n where n.id = any($1) and n.is_local and $2))
        """,
        list(status_ids), answered,
    )  # fmt: skip
    return structs(Material, records)


def media_of(material: Material) -> list[Medium]:
    return [] if material.media is None else msgspec.json.decode(material.media, type=list[Medium])


async def below(conn: Conn, status_id: int | None, *, limit: int) -> list[int]:
    """Ids of posts older than that one, newest first."""
    records = await conn.fetch(
        """
        select id from statuses where reblog_of_id is null and ($1::bigint is null or id < $1)
        order by id desc limit $2
        """,
        status_id, limit,
    )  # fmt: skip
    return [record[0] for record in records]


async def put(conn: Conn, rows: Mapping[int, str]) -> None:
    """Vectors as `vector` writes them, by the ids of posts; those that are gone meanwhile are left out."""
    await conn.execute(
        """
        insert into status_words as w (status_id, words)
        select s.id, t.words::tsvector from unnest($1::bigint[], $2::text[]) t(id, words)
        join statuses s on s.id = t.id order by s.id
        on conflict (status_id) do update set words = excluded.words where w.words <> excluded.words
        """,
        list(rows), list(rows.values()),
    )  # fmt: skip


def vector(places: Mapping[str, Sequence[int]], marks: Sequence[str]) -> str:
    """The text of a `tsvector`."""
    words = [f"{quoted(word)}:{','.join(map(str, found))}" for word, found in places.items()]
    return " ".join([*words, *(quoted(mark) for mark in marks)])


def quoted(word: str) -> str:
    """As it stands in the text of a `tsvector` or a `tsquery`."""
    escaped = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
