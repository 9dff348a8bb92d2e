"""From a parsed post to its row: who wrote it, who may read it, what it answers, what hangs on it.

Everything that needs the network is resolved first; the transaction at the end only writes.
"""

from datetime import UTC, datetime, timedelta

from federation import actors, contents, mentions, origins
from federation.context import Fed
from federation.errors import Rejected
from federation.mentions import Named
from federation.origins import Budget
from federation.policy import Verdict
from federation.vocab import audience, normalise
from federation.vocab.note import Note
from storage import accounts, ids, inbox, jobs, polls, statuses
from storage.accounts import Account
from storage.db import Conn
from storage.statuses import Status
from storage.visibility import DIRECT, PRIVATE, UNLISTED, number

ANCESTORS_JOB = "fetch_ancestors"  # payload {"status_id": …}


async def store(
    fed: Fed,
    note: Note,
    *,
    quiet: bool = False,
    delivered_to: int | None = None,
    fetched: bool = False,
    climb: bool = True,
    budget: Budget | None = None,
) -> tuple[int, bool]:
    """Write a post whose origin is proven; its id, and whether it is new. What is known already stays as it is.

    `delivered_to`: the local account whose own inbox it came to, which may read it even if it is not addressed.
    `fetched`: it was read from its origin as the public would; without addresses it is unlisted then, and direct
    otherwise. `climb`: leave a job that fetches what it answers when that is unknown. Raises Rejected or Retry.
    """
    host = _check(fed, note)
    async with fed.db.read() as conn:
        known = await statuses.by_uri(conn, note.id)
    if known is not None:
        return known.id, False
    budget = budget or Budget()
    verdict = await origins.admit(fed, host)
    author = await actors.actor(fed, note.author or "", budget=budget)
    if author.suspended_at is not None:
        raise Rejected(f"{author.uri} is suspended")
    visibility = _visibility(note, author, fetched=fetched)
    named = await mentions.resolve(fed, note, visibility, delivered_to, budget)
    async with fed.db.transaction() as conn:
        await inbox.lock(conn, note.id)
        if await inbox.buried(conn, note.id, actor_uri=author.uri):
            raise Rejected(f"{note.id} was deleted")
        known = await statuses.by_uri(conn, note.id)
        if known is not None:
            return known.id, False
        new = await _new(conn, note, author, verdict, visibility=visibility, named=named, quiet=quiet)
        status_id, created = await statuses.create(conn, new)
        if created and climb and new.in_reply_to_uri is not None:
            await jobs.enqueue(conn, ANCESTORS_JOB, {"status_id": status_id}, queue="slow", key=new.in_reply_to_uri)
    return status_id, created


async def update(fed: Fed, note: Note) -> bool:
    """Bring a known post to what its author says now; whether anything changed.

    A copy with a newer `updated` is an edit; any other brings at most new counts of a poll. Who may read it never
    changes. Raises Rejected for a post that is unknown or somebody else's.
    """
    host = _check(fed, note, updating=True)
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
            return await _count(conn, known, note)
    verdict = await origins.admit(fed, host)
    named = await mentions.resolve(fed, note, known.visibility, None, Budget())
    async with fed.db.transaction() as conn:
        await inbox.lock(conn, note.id)
        current = await statuses.lock(conn, known.id)
        if current is None or _edited_at(note, current) is None:
            return False
        return await _edit(conn, note, current, author, verdict, named=named, edited_at=edited_at)


def _check(fed: Fed, note: Note, *, updating: bool = False) -> str:
    """The host of a post that may be believed at all."""
    url = origins.parsed(note.id)
    if origins.is_ours(fed, url):
        raise Rejected(f"{note.id} is ours")
    # Misskey sends new counts of a poll without saying whose it is; the signer is checked by the caller.
    if updating and note.author is None:
        return url.authority
    if note.author is None or origins.parsed(note.author).origin != url.origin:
        raise Rejected(f"{note.id} is not by anybody on its host")
    if note.is_vote:
        raise Rejected(f"{note.id} is a vote")
    return url.authority


def _visibility(note: Note, author: Account, *, fetched: bool) -> int:
    if not note.is_addressed:
        return UNLISTED if fetched else DIRECT
    return number(audience.visibility(note.to, note.cc, author.followers_uri, author=author.uri))


async def _new(
    conn: Conn,
    note: Note,
    author: Account,
    verdict: Verdict,
    *,
    visibility: int,
    named: Named,
    quiet: bool,
) -> statuses.New:
    parent = await statuses.by_uri(conn, note.in_reply_to) if note.in_reply_to else None
    published = min(note.published, datetime.now(UTC))
    # Others tell time in whole seconds: an answer still comes after what it answers.
    moment = max(published, ids.time_of(parent.id) + timedelta(milliseconds=1)) if parent else published
    return statuses.New(
        id=await statuses.new_id(conn, moment),
        account_id=author.id,
        uri=note.id,
        url=contents.page(note),
        is_local=False,
        visibility=visibility,
        created_at=published,
        type=note.type,
        content=note.content,
        spoiler_text=note.summary,
        sensitive=note.sensitive or author.sensitized_at is not None,
        language=note.language,
        in_reply_to_id=parent.id if parent else None,
        in_reply_to_account_id=parent.account_id if parent else None,
        in_reply_to_uri=note.in_reply_to if parent is None else None,
        conversation_uri=note.context or note.conversation,
        media_ids=await contents.attachments(conn, note, author, verdict),
        emojis=await contents.emojis(conn, note, author, verdict),
        replies_uri=note.replies if normalise.same_host(note.replies, note.id) else None,
        mentions=named.mentions,
        silent_mentions=named.silent,
        tags=[hashtag.name for hashtag in note.hashtags],
        links=contents.links(note) if visibility < PRIVATE else [],
        poll=contents.poll(note),
        quiet=quiet,
    )


async def _edit(
    conn: Conn,
    note: Note,
    status: Status,
    author: Account,
    verdict: Verdict,
    *,
    named: Named,
    edited_at: datetime,
) -> bool:
    asked = await polls.replace(conn, status.id, contents.poll(note)) if note.poll or status.poll_id else False
    media_ids, redescribed = await contents.changed_attachments(conn, note, status, author, verdict)
    before = (status.content, status.spoiler_text, status.sensitive, status.media_ids)
    sensitive = note.sensitive or author.sensitized_at is not None
    if not asked and not redescribed and before == (note.content, note.summary, sensitive, media_ids):
        # Some send an Update for every change of state; readers would be told of an edit they cannot find.
        return await _count(conn, status, note)
    change = statuses.Edit(
        content=note.content,
        text=None,
        spoiler_text=note.summary,
        sensitive=sensitive,
        language=note.language,
        media_ids=media_ids,
        emojis=await contents.emojis(conn, note, author, verdict),
        edited_at=edited_at,
        mentions=named.mentions,
        silent_mentions=named.silent,
        tags=[hashtag.name for hashtag in note.hashtags],
        links=contents.links(note) if status.visibility < PRIVATE else [],
    )
    await statuses.edit(conn, status, change)
    if not asked:
        await _count(conn, status, note)
    return True


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
