"""Quotes: which post quotes which, and whether the quoted agreed. A row belongs to the post that quotes.

Locks are taken in the order of everything else: the post that quotes, its row here, then counters.
"""

from typing import Literal

import msgspec

from storage import events, jobs, status_counts
from storage.db import Conn
from storage.paging import Page
from storage.rows import columns, struct
from storage.visibility import VISIBLE, WANTED

State = Literal["pending", "accepted", "rejected", "revoked", "deleted"]

SETTLE_JOB = "settle_quote"  # payload {"status_id": …, "quiet": …, "chain": …}


class Quote(msgspec.Struct, frozen=True):
    """A row. `approval_uri` is what the post claims; it is proven where the state is accepted."""

    status_id: int
    account_id: int
    quoted_uri: str | None
    quoted_id: int | None
    quoted_account_id: int | None
    state: State
    legacy: bool
    request_uri: str | None
    approval_uri: str | None


class New(msgspec.Struct, frozen=True, kw_only=True):
    """A quote that comes with a post."""

    quoted_uri: str | None
    quoted_id: int | None = None
    quoted_account_id: int | None = None
    state: State = "pending"
    legacy: bool = False
    request_uri: str | None = None
    approval_uri: str | None = None


_COLUMNS = columns(Quote)
_Q_COLUMNS = columns(Quote, "q")


async def insert(conn: Conn, status_id: int, account_id: int, new: New, *, quiet: bool = False) -> None:
    """The quote of a post that has none; with what follows if it needs nobody's consent any more."""
    if new.quoted_id is not None:
        there = await conn.fetchrow("select from statuses where id = $1 for key share", new.quoted_id)
        if there is None:
            new = msgspec.structs.replace(new, quoted_id=None, state="deleted")
    await conn.execute(
        f"insert into quotes ({_COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        status_id, account_id, new.quoted_uri, new.quoted_id, new.quoted_account_id, new.state, new.legacy,
        new.request_uri, new.approval_uri,
    )  # fmt: skip
    if new.state == "accepted":
        await _count(conn, status_id, new.quoted_id, 1)
        await events.emit(conn, events.QuoteAccepted(status_id, quiet))


async def by_status(conn: Conn, status_id: int) -> Quote | None:
    return struct(Quote, await conn.fetchrow(f"select {_COLUMNS} from quotes where status_id = $1", status_id))


async def by_request(conn: Conn, request_uri: str) -> Quote | None:
    """The one that a QuoteRequest of ours is about."""
    record = await conn.fetchrow(f"select {_COLUMNS} from quotes where request_uri = $1", request_uri)
    return struct(Quote, record)


async def by_approval(conn: Conn, approval_uri: str, *, quoted_account_id: int) -> Quote | None:
    """The one that somebody's stamp is for, while it holds."""
    record = await conn.fetchrow(
        f"""
        select {_COLUMNS} from quotes
        where approval_uri = $1 and quoted_account_id = $2 and state = 'accepted' limit 1
        """,
        approval_uri, quoted_account_id,
    )  # fmt: skip
    return struct(Quote, record)


async def by_uris(conn: Conn, quoting_uri: str, quoted_uri: str) -> Quote | None:
    record = await conn.fetchrow(
        f"""
        select {_Q_COLUMNS} from quotes q join statuses s on s.id = q.status_id
        where s.uri = $1 and q.quoted_uri = $2
        """,
        quoting_uri, quoted_uri,
    )  # fmt: skip
    return struct(Quote, record)


async def of_status(conn: Conn, viewer_id: int | None, quoted_id: int, page: Page) -> list[int]:
    """Posts that quote it with its author's consent, as far as the viewer may read and wants to meet them."""
    records = await conn.fetch(
        f"""
        select s.id from quotes q join statuses s on s.id = q.status_id
        where q.quoted_id = $5 and q.state = 'accepted' and q.status_id < $2 and q.status_id > $3
            and {VISIBLE} and {WANTED}
        order by q.status_id {page.order} limit $4
        """,
        viewer_id, page.below, page.above, page.size, quoted_id,
    )  # fmt: skip
    return page.arrange([record[0] for record in records])


async def local_quoters(conn: Conn, quoted_id: int) -> list[tuple[int, int]]:
    """(account id, status id) of posts of ours that quote it."""
    records = await conn.fetch(
        """
        select q.account_id, q.status_id from quotes q join statuses s on s.id = q.status_id and s.is_local
        where q.quoted_id = $1 and q.state = 'accepted' order by q.status_id
        """,
        quoted_id,
    )
    return [(record[0], record[1]) for record in records]


async def accept(conn: Conn, status_id: int, *, approval_uri: str | None, quiet: bool = False) -> bool:
    """The quoted agreed; whether that is news. What was revoked stays so."""
    row = await _lock(conn, status_id)
    if row is None or row.quoted_id is None or row.state in ("revoked", "deleted"):
        return False
    approval_uri = approval_uri or (row.approval_uri if row.state == "accepted" else None)
    if row.state == "accepted" and row.approval_uri == approval_uri:
        return False
    await conn.execute(
        "update quotes set state = 'accepted', approval_uri = $2 where status_id = $1", status_id, approval_uri
    )
    if row.state != "accepted":
        await _count(conn, status_id, row.quoted_id, 1)
        await events.emit(conn, events.QuoteAccepted(status_id, quiet))
    await events.emit(conn, events.StatusTouched(status_id))
    return True


async def refuse(conn: Conn, status_id: int) -> Quote | None:
    """The quoted does not agree, or not any more; the row as it was if that is news."""
    row = await _lock(conn, status_id)
    if row is None or row.state not in ("pending", "accepted"):
        return None
    state = "revoked" if row.state == "accepted" else "rejected"
    await conn.execute("update quotes set state = $2, approval_uri = null where status_id = $1", status_id, state)
    if row.state == "accepted":
        await _count(conn, status_id, row.quoted_id, -1)
        await events.emit(conn, events.QuoteRevoked(status_id, row.quoted_id or 0, row.account_id, row.approval_uri))
    await events.emit(conn, events.StatusTouched(status_id))
    return row


async def refuse_approved(conn: Conn, approval_uri: str, *, quoted_account_id: int) -> None:
    """The one who gave a stamp has deleted it."""
    records = await conn.fetch(
        "select status_id from quotes where approval_uri = $1 and quoted_account_id = $2",
        approval_uri, quoted_account_id,
    )  # fmt: skip
    for record in records:  # One; more only where somebody claims the stamp of another.
        await refuse(conn, record[0])


async def claim(conn: Conn, status_id: int, approval_uri: str) -> None:
    """A post says now that its quote has a stamp: to be proven by the job."""
    await conn.execute(
        "update quotes set approval_uri = $2 where status_id = $1 and state = 'pending'", status_id, approval_uri
    )


async def locate(conn: Conn, status_id: int, *, quoted_id: int, quoted_account_id: int) -> None:
    """What is quoted has been found."""
    await conn.execute(
        """
        update quotes set quoted_id = $2, quoted_account_id = $3
        where status_id = $1 and quoted_id is null and state = 'pending'
            and exists (select from statuses where id = $2)
        """,
        status_id, quoted_id, quoted_account_id,
    )  # fmt: skip


async def bury(conn: Conn, status_id: int) -> None:
    """What is quoted does not exist any more, and never did here."""
    await conn.execute(
        "update quotes set state = 'deleted' where status_id = $1 and quoted_id is null and state = 'pending'",
        status_id,
    )


async def adopt(conn: Conn, quoted_id: int, account_id: int, uri: str) -> None:
    """Quotes that arrived before what they quote find it, and are looked at again."""
    records = await conn.fetch(
        """
        update quotes set quoted_id = $1, quoted_account_id = $2
        where quoted_uri = $3 and quoted_id is null and state = 'pending' returning status_id
        """,
        quoted_id, account_id, uri,
    )  # fmt: skip
    if records:
        payloads = [{"status_id": record[0], "quiet": True} for record in records]
        await jobs.enqueue_many(conn, SETTLE_JOB, payloads, queue="slow")


async def release(conn: Conn, status_id: int, *, answered_id: int | None) -> None:
    """The post that quotes was held back and is out: what followed from its quote follows now."""
    row = await _lock(conn, status_id)
    if row is not None and row.state == "accepted":
        await status_counts.hold(conn, row.quoted_id, answered_id)
        await _count(conn, status_id, row.quoted_id, 1)
        await events.emit(conn, events.QuoteAccepted(status_id))


async def remove(conn: Conn, status_id: int, *, answered_id: int | None = None) -> None:
    """The post that quotes is being deleted, or quotes something else now. `answered_id`: what counts one less too."""
    row = await _lock(conn, status_id)
    if row is None:
        return
    await status_counts.hold(conn, row.quoted_id, answered_id)
    if row.state == "accepted":
        await _count(conn, status_id, row.quoted_id, -1)
    await conn.execute("delete from quotes where status_id = $1", status_id)


async def orphan(conn: Conn, quoted_id: int) -> None:
    """What is quoted is being deleted. Whoever has a post of ours that quoted it hears of it through that post."""
    records = await conn.fetch(
        """
        update quotes q set quoted_id = null,
            state = case when q.state in ('pending', 'accepted') then 'deleted' else q.state end
        from statuses s where q.quoted_id = $1 and s.id = q.status_id returning q.status_id, s.is_local
        """,
        quoted_id,
    )
    touched = [events.StatusTouched(record[0]) for record in records if record[1]]
    if touched:
        await events.emit_many(conn, events.StatusTouched, touched)


async def forget(conn: Conn, status_id: int) -> bool:
    """A post's own server says that what it quotes is gone; whether that is news."""
    row = await _lock(conn, status_id)
    if row is None or row.state not in ("pending", "accepted"):
        return False
    await conn.execute("update quotes set state = 'deleted', quoted_id = null where status_id = $1", status_id)
    if row.state == "accepted":
        await _count(conn, status_id, row.quoted_id, -1)
    return True


async def _lock(conn: Conn, status_id: int) -> Quote | None:
    """The row, nobody else's to change until the transaction ends; nor is the post deleted meanwhile."""
    await conn.execute("select from statuses where id = $1 for key share", status_id)
    record = await conn.fetchrow(f"select {_COLUMNS} from quotes where status_id = $1 for update", status_id)
    return struct(Quote, record)


async def _count(conn: Conn, status_id: int, quoted_id: int | None, by: int) -> None:
    """As for answers, those that not everybody may read are not counted; nor those that are held back."""
    await conn.execute(
        """
        update status_stats set quotes_count = greatest(quotes_count + $3, 0)
        where status_id = $2 and exists (
            select from statuses where id = $1 and visibility < 2 and held_until is null)
        """,
        status_id, quoted_id, by,
    )  # fmt: skip
