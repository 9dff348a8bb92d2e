"""From a parsed post to its row: who wrote it, who may read it, what it answers, what hangs on it.

Everything that needs the network is resolved first; the transaction at the end only writes.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from selectolax.lexbor import LexborHTMLParser

from federation import actors, origins, policy
from federation.context import Fed
from federation.errors import Rejected
from federation.http.addresses import Url
from federation.origins import Budget
from federation.vocab import audience, normalise
from federation.vocab.attachment import Attachment
from federation.vocab.note import Note
from federation.vocab.question import Poll
from federation.vocab.tag import Mention
from federation.webfinger import parse as parse_handle
from storage import accounts, emojis, ids, inbox, jobs, media, polls, statuses
from storage.accounts import Account
from storage.db import Conn
from storage.statuses import Status
from storage.visibility import DIRECT, PRIVATE, UNLISTED, number

ANCESTORS_JOB = "fetch_ancestors"  # payload {"status_id": …}
MAX_LINKS = 20


class _Named(msgspec.Struct, frozen=True):
    """People in a post: `mentions` named in it, `silent` only addressed."""

    mentions: list[int]
    silent: list[int]


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
    url = _check(fed, note)
    async with fed.db.read() as conn:
        known = await statuses.by_uri(conn, note.id)
    if known is not None:
        return known.id, False
    budget = budget or Budget()
    verdict = await origins.admit(fed, url.authority)
    author = await actors.actor(fed, note.author or "", budget=budget)
    if author.suspended_at is not None:
        raise Rejected(f"{author.uri} is suspended")
    visibility = _visibility(note, author, fetched=fetched)
    named = await _people(fed, note, visibility, delivered_to, budget)
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
    url = _check(fed, note, updating=True)
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
    verdict = await origins.admit(fed, url.authority)
    named = await _people(fed, note, known.visibility, None, Budget())
    async with fed.db.transaction() as conn:
        await inbox.lock(conn, note.id)
        current = await statuses.lock(conn, known.id)
        if current is None or _edited_at(note, current) is None:
            return False
        return await _edit(conn, note, current, author, verdict, named=named, edited_at=edited_at)


def _check(fed: Fed, note: Note, *, updating: bool = False) -> Url:
    url = origins.parsed(note.id)
    if origins.is_ours(fed, url):
        raise Rejected(f"{note.id} is ours")
    # Misskey sends new counts of a poll without saying whose it is; the signer is checked by the caller.
    if updating and note.author is None:
        return url
    if note.author is None or origins.parsed(note.author).origin != url.origin:
        raise Rejected(f"{note.id} is not by anybody on its host")
    if note.is_vote:
        raise Rejected(f"{note.id} is a vote")
    return url


def _visibility(note: Note, author: Account, *, fetched: bool) -> int:
    if not note.is_addressed:
        return UNLISTED if fetched else DIRECT
    return number(audience.visibility(note.to, note.cc, author.followers_uri, author=author.uri))


async def _people(fed: Fed, note: Note, visibility: int, delivered_to: int | None, budget: Budget) -> _Named:
    """Accounts that a post names or addresses. One that is named but not addressed gets no access to a private post."""
    addressed = (*note.to, *note.cc)
    async with fed.db.read() as conn:
        known = await _known(conn, note)
        recipients = await accounts.local_recipients(conn, [uri for uri in addressed if not audience.is_public(uri)])
    unknown = [mention for mention in note.mentions if mention not in known]
    fetched = await actors.actors(fed, [mention.href for mention in unknown if mention.href], budget=budget)
    handles = {
        mention: (handle.username, handle.domain)
        for mention in unknown
        if mention.href not in fetched and (handle := parse_handle(mention.name)) is not None
    }
    by_handle = await actors.handles(fed, list(handles.values()), budget=budget) if handles else {}
    found = [
        known.get(mention) or fetched.get(mention.href or "") or by_handle.get(handles.get(mention, ("", "")))
        for mention in note.mentions
    ]
    named = [row.id for row in found if row and row.id > 0 and (visibility < PRIVATE or row.uri in addressed)]
    silent = [account_id for account_id in recipients if account_id > 0 and account_id not in named]
    if delivered_to is not None and delivered_to not in named:
        silent.append(delivered_to)
    return _Named(list(dict.fromkeys(named)), list(dict.fromkeys(silent)))


async def _known(conn: Conn, note: Note) -> dict[Mention, Account]:
    """Mentions of accounts we know: by actor URI, by the page of one of ours, by a handle at the host of the link."""
    if not note.mentions:
        return {}
    hrefs = [mention.href for mention in note.mentions if mention.href]
    by_uri = await accounts.by_uris(conn, hrefs) | await accounts.by_pages(conn, hrefs)
    found = {mention: by_uri[mention.href] for mention in note.mentions if mention.href in by_uri}
    handles = {
        str(handle).lower(): mention
        for mention in note.mentions
        if mention not in found
        and (handle := parse_handle(mention.name)) is not None
        and handle.domain == normalise.host(mention.href)
    }
    if handles:
        pairs = [(name.partition("@")[0], name.partition("@")[2]) for name in handles]
        found |= {handles[row.handle.lower()]: row for row in await accounts.by_handles(conn, pairs)}
    return found


async def _new(
    conn: Conn,
    note: Note,
    author: Account,
    verdict: policy.Verdict,
    *,
    visibility: int,
    named: _Named,
    quiet: bool,
) -> statuses.New:
    parent = await statuses.by_uri(conn, note.in_reply_to) if note.in_reply_to else None
    published = min(note.published, datetime.now(UTC))
    # Others tell time in whole seconds: an answer still comes after what it answers.
    moment = max(published, ids.time_of(parent.id) + timedelta(milliseconds=1)) if parent else published
    attachments = () if verdict.reject_media else note.attachments
    return statuses.New(
        id=await statuses.new_id(conn, moment),
        account_id=author.id,
        uri=note.id,
        url=_page(note),
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
        media_ids=[await media.create(conn, _medium(item, author)) for item in attachments],
        emojis=await _emojis(conn, note, author, verdict),
        replies_uri=note.replies if normalise.same_host(note.replies, note.id) else None,
        mentions=named.mentions,
        silent_mentions=named.silent,
        tags=[hashtag.name for hashtag in note.hashtags],
        links=_links(note) if visibility < PRIVATE else [],
        poll=_poll(note.poll),
        quiet=quiet,
    )


async def _edit(
    conn: Conn,
    note: Note,
    status: Status,
    author: Account,
    verdict: policy.Verdict,
    *,
    named: _Named,
    edited_at: datetime,
) -> bool:
    asked = await polls.replace(conn, status.id, _poll(note.poll)) if note.poll or status.poll_id else False
    media_ids, redescribed = await _media(conn, note, status, author, verdict)
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
        emojis=await _emojis(conn, note, author, verdict),
        edited_at=edited_at,
        mentions=named.mentions,
        silent_mentions=named.silent,
        tags=[hashtag.name for hashtag in note.hashtags],
        links=_links(note) if status.visibility < PRIVATE else [],
    )
    await statuses.edit(conn, status, change)
    if not asked:
        await _count(conn, status, note)
    return True


async def _media(
    conn: Conn, note: Note, status: Status, author: Account, verdict: policy.Verdict
) -> tuple[list[int], bool]:
    """The ids of a changed post's attachments, in order; whether the description of one that stays has changed."""
    if verdict.reject_media:
        return [], False
    held = {row.remote_url: row for row in (await media.by_ids(conn, status.media_ids)).values()}
    media_ids, redescribed = [], False
    for item in note.attachments:
        row = held.get(item.url)
        if row is None:
            media_ids.append(await media.create(conn, _medium(item, author)))
            continue
        media_ids.append(row.id)
        if (row.description or "") != item.description:
            redescribed = True
            await media.describe(conn, row.id, description=item.description, focus_x=None, focus_y=None)
    return media_ids, redescribed


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


async def _emojis(conn: Conn, note: Note, author: Account, verdict: policy.Verdict) -> list[str]:
    if verdict.reject_media:
        return []
    await emojis.learn(conn, author.domain, [emojis.Remote(each.shortcode, each.url, each.id) for each in note.emojis])
    return [each.shortcode for each in note.emojis]


def _medium(item: Attachment, author: Account) -> media.New:
    focus_x, focus_y = item.focus or (None, None)
    return media.New(
        account_id=author.id,
        type=item.kind,
        content_type=item.media_type,
        width=item.width,
        height=item.height,
        duration=item.duration,
        focus_x=focus_x,
        focus_y=focus_y,
        blurhash=item.blurhash,
        description=item.description or None,
        remote_url=item.url,
        preview_remote_url=item.thumbnail,
    )


def _poll(poll: Poll | None) -> statuses.Poll | None:
    if poll is None:
        return None
    return statuses.Poll(
        options=[option.title for option in poll.options],
        multiple=poll.multiple,
        expires_at=poll.closed or poll.ends,
        tallies=[option.votes for option in poll.options],
        voters_count=poll.voters,
    )


def _page(note: Note) -> str:
    """The address for people, if it lies on the post's host or next to it: a link elsewhere would be a disguise."""
    theirs, ours = normalise.host(note.url), normalise.host(note.id)
    if theirs and ours and (theirs == ours or theirs.endswith(f".{ours}") or ours.endswith(f".{theirs}")):
        return note.url
    return note.id


def _links(note: Note) -> list[str]:
    """What a post links to: attached links first, then those in its text that are neither mentions nor hashtags."""
    found = list(note.links)
    named = {mention.href for mention in note.mentions} | {hashtag.href for hashtag in note.hashtags}
    for link in LexborHTMLParser(note.content).css("a[href]") if note.content else []:
        href, classes = link.attributes.get("href") or "", (link.attributes.get("class") or "").split()
        if normalise.is_http(href) and href not in named and not {"mention", "hashtag"} & set(classes):
            found.append(href)
    return list(dict.fromkeys(url for url in found if len(url) <= normalise.MAX_URI_CHARACTERS))[:MAX_LINKS]


def known_people(note: Note) -> Sequence[str]:
    """Every actor URI that a post names or addresses: what relevance is judged by."""
    tagged = [mention.href for mention in note.mentions if mention.href]
    return list(dict.fromkeys(uri for uri in (*note.to, *note.cc, *tagged) if not audience.is_public(uri)))
