"""Posts and boosts: made, edited, deleted, found by id or URI. What follows from a change is its event's business."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from storage import events, quotes, status_counts, tags
from storage.db import Conn
from storage.errors import Missing
from storage.rows import ANY_OF_2, columns, struct, structs
from storage.visibility import VISIBLE


class Status(msgspec.Struct, frozen=True):
    """A whole row of `statuses`."""

    id: int
    account_id: int
    uri: str
    url: str | None
    is_local: bool
    type: str
    visibility: int
    content: str
    text: str | None
    content_type: str
    spoiler_text: str
    sensitive: bool
    language: str | None
    in_reply_to_id: int | None
    in_reply_to_account_id: int | None
    in_reply_to_uri: str | None
    thread_id: int
    conversation_uri: str | None
    reblog_of_id: int | None
    poll_id: int | None
    media_ids: list[int]
    emojis: list[str]
    application_id: int | None
    replies_uri: str | None
    created_at: datetime
    edited_at: datetime | None
    fetched_at: datetime | None
    version: int
    quote_automatic: int | None  # see `quote_policies`
    quote_manual: int
    held_until: datetime | None  # see `holds`
    held_locally: bool


class Poll(msgspec.Struct, frozen=True, kw_only=True):
    """A poll that comes with a post. `tallies` are what a remote server says; zeros for ours."""

    options: list[str]
    multiple: bool
    expires_at: datetime | None
    hide_totals: bool = False
    tallies: list[int] | None = None
    voters_count: int | None = None


class New(msgspec.Struct, frozen=True, kw_only=True):
    """A post or a boost that is to exist. Id and URIs are the caller's (`new_id`, `federation.uris`)."""

    id: int
    account_id: int
    uri: str
    url: str | None
    is_local: bool
    visibility: int
    created_at: datetime
    type: str = "Note"
    content: str = ""
    text: str | None = None
    content_type: str = "text/plain"
    spoiler_text: str = ""
    sensitive: bool = False
    language: str | None = None
    in_reply_to_id: int | None = None
    in_reply_to_account_id: int | None = None
    in_reply_to_uri: str | None = None
    conversation_uri: str | None = None
    reblog_of_id: int | None = None
    media_ids: list[int] = []
    emojis: list[str] = []
    application_id: int | None = None
    replies_uri: str | None = None
    mentions: list[int] = []  # account ids named in the text
    silent_mentions: list[int] = []  # addressed only
    tags: list[str] = []  # as written, without '#'
    links: list[str] = []
    poll: Poll | None = None
    quote: quotes.New | None = None
    quote_automatic: int | None = None
    quote_manual: int = 0
    quiet: bool = False  # late or fetched as context: see `StatusCreated`
    held_until: datetime | None = None
    held_locally: bool = False


COLUMNS = columns(Status)
S_COLUMNS = columns(Status, "s")


async def new_id(conn: Conn, published: datetime | None = None) -> int:
    """An id of that moment, or of now when it lies ahead."""
    value: int = await conn.fetchval(
        "select timestamp_id(least(coalesce($1, clock_timestamp()), clock_timestamp()))", published
    )
    return value


async def by_ids(conn: Conn, status_ids: Sequence[int]) -> dict[int, Status]:
    """Rows that exist, by id. No viewer is asked about: only for what has been authorised already."""
    records = await conn.fetch(f"select {COLUMNS} from statuses where id = any($1)", status_ids)
    return {status.id: status for status in structs(Status, records)}


async def by_id(conn: Conn, status_id: int) -> Status | None:
    return struct(Status, await conn.fetchrow(f"select {COLUMNS} from statuses where id = $1", status_id))


async def lock(conn: Conn, status_id: int) -> Status | None:
    """The row as it is, and nobody else's to change until the transaction ends."""
    record = await conn.fetchrow(f"select {COLUMNS} from statuses where id = $1 for no key update", status_id)
    return struct(Status, record)


async def by_uri(conn: Conn, uri: str) -> Status | None:
    return struct(Status, await conn.fetchrow(f"select {COLUMNS} from statuses where uri = $1", uri))


async def by_uris(conn: Conn, uris: Sequence[str]) -> dict[str, Status]:
    """Rows that exist, by URI."""
    records = await conn.fetch(f"select {COLUMNS} from statuses where uri = any($1)", uris)
    return {status.uri: status for status in structs(Status, records)}


async def by_uri_or_url(conn: Conn, uri: str) -> Status | None:
    """For what people paste: the object's URI, or the page of one of ours."""
    record = await conn.fetchrow(
        f"select {COLUMNS} from statuses where uri = $1 or (is_local and url = $1) limit 1", uri
    )
    return struct(Status, record)


class Counts(msgspec.Struct, frozen=True):
    replies: int
    reblogs: int
    favourites: int


async def counts(conn: Conn, status_id: int) -> Counts:
    record = await conn.fetchrow(
        """
        select replies_count as replies, reblogs_count as reblogs, favourites_count as favourites
        from status_stats where status_id = $1
        """,
        status_id,
    )
    return struct(Counts, record) or Counts(0, 0, 0)


async def visible(conn: Conn, viewer_id: int | None, status_ids: Sequence[int]) -> list[int]:
    """Those of the ids that the viewer may read, in the order given."""
    records = await conn.fetch(
        f"select s.id from statuses s where s.id = {ANY_OF_2} and {VISIBLE}", viewer_id, status_ids
    )
    allowed = {record[0] for record in records}
    return [status_id for status_id in status_ids if status_id in allowed]


async def visible_rows(conn: Conn, viewer_id: int | None, status_ids: Sequence[int]) -> list[Status]:
    """Rows of those of the ids that the viewer may read, in no order."""
    records = await conn.fetch(
        f"select {S_COLUMNS} from statuses s where s.id = {ANY_OF_2} and {VISIBLE}", viewer_id, status_ids
    )
    return structs(Status, records)


async def create(conn: Conn, new: New) -> tuple[int, bool]:
    """Insert with everything that belongs to it; `(id, True)`, or `(id of what was there, False)` for a known URI
    or a second boost of the same post. Emits `StatusCreated`, or `StatusHeld`, only for a new row."""
    new, thread_id = await _settled(conn, new)
    status_id: int | None = await conn.fetchval(
        """
        with made as (
            insert into statuses (id, account_id, uri, url, is_local, type, visibility, content, text, content_type,
                spoiler_text, sensitive, language, in_reply_to_id, in_reply_to_account_id, in_reply_to_uri, thread_id,
                conversation_uri, reblog_of_id, media_ids, emojis, application_id, replies_uri, created_at,
                quote_automatic, quote_manual, held_until, held_locally, is_quiet, fetched_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
                $22, $23, $24, $25, $26, $27, $28, $29, case when $5 then null else now() end)
            on conflict do nothing returning id)
        insert into status_stats (status_id) select id from made returning status_id
        """,
        new.id, new.account_id, new.uri, new.url, new.is_local, new.type, new.visibility, new.content, new.text,
        new.content_type, new.spoiler_text, new.sensitive, new.language, new.in_reply_to_id,
        new.in_reply_to_account_id, new.in_reply_to_uri, thread_id, new.conversation_uri, new.reblog_of_id,
        new.media_ids, new.emojis, new.application_id, new.replies_uri, new.created_at,
        new.quote_automatic, new.quote_manual, new.held_until, new.held_locally, new.quiet,
    )  # fmt: skip
    if status_id is None:
        existing = await conn.fetchval(
            "select id from statuses where uri = $1 or (account_id = $2 and reblog_of_id = $3)",
            new.uri, new.account_id, new.reblog_of_id,
        )  # fmt: skip
        return existing, False
    await _attach(conn, new)
    if new.reblog_of_id is None and not new.is_local and await _is_awaited(conn, new.uri):
        await _adopt(conn, new, thread_id)
        await quotes.adopt(conn, new.id, new.account_id, new.uri)
    if new.quote is not None:
        await status_counts.hold(conn, new.in_reply_to_id, new.quote.quoted_id)
    await status_counts.change(conn, new, 1)
    held = new.held_until is not None
    await events.emit(conn, events.StatusHeld(new.id) if held else events.StatusCreated(new.id, new.quiet))
    if new.quote is not None:
        await quotes.insert(conn, new.id, new.account_id, new.quote, quiet=new.quiet)
    return new.id, True


async def tell(conn: Conn, status_id: int) -> None:
    """What was kept quietly is news after all: what follows from a new post follows now, once."""
    told = await conn.fetchval(
        "update statuses set is_quiet = false where id = $1 and is_quiet returning id", status_id
    )
    if told is not None:
        await events.emit(conn, events.StatusCreated(status_id))


async def _settled(conn: Conn, new: New) -> tuple[New, int]:
    """The thread it belongs to, and itself: without what it answers, if that is gone. What it answers, boosts or quotes
    stays until the transaction ends; `Missing` when what it boosts is gone."""
    if new.quote is not None and new.quote.quoted_id is not None:
        await conn.execute("select from statuses where id = $1 for key share", new.quote.quoted_id)
    other = new.reblog_of_id or new.in_reply_to_id
    if other is None:
        return new, new.id
    thread_id: int | None = await conn.fetchval("select thread_id from statuses where id = $1 for key share", other)
    if new.reblog_of_id is not None:
        if thread_id is None:
            raise Missing("The post is gone")
        return new, new.id
    if thread_id is None:
        return msgspec.structs.replace(new, in_reply_to_id=None), new.id
    return new, thread_id


async def _attach(conn: Conn, new: New) -> None:
    """Satellites of a new row."""
    await set_mentions(conn, new.id, new.mentions, new.silent_mentions)
    if new.tags:
        counted = _counts_tags(new) and not new.quiet  # what is fetched late was not said today
        await tags.attach(conn, new.id, new.tags, account_id=new.account_id, count=counted)
    if new.media_ids:
        await conn.execute("update media_attachments set status_id = $1 where id = any($2)", new.id, new.media_ids)
    await _add_links(conn, new.id, new.links)
    if new.poll is not None:
        await insert_poll(conn, new.id, new.poll)


def _counts_tags(status: New | Status) -> bool:
    return status.visibility == 0 and status.held_until is None


async def _add_links(conn: Conn, status_id: int, urls: Sequence[str]) -> None:
    if urls:
        await conn.execute(
            """
            insert into status_links (status_id, url, url_hash)
            select $1, u, sha256(convert_to(u, 'UTF8')) from unnest($2::text[]) u on conflict do nothing
            """,
            status_id, urls,
        )  # fmt: skip


async def insert_poll(conn: Conn, status_id: int, poll: Poll) -> int:
    """The poll of a status that has none."""
    tallies = poll.tallies or [0] * len(poll.options)
    poll_id: int = await conn.fetchval(
        """
        insert into polls (status_id, options, tallies, votes_count, voters_count, multiple, hide_totals, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8) returning id
        """,
        status_id, poll.options, tallies, sum(tallies), poll.voters_count, poll.multiple, poll.hide_totals,
        poll.expires_at,
    )  # fmt: skip
    await conn.execute("update statuses set poll_id = $2 where id = $1", status_id, poll_id)
    return poll_id


async def set_mentions(conn: Conn, status_id: int, named: Sequence[int], silent: Sequence[int] = ()) -> list[int]:
    """Add mentions; ids of those that are new by name. None is ever removed: who could read it still can."""
    if not named and not silent:
        return []
    records = await conn.fetch(
        """
        insert into mentions as m (status_id, account_id, silent)
        select distinct on (account_id) $1::bigint, account_id, silent from (
            select unnest($2::bigint[]) as account_id, false as silent
            union all select unnest($3::bigint[]), true) t
        order by account_id, silent
        on conflict (status_id, account_id) do update set silent = false
            where m.silent and not excluded.silent
        returning account_id, silent
        """,
        status_id, list(named), list(silent),
    )  # fmt: skip
    return [record["account_id"] for record in records if not record["silent"]]


async def _is_awaited(conn: Conn, uri: str) -> bool:
    """Whether something that answers or quotes it came before it."""
    found: bool = await conn.fetchval(
        """
        select exists (select from statuses where in_reply_to_uri = $1 and in_reply_to_id is null)
            or exists (select from quotes where quoted_uri = $1 and quoted_id is null and state = 'pending')
        """,
        uri,
    )
    return found


async def _adopt(conn: Conn, new: New, thread_id: int) -> None:
    """Replies that arrived before their parent find it, and their threads become part of its thread."""
    records = await conn.fetch(
        """
        with answers as materialized (
            select id from statuses where in_reply_to_uri = $3 and in_reply_to_id is null and id <> $1
            order by id for no key update)
        update statuses s set in_reply_to_id = $1, in_reply_to_account_id = $2, version = version + 1
        from answers where s.id = answers.id returning s.thread_id, s.visibility, s.held_until
        """,
        new.id, new.account_id, new.uri,
    )  # fmt: skip
    if not records:
        return
    await conn.execute(
        """
        with branches as materialized (
            select id from statuses where thread_id = any($2) order by id for no key update)
        update statuses s set thread_id = $1 from branches where s.id = branches.id
        """,
        thread_id, [record["thread_id"] for record in records],
    )  # fmt: skip
    await conn.execute(
        "update status_stats set replies_count = replies_count + $2 where status_id = $1",
        new.id, sum(record["visibility"] < 2 and record["held_until"] is None for record in records),
    )  # fmt: skip


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """The whole new state of a post's content: what it does not hold is gone."""

    content: str
    text: str | None
    spoiler_text: str
    sensitive: bool
    language: str | None
    media_ids: list[int]
    emojis: list[str]
    edited_at: datetime | None  # None: too small a change to be called an edit
    content_type: str = "text/plain"
    mentions: list[int] = []
    silent_mentions: list[int] = []
    tags: list[str] = []
    links: list[str] = []


async def edit(conn: Conn, status: Status, change: Edit) -> None:
    """Keep the former state in `status_edits`, write the new one, emit `StatusEdited`. Polls are `polls.replace`'s."""
    if change.edited_at is not None:
        await _snapshot(conn, status)
    await conn.execute(
        """
        update statuses set content = $2, text = $3, spoiler_text = $4, sensitive = $5, language = $6, media_ids = $7,
            emojis = $8, edited_at = coalesce($9, edited_at), content_type = $10, version = version + 1
        where id = $1
        """,
        status.id, change.content, change.text, change.spoiler_text, change.sensitive, change.language,
        change.media_ids, change.emojis, change.edited_at, change.content_type,
    )  # fmt: skip
    # What is taken out stays the post's: its history shows it.
    await conn.execute("update media_attachments set status_id = $1 where id = any($2)", status.id, change.media_ids)
    await conn.execute("delete from status_links where status_id = $1 and url <> all($2)", status.id, change.links)
    await _add_links(conn, status.id, change.links)
    await tags.replace(conn, status.id, change.tags, account_id=status.account_id, count=_counts_tags(status))
    mentioned = await set_mentions(conn, status.id, change.mentions, change.silent_mentions)
    held = status.held_until is not None
    event = events.StatusHeld(status.id, edited=True) if held else events.StatusEdited(status.id, tuple(mentioned))
    await events.emit(conn, event)


async def _snapshot(conn: Conn, status: Status) -> None:
    await conn.execute(
        """
        insert into status_edits (status_id, account_id, content, text, spoiler_text, sensitive, media, poll_options,
            emojis, created_at, quoted_uri)
        select s.id, s.account_id, s.content, s.text, s.spoiler_text, s.sensitive,
            coalesce((select jsonb_agg(jsonb_build_object('id', m.id, 'description', m.description)
                order by array_position(s.media_ids, m.id))
                from media_attachments m where m.id = any(s.media_ids)), '[]'),
            (select options from polls where id = s.poll_id), s.emojis, coalesce(s.edited_at, s.created_at),
            (select coalesce(quoted_uri, '') from quotes where status_id = s.id)
        from statuses s where s.id = $1
        """,
        status.id,
    )


async def delete(conn: Conn, status_id: int, *, boosted_uri: str | None = None) -> Status | None:
    """Remove a post or a boost (of `boosted_uri`, if that is gone already); the row as it was, None when there is none.
    Emits `StatusDeleted`.

    Boosts of it, home rows and notifications are removed by effects, in batches: they can be many.
    """
    # What is boosted before the boost, as whoever boosts it has them; and before its counters.
    await conn.execute(
        "select from statuses where id = (select reblog_of_id from statuses where id = $1) for key share", status_id
    )
    status = struct(Status, await conn.fetchrow(f"select {COLUMNS} from statuses where id = $1 for update", status_id))
    if status is None:
        return None
    event = await _farewell(conn, status, boosted_uri)
    # What never left is not named either.
    await conn.execute(
        """
        update statuses set in_reply_to_id = null, version = version + 1,
            in_reply_to_uri = case when $2 then null else in_reply_to_uri end,
            in_reply_to_account_id = case when $2 then null else in_reply_to_account_id end
        where in_reply_to_id = $1
        """,
        status_id, status.held_until is not None,
    )  # fmt: skip
    if status.reblog_of_id is None:
        await quotes.remove(conn, status_id, answered_id=status.in_reply_to_id)
        await quotes.orphan(conn, status_id)
    await conn.execute("delete from statuses where id = $1", status_id)
    await status_counts.change(conn, status, -1)
    await events.emit(conn, event)
    return status


async def _farewell(conn: Conn, status: Status, boosted_uri: str | None) -> events.StatusDeleted:
    """What will be needed to speak of a post that is gone. Of one that not everybody could read, whoever answered or
    quoted it is not among its people: they need no more for that than its address."""
    people = await conn.fetch(
        """
        select account_id from mentions where status_id = $1
        union select account_id from favourites where status_id = $1
        union select account_id from reactions where status_id = $1
        union select account_id from statuses where reblog_of_id = $1
        union select account_id from statuses where in_reply_to_id = $1 and $4 < 2
        union select account_id from statuses where (id = $2 and $4 < 2) or id = $3
        union select v.account_id from poll_votes v join polls p on p.id = v.poll_id where p.status_id = $1
        union select account_id from quotes where quoted_id = $1 and $4 < 2
        union select quoted_account_id from quotes where status_id = $1 and quoted_account_id is not null
        limit 5000
        """,
        status.id, status.in_reply_to_id, status.reblog_of_id, status.visibility,
    )  # fmt: skip
    names = await conn.fetch(
        "select t.name from status_tags st join tags t on t.id = st.tag_id where st.status_id = $1", status.id
    )
    return events.StatusDeleted(
        status_id=status.id,
        uri=status.uri,
        account_id=status.account_id,
        is_local=status.is_local,
        visibility=status.visibility,
        reblog_of_id=status.reblog_of_id,
        reblog_of_uri=await conn.fetchval("select uri from statuses where id = $1", status.reblog_of_id) or boosted_uri,
        in_reply_to_id=status.in_reply_to_id,
        account_ids=tuple(record[0] for record in people if record[0] != status.account_id),
        tags=tuple(record[0] for record in names),
        has_media=bool(status.media_ids),
        held=status.held_until is not None,
        mentioned_ids=tuple(each for each, silent in (await mentioned(conn, [status.id]))[status.id] if not silent),
    )


async def mentioned(conn: Conn, status_ids: Sequence[int]) -> dict[int, list[tuple[int, bool]]]:
    """(account id, silent) of each status, in the order of account ids."""
    records = await conn.fetch(
        "select status_id, account_id, silent from mentions where status_id = any($1) order by status_id, account_id",
        status_ids,
    )
    result: dict[int, list[tuple[int, bool]]] = {status_id: [] for status_id in status_ids}
    for record in records:
        result[record[0]].append((record[1], record[2]))
    return result
