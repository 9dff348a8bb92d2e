"""What becomes of a known post when its author's server shows another version of it."""

from datetime import UTC, datetime

from federation import budgets, contents, interacting, mentions, origins, posts, quoting
from federation.context import Fed
from federation.errors import Rejected
from federation.mentions import Named
from federation.vocab.note import Note
from storage import accounts, approvals, inbox, polls, statuses
from storage.accounts import Account
from storage.db import Conn
from storage.statuses import Status
from storage.visibility import PUBLIC


async def apply(fed: Fed, note: Note) -> bool:
    """Bring a known post to what its author says now; whether anything changed.

    A copy with a newer `updated` is an edit; any other brings at most new counts of a poll. Who may read it never
    changes. Raises Rejected for a post that is unknown or somebody else's.
    """
    host = posts.check(fed, note, known=True)
    async with fed.db.read() as conn:
        known = await statuses.by_uri(conn, note.id)
        author = await accounts.by_id(conn, known.account_id) if known else None
    if known is None or author is None:
        raise Rejected(f"{note.id} is not known here")
    if note.author not in (None, author.uri):
        raise Rejected(f"{note.id} is not by {note.author}")
    edited_at = _edited_at(note, known)
    if edited_at is None:
        async with fed.db.transaction() as conn:
            await approvals.set_rules(conn, known.id, interacting.rules(note))
            quote_changed = await quoting.refresh(conn, known, note, author)
            return await _count(conn, known, note) or quote_changed
    verdict = await origins.admit(fed, host)
    named = await mentions.resolve(fed, note, known.visibility, None, budgets.current())
    async with fed.db.transaction() as conn:
        await inbox.lock(conn, note.id)
        current = await statuses.lock(conn, known.id)
        if current is None or _edited_at(note, current) is None:
            return False
        shared = await interacting.keep(conn, fed.site, current.id, note, author)
        with_media = not (verdict.reject_media or author.media_rejected)
        edited = await _edit(conn, note, current, author, named=named, edited_at=edited_at, with_media=with_media)
        return edited or shared


async def _edit(
    conn: Conn,
    note: Note,
    status: Status,
    author: Account,
    *,
    named: Named,
    edited_at: datetime,
    with_media: bool,
) -> bool:
    media_ids, described = await contents.changed_attachments(conn, note, status, author, with_media=with_media)
    sensitive = note.sensitive or author.sensitized_at is not None
    before = (status.content, status.spoiler_text, status.sensitive, status.media_ids)
    asks_anew = await _asks_anew(conn, status, note)
    if not asks_anew and not described and before == (note.content, note.summary, sensitive, media_ids):
        # Some send an Update for every change of state; readers would be told of an edit they cannot find.
        requoted = await quoting.edited(conn, status, note, author)
        return await _count(conn, status, note) or requoted
    change = statuses.Edit(
        content=note.content,
        text=None,
        spoiler_text=note.summary,
        sensitive=sensitive,
        language=note.language,
        media_ids=media_ids,
        emojis=await contents.emojis(conn, note, author, with_media=with_media),
        edited_at=edited_at,
        mentions=named.mentions,
        silent_mentions=named.silent,
        tags=[hashtag.name for hashtag in note.hashtags],
        links=contents.links(note) if status.visibility == PUBLIC else [],
    )
    # The former state is kept first, with the quote, the poll and the descriptions that it had.
    await statuses.edit(conn, status, change)
    await quoting.edited(conn, status, note, author)
    await contents.describe(conn, described)
    if asks_anew:
        await polls.replace(conn, status.id, contents.poll(note))
    else:
        await _count(conn, status, note)
    return True


async def _asks_anew(conn: Conn, status: Status, note: Note) -> bool:
    """Whether a poll appears, disappears or has other options: then every vote is void."""
    held, given = await polls.by_status(conn, status.id), contents.poll(note)
    if held is None or given is None:
        return (held is None) != (given is None)
    return (held.options, held.multiple) != (given.options, given.multiple)


async def _count(conn: Conn, status: Status, note: Note) -> bool:
    """New counts of a poll whose options are those we know."""
    poll = await polls.by_status(conn, status.id) if note.poll else None
    if poll is None or note.poll is None or poll.options != [option.title for option in note.poll.options]:
        return False
    return await polls.set_counts(
        conn,
        poll.id,
        tallies=[option.votes for option in note.poll.options],
        voters_count=note.poll.voters,
        closed=note.poll.closed is not None,
    )


def _edited_at(note: Note, status: Status) -> datetime | None:
    """When the note was edited, if that is news. Pages and articles say nothing when they change."""
    if note.updated is not None:
        edited = min(note.updated, datetime.now(UTC))
        return edited if status.edited_at is None or edited > status.edited_at else None
    if note.type in ("Page", "Article") and note.content != status.content:
        return datetime.now(UTC)
    return None
