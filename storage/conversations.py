"""Direct conversations as each local participant sees them: a row per reader, thread and set of other people."""

from collections.abc import Sequence

import msgspec

from storage.db import Conn
from storage.hearing import VERDICT
from storage.paging import Page
from storage.rows import columns, struct, structs

# So many posts of a conversation can be deleted, newest first, before it is thought to be empty.
KEPT_STATUSES = 200


class Conversation(msgspec.Struct, frozen=True):
    id: int
    account_id: int
    participant_ids: list[int]  # the others
    last_status_id: int
    unread: bool


_COLUMNS = columns(Conversation, "c")


async def page(conn: Conn, account_id: int, page: Page) -> list[Conversation]:
    """By their last post, newest first: that is the cursor too."""
    records = await conn.fetch(
        f"""
        select {_COLUMNS} from conversations c
        where c.account_id = $1 and c.last_status_id < $2 and c.last_status_id > $3
        order by c.last_status_id {page.order} limit $4
        """,
        account_id, page.below, page.above, page.size,
    )  # fmt: skip
    return page.arrange(structs(Conversation, records))


async def by_id(conn: Conn, account_id: int, conversation_id: int) -> Conversation | None:
    """One of the reader's own."""
    record = await conn.fetchrow(
        f"select {_COLUMNS} from conversations c where c.id = $2 and c.account_id = $1", account_id, conversation_id
    )
    return struct(Conversation, record)


async def mark(conn: Conn, account_id: int, conversation_id: int, *, unread: bool) -> Conversation | None:
    """The row as it is then; None for somebody else's."""
    record = await conn.fetchrow(
        f"update conversations c set unread = $3 where c.id = $2 and c.account_id = $1 returning {_COLUMNS}",
        account_id, conversation_id, unread,
    )  # fmt: skip
    return struct(Conversation, record)


async def delete(conn: Conn, account_id: int, conversation_id: int) -> bool:
    """From the reader's list only; the next post brings it back."""
    done = await conn.fetchval(
        "delete from conversations where id = $2 and account_id = $1 returning id", account_id, conversation_id
    )
    return done is not None


# The author of a status and everybody it is addressed to: `s` is the status.
_PEOPLE = "array(select s.account_id union select m.account_id from mentions m where m.status_id = s.id order by 1)"

# Of a direct status: local people among them who want to hear from the author (as in `notifications.add`), now, and
# not only once they have let them in.
_READERS = f"""
    select a.id as reader_id, array_remove({_PEOPLE}, a.id) as others, s.id as status_id, s.thread_id,
        s.account_id as author_id
    from statuses s join accounts f on f.id = s.account_id
    join accounts a on a.id = any({_PEOPLE}) and a.is_local and a.id > 0
    cross join (values ('mention')) k(type)
    where s.id = $1 and ($2::bigint[] is null or a.id = any($2)) and (a.id = s.account_id or (
        not exists (select from blocks b where (b.account_id, b.target_id) in ((a.id, f.id), (f.id, a.id)))
        and not exists (select from mutes u where u.account_id = a.id and u.target_id = f.id
            and (u.expires_at is null or u.expires_at > now()))
        and (exists (select from follows w where w.account_id = a.id and w.target_id = f.id)
            or not exists (select from account_domain_blocks d
                where d.account_id = a.id and d.domain = lower(f.domain)))
        and {VERDICT} = 'accept'))"""

# Posts of a conversation in order, the newest `KEPT_STATUSES` of them.
_NEWEST = f"""array(select n.id from (
        select distinct unnest(%s) as id order by id desc limit {KEPT_STATUSES}) n order by n.id)"""


async def add(
    conn: Conn, status_id: int, *, unread: bool, reader_ids: Sequence[int] | None = None
) -> list[tuple[int, int]]:
    """Put a direct post into the conversations of its local people, or of those named; (conversation, reader) ids.

    The author has read it. Others who muted the thread or the author are not bothered.
    """
    if not await conn.fetchval("select visibility = 3 from statuses where id = $1", status_id):
        return []
    await _gather(conn, status_id)
    records = await conn.fetch(
        f"""
        insert into conversations as c (account_id, thread_id, participant_ids, status_ids, last_status_id, unread)
        select r.reader_id, r.thread_id, r.others, array[r.status_id], r.status_id,
            $3 and r.reader_id <> r.author_id and not exists (
                select from conversation_mutes t where t.account_id = r.reader_id and t.thread_id = r.thread_id)
        from ({_READERS}) r order by r.reader_id
        on conflict (account_id, thread_id, participant_ids) do update set
            status_ids = {_NEWEST % "c.status_ids || excluded.status_ids"},
            last_status_id = greatest(c.last_status_id, excluded.last_status_id),
            unread = case when $1 = any(c.status_ids) then c.unread when excluded.unread then true
                else c.unread and c.account_id <> (select s.account_id from statuses s where s.id = $1) end
        returning id, account_id
        """,
        status_id, None if reader_ids is None else list(reader_ids), unread,
    )  # fmt: skip
    return [(record[0], record[1]) for record in records]


async def _gather(conn: Conn, status_id: int) -> None:
    """What was said before the beginning of its thread arrived becomes part of the thread: rows are moved, those of the
    same people joined."""
    await conn.execute(
        f"""
        with moved as (
            delete from conversations c using statuses s, statuses o
            where s.id = $1 and o.id = c.thread_id and o.thread_id = s.thread_id
                and c.thread_id <> s.thread_id and c.account_id = any({_PEOPLE})
            returning c.id, c.account_id, s.thread_id, c.participant_ids, c.status_ids, c.last_status_id, c.unread)
        insert into conversations as c
            (id, account_id, thread_id, participant_ids, status_ids, last_status_id, unread)
        select min(m.id), m.account_id, m.thread_id, m.participant_ids,
            array(select distinct unnest(o.status_ids) from moved o
                where o.account_id = m.account_id and o.participant_ids = m.participant_ids order by 1),
            max(m.last_status_id), bool_or(m.unread)
        from moved m group by m.account_id, m.thread_id, m.participant_ids
        on conflict (account_id, thread_id, participant_ids) do update set
            status_ids = {_NEWEST % "c.status_ids || excluded.status_ids"},
            last_status_id = greatest(c.last_status_id, excluded.last_status_id),
            unread = c.unread or excluded.unread
        """,
        status_id,
    )


async def remove_status(conn: Conn, status_id: int, people_ids: Sequence[int]) -> list[tuple[int, int]]:
    """Take a deleted post out of the conversations of these people; (conversation, reader) of those that now end with
    another one. A conversation without a post is none."""
    await conn.execute(
        "delete from conversations where account_id = any($2) and status_ids = array[$1::bigint]",
        status_id, list(people_ids),
    )  # fmt: skip
    records = await conn.fetch(
        """
        update conversations c set status_ids = o.rest, last_status_id = o.rest[cardinality(o.rest)]
        from (
            select id, last_status_id, array_remove(status_ids, $1) as rest from conversations
            where account_id = any($2) and $1 = any(status_ids) for update) o
        where c.id = o.id returning c.id, c.account_id, o.last_status_id = $1
        """,
        status_id, list(people_ids),
    )  # fmt: skip
    return [(record[0], record[1]) for record in records if record[2]]


async def drop(conn: Conn, account_id: int, other_id: int) -> None:
    """Take every conversation that somebody takes part in off a reader's list."""
    await conn.execute(
        "delete from conversations where account_id = $1 and $2 = any(participant_ids)", account_id, other_id
    )
