"""Threads that are completed before anybody opens them: whoever takes part in one, follows its author or keeps a post
of it will want to read it whole. Looked at soon, then ever more rarely: each pause is as long as the time before it.
"""

from storage.db import Conn

FIRST_SECONDS = 15 * 60
# What happens in an old thread makes the next look come sooner, but not at once.
STIRRED_SECONDS = 3600
LAST_DAYS = 30


async def begin(conn: Conn, status_id: int) -> None:
    """Watch the thread of a new post, if it is one that somebody here takes part in together with other servers, or if
    the post is by somebody whom somebody here follows."""
    await conn.execute(
        """
        insert into thread_watches as w (thread_id, next_at)
        select s.thread_id, now() + make_interval(secs => $2)
        from statuses s left join statuses p on p.id = s.in_reply_to_id
        where s.id = $1 and s.visibility < 2 and s.reblog_of_id is null and (
            (s.is_local and not p.is_local)
            or (not s.is_local and p.is_local)
            or (not s.is_local and (s.replies_uri is not null or s.in_reply_to_id is not null)
                and exists (select from follows f where f.target_id = s.account_id)))
        on conflict (thread_id) do update set
            next_at = least(w.next_at, now() + make_interval(secs => $3))
        """,
        status_id, float(FIRST_SECONDS), float(STIRRED_SECONDS),
    )  # fmt: skip


async def keep(conn: Conn, status_id: int) -> None:
    """Watch the thread of a post of another server that somebody keeps: from now on, however old it is."""
    await conn.execute(
        """
        insert into thread_watches as w (thread_id, next_at)
        select s.thread_id, now() + make_interval(secs => $2)
        from statuses s where s.id = $1 and s.visibility < 2 and not s.is_local
        on conflict (thread_id) do update set next_at = least(w.next_at, excluded.next_at)
        """,
        status_id, float(FIRST_SECONDS),
    )  # fmt: skip


async def due(conn: Conn, *, limit: int) -> list[int]:
    """The highest known posts of threads whose turn it is, of which each is noted as looked at. A thread that has
    become part of another goes on as that."""
    records = await conn.fetch(
        """
        with chosen as materialized (
            select thread_id from thread_watches where next_at <= now() order by next_at limit $1
            for update skip locked),
        current as (
            select c.thread_id, s.thread_id as now_id, s.visibility, a.suspended_at
            from chosen c left join statuses s on s.id = c.thread_id left join accounts a on a.id = s.account_id),
        over as (
            delete from thread_watches w using current c where w.thread_id = c.thread_id and (
                c.now_id is distinct from c.thread_id or w.started_at < now() - make_interval(days => $2))),
        moved as (
            insert into thread_watches (thread_id, next_at)
            select distinct now_id, now() + make_interval(secs => $3) from current
            where now_id <> thread_id on conflict do nothing),
        again as (
            update thread_watches w set next_at = now() + greatest(now() - w.started_at, make_interval(secs => $3))
            from current c where w.thread_id = c.thread_id and c.now_id = c.thread_id
                and w.started_at >= now() - make_interval(days => $2))
        select thread_id from current where now_id = thread_id and visibility < 2 and suspended_at is null
        """,
        limit, LAST_DAYS, float(FIRST_SECONDS),
    )  # fmt: skip
    return [record[0] for record in records]
