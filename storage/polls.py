"""Polls and their votes, ours and others'. A poll row is locked while it is voted on, so counts never drift.

A poll is made with its post (`statuses.create`).
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from storage import events, statuses
from storage.db import Conn
from storage.errors import Conflict, Missing
from storage.rows import columns, struct, structs


class Poll(msgspec.Struct, frozen=True):
    """A whole row of `polls`."""

    id: int
    status_id: int
    options: list[str]
    tallies: list[int]
    votes_count: int
    voters_count: int | None
    multiple: bool
    hide_totals: bool
    expires_at: datetime | None
    closed_at: datetime | None
    fetched_at: datetime | None

    @property
    def over(self) -> bool:
        return self.closed_at is not None or (self.expires_at is not None and self.expires_at <= datetime.now(UTC))


class Ballot(msgspec.Struct, frozen=True):
    """A choice: the index of an option. `uri` is that of the vote; ours are minted from the id (`statuses.new_id`)."""

    choice: int
    uri: str | None = None
    id: int | None = None


class Vote(msgspec.Struct, frozen=True):
    """A choice that was counted."""

    choice: int
    uri: str | None
    created_at: datetime


_COLUMNS = columns(Poll)
READ_JOB = "read_poll"  # payload {"poll_id": …}


async def by_id(conn: Conn, poll_id: int) -> Poll | None:
    return struct(Poll, await conn.fetchrow(f"select {_COLUMNS} from polls where id = $1", poll_id))


async def by_status(conn: Conn, status_id: int) -> Poll | None:
    return struct(Poll, await conn.fetchrow(f"select {_COLUMNS} from polls where status_id = $1", status_id))


async def vote(conn: Conn, *, poll_id: int, account_id: int, ballots: Sequence[Ballot]) -> list[int]:
    """Count the choices of an account; those that are new. Emits `PollVoted` for them.

    `Missing` without such a poll. `Conflict` when it is over, a choice does not exist, or a second choice is made
    where one is allowed. Choosing the same again changes nothing; of a poll of multiple choices more may be chosen
    later, because remote votes arrive one by one.
    """
    poll = struct(Poll, await conn.fetchrow(f"select {_COLUMNS} from polls where id = $1 for update", poll_id))
    if poll is None:
        raise Missing("The poll is gone")
    if poll.over:
        raise Conflict("The poll has already ended")
    if any(not 0 <= ballot.choice < len(poll.options) for ballot in ballots):
        raise Conflict("The chosen vote option does not exist")
    before = await choices_of(conn, poll_id, account_id)
    new = {ballot.choice: ballot for ballot in ballots if ballot.choice not in before}
    if not new:
        return []
    if not poll.multiple and len(before) + len(new) > 1:
        raise Conflict("You have already voted on this poll" if before else "Only one option can be chosen")
    await _insert(conn, poll_id, account_id, list(new.values()))
    await _count(conn, poll, list(new), first=not before)
    await events.emit(conn, events.PollVoted(poll_id, account_id, tuple(new)))
    return list(new)


async def _insert(conn: Conn, poll_id: int, account_id: int, ballots: Sequence[Ballot]) -> None:
    await conn.execute(
        """
        insert into poll_votes (id, poll_id, account_id, choice, uri)
        select coalesce(id, timestamp_id()), $1, $2, choice, uri
        from unnest($3::bigint[], $4::int[], $5::text[]) t(id, choice, uri)
        """,
        poll_id, account_id,
        [ballot.id for ballot in ballots], [ballot.choice for ballot in ballots], [ballot.uri for ballot in ballots],
    )  # fmt: skip


async def _count(conn: Conn, poll: Poll, choices: Sequence[int], *, first: bool) -> None:
    """`first`: this account had not voted before. A count of voters that nobody told us stays unknown."""
    tallies = [*poll.tallies, *[0] * (len(poll.options) - len(poll.tallies))]
    for choice in choices:
        tallies[choice] += 1
    await conn.execute(
        """
        update polls set tallies = $2, votes_count = $3, voters_count = voters_count + $4 where id = $1
        """,
        poll.id, tallies, sum(tallies), int(first),
    )  # fmt: skip


async def choices_of(conn: Conn, poll_id: int, account_id: int) -> list[int]:
    """What an account chose, in the order of the options."""
    records = await conn.fetch(
        "select choice from poll_votes where poll_id = $1 and account_id = $2 order by choice", poll_id, account_id
    )
    return [record[0] for record in records]


async def votes_of(conn: Conn, poll_id: int, account_id: int) -> dict[int, Vote]:
    """What an account chose, by choice."""
    records = await conn.fetch(
        f"select {columns(Vote)} from poll_votes where poll_id = $1 and account_id = $2 order by choice",
        poll_id, account_id,
    )  # fmt: skip
    return {vote.choice: vote for vote in structs(Vote, records)}


async def voters(conn: Conn, poll_id: int, *, local: bool) -> list[int]:
    """Who voted; with `local`, only people here."""
    records = await conn.fetch(
        """
        select distinct v.account_id from poll_votes v join accounts a on a.id = v.account_id
        where v.poll_id = $1 and (a.is_local or not $2)
        """,
        poll_id, local,
    )  # fmt: skip
    return [record[0] for record in records]


async def replace(conn: Conn, status_id: int, poll: statuses.Poll | None) -> bool:
    """Make this the poll of an edited post; None removes it. Whether what is asked changed: then every vote is void.

    `tallies` and `voters_count` are a remote server's word and replace ours; without them ours stay.
    """
    current = await by_status(conn, status_id)
    if poll is None:
        if current is not None:
            await conn.execute("delete from polls where id = $1", current.id)
            await conn.execute("update statuses set poll_id = null where id = $1", status_id)
        return current is not None
    if current is None:
        await statuses.insert_poll(conn, status_id, poll)
        return True
    changed = poll.options != current.options or poll.multiple != current.multiple
    tallies, voters_count = poll.tallies, poll.voters_count
    if changed:
        await conn.execute("delete from poll_votes where poll_id = $1", current.id)
        tallies = tallies or [0] * len(poll.options)
    elif tallies is None:
        tallies, voters_count = current.tallies, current.voters_count
    await conn.execute(
        """
        update polls set options = $2, multiple = $3, hide_totals = $4, expires_at = $5, tallies = $6,
            votes_count = $7, voters_count = $8,
            closed_at = case when $5::timestamptz is null or $5 > now() then null else closed_at end
        where id = $1
        """,
        current.id, poll.options, poll.multiple, poll.hide_totals, poll.expires_at, tallies, sum(tallies),
        voters_count,
    )  # fmt: skip
    return changed


async def set_counts(
    conn: Conn, poll_id: int, *, tallies: list[int], voters_count: int | None, closed: bool = False
) -> bool:
    """What a remote server says of its poll, as of now; whether it differs from what was known.

    Emits `PollUpdated` if so, and `PollClosed` when `closed` is news.
    """
    record = await conn.fetchrow(
        """
        update polls p set tallies = $2, votes_count = $3, voters_count = $4, fetched_at = now(),
            closed_at = case when $5 then coalesce(p.closed_at, now()) else p.closed_at end
        from (select id, tallies, voters_count, closed_at from polls where id = $1 for update) was
        where p.id = was.id
        returning was.tallies <> $2 or was.voters_count is distinct from $4 as counted,
            $5 and was.closed_at is null as ended
        """,
        poll_id, tallies, sum(tallies), voters_count, closed,
    )  # fmt: skip
    if record is None:
        return False
    if record["ended"]:
        await events.emit(conn, events.PollClosed(poll_id))
    if record["counted"]:
        await events.emit(conn, events.PollUpdated(poll_id))
    return bool(record["counted"] or record["ended"])


async def claim(conn: Conn, poll_id: int) -> str | None:
    """The post of a poll of another server whose counts are older than a minute, and may have changed since: it was not
    over when they were read. Of several that ask at once, one is told. A private post is not shown to servers."""
    uri: str | None = await conn.fetchval(
        """
        update polls p set fetched_at = now() from statuses s
        where p.id = $1 and s.id = p.status_id and not s.is_local and s.visibility < 2
            and coalesce(p.fetched_at, s.fetched_at, s.created_at) < now() - interval '1 minute'
            and coalesce(coalesce(p.fetched_at, s.fetched_at, s.created_at) < coalesce(p.closed_at, p.expires_at), true)
        returning s.uri
        """,
        poll_id,
    )
    return uri


async def close_due(conn: Conn, *, limit: int = 500) -> list[int]:
    """Close polls whose time has come and emit `PollClosed` for each, once."""
    records = await conn.fetch(
        """
        with due as materialized (
            select id from polls where closed_at is null and expires_at <= now()
            order by expires_at limit $1 for update skip locked)
        update polls set closed_at = now() where id in (select id from due) returning id
        """,
        limit,
    )  # fmt: skip
    closed = [record[0] for record in records]
    await events.emit_many(conn, events.PollClosed, [events.PollClosed(poll_id) for poll_id in closed])
    return closed
