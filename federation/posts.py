"""From a parsed post to its row: who wrote it, who may read it, what it answers, what hangs on it.

Everything that needs the network is resolved first; the transaction at the end only writes.
"""

from datetime import UTC, datetime, timedelta

import msgspec

from federation import actors, answers, budgets, contents, interacting, mentions, origins, quoting
from federation.budgets import Budget
from federation.context import Fed
from federation.errors import Rejected
from federation.mentions import Named
from federation.vocab import audience
from federation.vocab.note import Note
from storage import communities, ids, inbox, jobs, statuses
from storage.accounts import Account
from storage.db import Conn
from storage.statuses import Status
from storage.visibility import DIRECT, PUBLIC, UNLISTED, number

ANCESTORS_JOB = "fetch_ancestors"  # payload {"status_id": …, "chain": …}


class _Kept(msgspec.Struct, frozen=True):
    """How a post is to be kept. `judged`: whether what it answers is known, and its author lets it stand."""

    visibility: int
    named: Named
    with_media: bool
    quiet: bool
    judged: bool


async def store(
    fed: Fed,
    note: Note,
    *,
    sender: Account | None = None,
    quiet: bool = False,
    delivered_to: int | None = None,
    fetched: bool = False,
    climb: bool = True,
    follow_quote: bool = True,
    budget: Budget | None = None,
) -> tuple[int, bool]:
    """Write a post whose origin is proven; its id, and whether it is new. What is known already stays as it is.

    `sender`: whoever brought it, usually its author. `delivered_to`: the local account whose own inbox it came to,
    which may read it even if it is not addressed. `fetched`: it was read as the public would; without addresses it is
    unlisted then, and direct otherwise. `climb`: leave a job that fetches what it answers when that is unknown;
    `follow_quote`: likewise for what it quotes, and for the consent to it. Raises Rejected or Retry.
    """
    host = check(fed, note)
    async with fed.db.read() as conn:
        known = await statuses.by_uri(conn, note.id)
    if known is not None:
        if not quiet:
            await told(fed, known.id)
        return known.id, False
    budget = budget or budgets.current()
    verdict = await origins.admit(fed, host)
    author = await _author(fed, note, sender, budget)
    judged = await interacting.admit(fed, note, author)
    visibility = _visibility(note, author, fetched=fetched)
    named = await mentions.resolve(fed, note, visibility, delivered_to, budget)
    await actors.actors(fed, [uri for uri in note.audience if not audience.is_public(uri)][:1], budget=budget)
    with_media = not (verdict.reject_media or author.media_rejected)
    kept = _Kept(visibility, named, with_media=with_media, quiet=quiet, judged=judged)
    async with fed.db.transaction() as conn:
        status_id, new = await _write(conn, fed, note, author, kept)
        if new is not None and climb:
            await _climb(conn, status_id, new.in_reply_to_uri, budget)
        if new is not None and follow_quote and new.quote is not None:
            await quoting.look(conn, status_id, new.quote, quiet=quiet)
    return status_id, new is not None


async def _write(conn: Conn, fed: Fed, note: Note, author: Account, kept: _Kept) -> tuple[int, statuses.New | None]:
    """The row and what hangs on it, unless it is there, or deleted: its id, and what is new."""
    await _lock(conn, note)
    buried, status_id = await inbox.standing(conn, note.id, actor_uri=author.uri)
    if buried:
        raise Rejected(f"{note.id} was deleted")
    if status_id is not None:
        if not kept.quiet:
            await statuses.tell(conn, status_id)
        return status_id, None
    new = await _new(conn, note, author, kept)
    status_id, created = await statuses.create(conn, new)
    if created:
        await interacting.begin(conn, fed.site, status_id, note, author)
        await _place(conn, status_id, new, note, judged=kept.judged)
    return status_id, new if created else None


async def _climb(conn: Conn, status_id: int, parent_uri: str | None, budget: Budget) -> None:
    """Leave a job that fetches what it answers."""
    if parent_uri is not None:
        payload = {"status_id": status_id, "chain": budget.chain}
        await jobs.enqueue(conn, ANCESTORS_JOB, payload, queue="slow", key=parent_uri)


async def told(fed: Fed, status_id: int) -> None:
    """What was read as context before its author's server sent it is news still."""
    async with fed.db.transaction() as conn:
        await statuses.tell(conn, status_id)


async def _lock(conn: Conn, note: Note) -> None:
    """What it answers may be on its way in as well, and must find it, or be found."""
    for uri in sorted({note.id, note.in_reply_to or note.id, note.quote or note.id}):
        await inbox.lock(conn, uri)


async def _place(conn: Conn, status_id: int, new: statuses.New, note: Note, *, judged: bool) -> None:
    """What a new post answers, and the communities that it is in."""
    await answers.arrived(conn, status_id, new, note, judged=judged)
    await communities.place(conn, status_id, [*note.audience, *note.to, *note.cc])


async def _author(fed: Fed, note: Note, sender: Account | None, budget: Budget) -> Account:
    """Whoever wrote it, if they may write at all."""
    author = sender
    if author is None or author.uri != note.author:
        author = await actors.actor(fed, note.author or "", budget=budget)
    if author.suspended_at is not None:
        raise Rejected(f"{author.uri} is suspended")
    return author


def check(fed: Fed, note: Note, *, known: bool = False) -> str:
    """The host of a post, if its document may be believed at all. `known`: the post is, and with it its author."""
    url = origins.parsed(note.id)
    if origins.is_ours(fed, url):
        raise Rejected(f"{note.id} is ours")
    # Misskey sends new counts of a poll without saying whose it is; the signer is checked by the caller.
    if known and note.author is None:
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


async def _new(conn: Conn, note: Note, author: Account, kept: _Kept) -> statuses.New:
    parent, parent_uri = await _parent(conn, note, author)
    published = min(note.published, datetime.now(UTC))
    # Others tell time in whole seconds: an answer still comes after what it answers.
    moment = max(published, ids.time_of(parent.id) + timedelta(milliseconds=1)) if parent else published
    policy = quoting.policy(note, author)
    return statuses.New(
        id=await statuses.new_id(conn, moment),
        account_id=author.id,
        uri=note.id,
        url=contents.page(note),
        is_local=False,
        visibility=kept.visibility,
        created_at=published,
        type=note.type,
        content=note.content,
        spoiler_text=note.summary,
        sensitive=note.sensitive or author.sensitized_at is not None,
        language=note.language,
        in_reply_to_id=parent.id if parent else None,
        in_reply_to_account_id=parent.account_id if parent else None,
        in_reply_to_uri=note.in_reply_to if parent is not None and not kept.judged else parent_uri,
        conversation_uri=note.context or note.conversation,
        media_ids=await contents.attachments(conn, note, author, with_media=kept.with_media),
        emojis=await contents.emojis(conn, note, author, with_media=kept.with_media),
        replies_uri=contents.replies(note),
        mentions=kept.named.mentions,
        silent_mentions=kept.named.silent,
        tags=[hashtag.name for hashtag in note.hashtags],
        links=contents.links(note) if kept.visibility == PUBLIC else [],
        poll=contents.poll(note),
        quote=await quoting.found(conn, note, author),
        quote_automatic=policy.automatic,
        quote_manual=policy.manual,
        quiet=kept.quiet,
    )


async def _parent(conn: Conn, note: Note, author: Account) -> tuple[Status | None, str | None]:
    """What a post answers, or the URI of it when it is not known. To a post of ours that its author may not read, or
    whose author blocks them, it is no answer: neither a thread nor a count is to tell of it. Who may read those of
    others we do not know."""
    parent = await statuses.by_uri(conn, note.in_reply_to) if note.in_reply_to else None
    if parent is None:
        return None, note.in_reply_to
    if parent.is_local and not await statuses.visible(conn, author.id, [parent.id]):
        return None, None
    return parent, None
