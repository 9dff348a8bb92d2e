"""Everything a page needs, loaded at once: at most five queries, whatever its length and content.

What is the same for every viewer is rendered once and kept in memory by (id, version). The query for heads says which
versions are current, so nothing ever has to be invalidated. What no version covers (a role, a picture of an emoji)
is right again when the entry has expired.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Literal

import msgspec
from cachetools import TTLCache

from fedi.context import App
from fedi.entities import dates, feature, quote, rendering
from fedi.entities.account import Account
from fedi.entities.card import Credit, credited
from fedi.entities.matching import Matcher, hides
from fedi.entities.poll import Ballot, Poll, Tally
from fedi.entities.poll import Parts as PollParts
from fedi.entities.poll import build as build_poll
from fedi.entities.status import Marks, Quote, Quoting, RenderedStatus, Stats, Status, overlay
from fedi.entities.user_filter import FilterResult
from fedi.text.emoji import shortcodes
from storage import bundles, feature_policies
from storage.db import Conn
from storage.quote_policies import Policy, Standing

FilterContext = Literal["home", "notifications", "public", "thread", "account"]

FAVOURITED, BOOKMARKED, REBLOGGED, PINNED = 1, 2, 4, 8
MAX_STATUSES = 5000
MAX_ACCOUNTS = 5000
MAX_AGE_SECONDS = 300


class _Rendered(msgspec.Struct, frozen=True):
    version: int
    author_version: int
    status: RenderedStatus
    text: str
    """What filters look at, but for the options of a poll."""
    credit: Credit | None
    """The author of the page that the card shows."""


class _Built(msgspec.Struct, frozen=True):
    version: int
    account: Account
    policy: Policy
    """Who may put it into a collection."""


class _Memory:
    """This process's rendered statuses and built accounts."""

    def __init__(self) -> None:
        self.statuses: TTLCache[int, _Rendered] = TTLCache(MAX_STATUSES, MAX_AGE_SECONDS)
        self.accounts: TTLCache[int, _Built] = TTLCache(MAX_ACCOUNTS, MAX_AGE_SECONDS)

    def status(self, head: bundles.Head) -> _Rendered | None:
        entry: _Rendered | None = self.statuses.get(head.id)
        current = entry and (entry.version, entry.author_version) == (head.version, head.author_version)
        return entry if current else None

    def account(self, account_id: int, version: int) -> "_Built | None":
        entry: _Built | None = self.accounts.get(account_id)
        return entry if entry and entry.version == version else None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What to load. `filter_context` home or notifications drops what a `hide` filter matches there."""

    status_ids: Sequence[int] = ()
    account_ids: Collection[int] = ()
    filter_context: FilterContext | None = None
    unmuted: bool = False
    """Leave out authors the viewer blocked or muted, too."""
    everything: bool = False
    """What the viewer may not read, too: for staff at work on a report."""


class Bundle:
    """Statuses and accounts by id, as one viewer sees them. What they may not see is not here."""

    def __init__(self) -> None:
        self.statuses: dict[int, Status] = {}
        self.accounts: dict[int, Account] = {}

    def pick(self, status_ids: Sequence[int]) -> list[Status]:
        """In the order given, without those that are not here."""
        return [self.statuses[status_id] for status_id in status_ids if status_id in self.statuses]


async def load(app: App, conn: Conn, viewer_id: int | None, wanted: Wanted) -> Bundle:
    bundle = Bundle()
    heads: dict[int, bundles.Head] = {}
    if wanted.status_ids:
        rows = await bundles.heads(
            conn, viewer_id, wanted.status_ids, wanted=wanted.unmuted, everything=wanted.everything
        )
        heads = {head.id: head for head in rows}
    rendered = await _rendered(app, conn, heads)
    authors = {entry.credit.account_id for entry in rendered.values() if entry.credit and entry.credit.vouches}
    bundle.accounts = await _accounts(app, conn, viewer_id, heads, {*wanted.account_ids, *authors})
    polls = await _polls(conn, viewer_id, heads, rendered)
    matcher = Matcher(await bundles.filters(conn, viewer_id, list(heads)) if viewer_id and heads else ())
    page = _Page(viewer_id, heads, rendered, bundle.accounts, polls, matcher)
    for status_id in wanted.status_ids:
        status = page.status(status_id)
        if status is not None and not _dropped(status, wanted.filter_context):
            bundle.statuses[status_id] = status
    return bundle


def _dropped(status: Status, context: FilterContext | None) -> bool:
    filtered = status.filtered
    return bool(filtered) and context in ("home", "notifications") and hides(filtered or (), context)


async def _rendered(app: App, conn: Conn, heads: dict[int, bundles.Head]) -> dict[int, _Rendered]:
    memory = _memory(app)
    found, missing = dict[int, _Rendered](), list[int]()
    for head in heads.values():
        entry = memory.status(head)
        if entry is None:
            missing.append(head.id)
        else:
            found[head.id] = entry
    for body in await bundles.bodies(conn, missing) if missing else ():
        status = rendering.status(app.settings.base_url, body)
        words = [status.spoiler_text, rendering.plain(status.content)]
        words += [each.description or "" for each in status.media_attachments]
        entry = _Rendered(body.version, body.author_version, status, "\n".join(words), rendering.credit(body.card))
        memory.statuses[body.id] = found[body.id] = entry
    return found


async def _accounts(
    app: App, conn: Conn, viewer_id: int | None, heads: dict[int, bundles.Head], account_ids: Collection[int]
) -> dict[int, Account]:
    """Authors of the heads, with the counters that came with them, and further accounts."""
    memory = _memory(app)
    found, missing = dict[int, Account](), set(account_ids)
    for head in heads.values():
        if head.account_id in found or head.account_id in missing:
            continue
        entry = memory.account(head.account_id, head.author_version)
        if entry is None:
            missing.add(head.account_id)
        else:
            standing = _standing(viewer_id, head.account_id, head.follows, head.followed)
            found[head.account_id] = feature.told(_counted(entry.account, head), entry.policy, standing)
    if missing:
        rows = await bundles.authors(conn, viewer_id, list(missing))
        for account_id in missing & rows.keys():
            row = rows[account_id]
            entry = _Built(
                row.account.version,
                _account(app.settings.base_url, account_id, rows),
                feature_policies.of(row.account),
            )
            memory.accounts[account_id] = entry
            standing = _standing(viewer_id, account_id, row.follows, row.followed)
            found[account_id] = feature.told(entry.account, entry.policy, standing)
    return found


def _standing(viewer_id: int | None, account_id: int, follows: bool, followed: bool) -> Standing | None:
    """The viewer's, None for the public."""
    return None if viewer_id is None else Standing(account_id == viewer_id, follows, followed)


def _account(base_url: str, account_id: int, rows: dict[int, bundles.Author]) -> Account:
    author = rows[account_id]
    moved = rows.get(author.account.moved_to_id or 0)
    shown = None if moved is None else rendering.account(base_url, moved, moved=None)
    return rendering.account(base_url, author, moved=shown)


def _counted(account: Account, head: bundles.Head) -> Account:
    """The account with the counters of now."""
    if account.suspended is True:
        return account
    return msgspec.structs.replace(
        account,
        statuses_count=head.statuses_count,
        following_count=head.following_count,
        followers_count=head.followers_count,
        last_status_at=dates.day(head.last_status_at),
    )


async def _polls(
    conn: Conn, viewer_id: int | None, heads: dict[int, bundles.Head], rendered: dict[int, _Rendered]
) -> dict[int, Poll]:
    """By status id."""
    asked = {head.poll_id: head for head in heads.values() if head.poll_id is not None}
    if not asked:
        return {}
    now = datetime.now(UTC)
    found = {}
    for row in await bundles.polls(conn, viewer_id, list(asked)):
        head = asked[row.id]
        if head.id not in rendered:
            continue
        named = {shortcode for title in row.options for shortcode in shortcodes(title)}
        emojis = tuple(emoji for emoji in rendered[head.id].status.emojis if emoji.shortcode in named)
        parts = PollParts(row.id, tuple(row.options), row.multiple, row.expires_at, row.hide_totals, emojis)
        tally = Tally(tuple(row.tallies), row.voters_count, closed=row.closed_at is not None)
        ballot = None if viewer_id is None else Ballot(tuple(row.choices), own=head.account_id == viewer_id)
        found[head.id] = build_poll(parts, tally, now=now, ballot=ballot)
    return found


class _Page:
    """Joins the parts: the inner status first, then what is around it: a boost, or a post that quotes it."""

    def __init__(
        self,
        viewer_id: int | None,
        heads: dict[int, bundles.Head],
        rendered: dict[int, _Rendered],
        accounts: dict[int, Account],
        polls: dict[int, Poll],
        matcher: Matcher,
    ) -> None:
        self._viewer_id = viewer_id
        self._heads = heads
        self._rendered = rendered
        self._accounts = accounts
        self._polls = polls
        self._matcher = matcher

    def status(self, status_id: int, *, quoted: bool = False) -> Status | None:
        """`quoted`: inside of one that quotes it. What it quotes in turn is named only."""
        head, entry = self._heads.get(status_id), self._rendered.get(status_id)
        if head is None or entry is None or head.account_id not in self._accounts:
            return None
        inner = None
        if head.reblog_of_id is not None:
            inner = self.status(head.reblog_of_id)
            if inner is None:
                return None
        return overlay(
            self._credited(entry),
            account=self._accounts[head.account_id],
            stats=Stats(head.replies_count, head.reblogs_count, head.favourites_count, head.quotes_count),
            marks=self._marks(head),
            quoting=Quoting(
                quote.approval(self._proper(head), self._viewer_id),
                quote.shallow(head) if quoted else self._quote(head),
            ),
            reblog=inner,
            poll=self._polls.get(status_id),
        )

    def _credited(self, entry: _Rendered) -> RenderedStatus:
        """The card with its author, as this viewer is told."""
        card, credit = entry.status.card, entry.credit
        if card is None or credit is None:
            return entry.status
        account = self._accounts.get(credit.account_id)
        return msgspec.structs.replace(entry.status, card=credited(card, credit, account, self._viewer_id))

    def _quote(self, head: bundles.Head) -> Quote | None:
        return quote.whole(head, None if head.quoted_id is None else self.status(head.quoted_id, quoted=True))

    def _proper(self, head: bundles.Head) -> bundles.Head:
        """Of a boost, what it boosts."""
        return head if head.reblog_of_id is None else self._heads[head.reblog_of_id]

    def _marks(self, head: bundles.Head) -> Marks | None:
        """A boost is marked as the boosted status is, but that it cannot be pinned."""
        if self._viewer_id is None:
            return None
        proper = self._proper(head)
        pinnable = proper is head and head.account_id == self._viewer_id and head.visibility < 3
        return Marks(
            favourited=bool(proper.flags & FAVOURITED),
            bookmarked=bool(proper.flags & BOOKMARKED),
            reblogged=bool(proper.flags & REBLOGGED),
            muted=proper.muted,
            pinned=bool(head.flags & PINNED) if pinnable else None,
            filtered=self._filtered(head, proper),
        )

    def _filtered(self, head: bundles.Head, proper: bundles.Head) -> tuple[FilterResult, ...]:
        """Nobody's own words are filtered for them."""
        if not self._matcher or proper.account_id == self._viewer_id:
            return ()
        text = self._rendered[proper.id].text
        poll = self._polls.get(proper.id)
        if poll is not None:
            text = "\n".join([text, *(option.title for option in poll.options)])
        return self._matcher.match({head.id, proper.id}, text)


def _memory(app: App) -> _Memory:
    memory: _Memory | None = app.memory.get(__name__)
    if memory is None:
        memory = app.memory[__name__] = _Memory()
    return memory
