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
from fedi.entities import dates, feature, rendering
from fedi.entities.account import Account
from fedi.entities.matching import Matcher, hides
from fedi.entities.page import Page, Rendered
from fedi.entities.poll import Ballot, Poll, Tally
from fedi.entities.poll import Parts as PollParts
from fedi.entities.poll import build as build_poll
from fedi.entities.status import Status
from fedi.text.emoji import shortcodes
from storage import bundles, feature_policies, viewings
from storage.db import Conn
from storage.quote_policies import Policy, Standing

FilterContext = Literal["home", "notifications", "public", "thread", "account"]

MAX_STATUSES = 5000
MAX_ACCOUNTS = 5000
MAX_AGE_SECONDS = 300


class _Built(msgspec.Struct, frozen=True):
    version: int
    account: Account
    policy: Policy
    """Who may put it into a collection."""


class _Memory:
    """This process's rendered statuses and built accounts."""

    def __init__(self) -> None:
        self.statuses: TTLCache[int, Rendered] = TTLCache(MAX_STATUSES, MAX_AGE_SECONDS)
        self.accounts: TTLCache[int, _Built] = TTLCache(MAX_ACCOUNTS, MAX_AGE_SECONDS)

    def status(self, head: bundles.Head) -> Rendered | None:
        entry: Rendered | None = self.statuses.get(head.id)
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
    bundle.accounts = await _accounts(app, conn, viewer_id, heads, {*wanted.account_ids, *_vouching(rendered)})
    polls = await _polls(conn, viewer_id, heads, rendered)
    matcher = Matcher(await bundles.filters(conn, viewer_id, list(heads)) if viewer_id and heads else ())
    _fill(bundle, wanted, Page(app.settings.base_url, viewer_id, heads, rendered, bundle.accounts, polls, matcher))
    return bundle


async def load_each(app: App, conn: Conn, viewer_ids: Sequence[int], wanted: Wanted) -> dict[int, Bundle]:
    """The statuses as `load` has them for each viewer, in at most six queries. Viewers who see nothing are left out."""
    found = await viewings.heads(conn, viewer_ids, wanted.status_ids, wanted=wanted.unmuted)
    pages = {viewer_id: {head.id: head for head in rows} for viewer_id, rows in found.items()}
    known = {status_id: head for page in pages.values() for status_id, head in page.items()}
    rendered = await _rendered(app, conn, known)
    people = await _accounts_each(app, conn, pages, known, _vouching(rendered))
    asked = [head.poll_id for head in known.values() if head.poll_id is not None]
    votes = await viewings.polls(conn, list(pages), asked) if asked else {}
    filters = await viewings.filters(conn, list(pages), list(known)) if pages else {}
    loaded = {}
    for viewer_id, heads in pages.items():
        bundle = loaded[viewer_id] = Bundle()
        bundle.accounts = people[viewer_id]
        polls = _tallied(viewer_id, heads, rendered, votes.get(viewer_id, ()))
        matcher = Matcher(filters.get(viewer_id, ()))
        _fill(bundle, wanted, Page(app.settings.base_url, viewer_id, heads, rendered, bundle.accounts, polls, matcher))
    return loaded


def _fill(bundle: Bundle, wanted: Wanted, page: Page) -> None:
    for status_id in wanted.status_ids:
        status = page.status(status_id)
        if status is not None and not _dropped(status, wanted.filter_context):
            bundle.statuses[status_id] = status


def _vouching(rendered: dict[int, Rendered]) -> set[int]:
    """Authors of pages that cards show."""
    return {entry.credit.account_id for entry in rendered.values() if entry.credit and entry.credit.vouches}


def _dropped(status: Status, context: FilterContext | None) -> bool:
    filtered = status.filtered
    return bool(filtered) and context in ("home", "notifications") and hides(filtered or (), context)


async def _rendered(app: App, conn: Conn, heads: dict[int, bundles.Head]) -> dict[int, Rendered]:
    memory = _memory(app)
    found, missing = dict[int, Rendered](), list[int]()
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
        entry = Rendered(body.version, body.author_version, status, "\n".join(words), rendering.credit(body.card))
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
    for account_id, (entry, row) in (await _built(app, conn, viewer_id, missing)).items():
        standing = _standing(viewer_id, account_id, row.follows, row.followed)
        found[account_id] = feature.told(entry.account, entry.policy, standing)
    return found


async def _built(
    app: App, conn: Conn, viewer_id: int | None, account_ids: Collection[int]
) -> dict[int, tuple[_Built, bundles.Author]]:
    """Read and remembered."""
    memory, found = _memory(app), {}
    rows = await bundles.authors(conn, viewer_id, list(account_ids)) if account_ids else {}
    for account_id in set(account_ids) & rows.keys():
        row = rows[account_id]
        account = _account(app, account_id, rows)
        entry = _Built(row.account.version, account, feature_policies.of(row.account))
        memory.accounts[account_id] = entry
        found[account_id] = entry, row
    return found


async def _accounts_each(
    app: App,
    conn: Conn,
    pages: dict[int, dict[int, bundles.Head]],
    known: dict[int, bundles.Head],
    account_ids: Collection[int],
) -> dict[int, dict[int, Account]]:
    """`_accounts` by viewer. Only who follows whom differs: it comes with the heads, or is asked for."""
    memory, built = _memory(app), dict[int, _Built]()
    for head in known.values():
        entry = memory.account(head.account_id, head.author_version)
        if entry is not None:
            built[head.account_id] = entry
    missing = {head.account_id for head in known.values()} - built.keys() | set(account_ids)
    built |= {account_id: entry for account_id, (entry, _row) in (await _built(app, conn, None, missing)).items()}
    follows = await viewings.follows(conn, list(pages), list(account_ids)) if account_ids else {}
    found: dict[int, dict[int, Account]] = {}
    for viewer_id, heads in pages.items():
        people = found[viewer_id] = {}
        for account_id in built.keys() & set(account_ids):
            standing = _standing(viewer_id, account_id, *follows[viewer_id, account_id])
            people[account_id] = feature.told(built[account_id].account, built[account_id].policy, standing)
        for head in heads.values():
            if head.account_id not in people and head.account_id in built:
                entry = built[head.account_id]
                standing = _standing(viewer_id, head.account_id, head.follows, head.followed)
                people[head.account_id] = feature.told(_counted(entry.account, head), entry.policy, standing)
    return found


def _standing(viewer_id: int | None, account_id: int, follows: bool, followed: bool) -> Standing | None:
    """The viewer's, None for the public."""
    return None if viewer_id is None else Standing(account_id == viewer_id, follows, followed)


def _account(app: App, account_id: int, rows: dict[int, bundles.Author]) -> Account:
    author = rows[account_id]
    moved = rows.get(author.account.moved_to_id or 0)
    shown = None if moved is None else rendering.account(app.settings, moved, moved=None)
    return rendering.account(app.settings, author, moved=shown)


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
    conn: Conn, viewer_id: int | None, heads: dict[int, bundles.Head], rendered: dict[int, Rendered]
) -> dict[int, Poll]:
    """By status id."""
    asked = [head.poll_id for head in heads.values() if head.poll_id is not None]
    rows = await bundles.polls(conn, viewer_id, asked) if asked else ()
    return _tallied(viewer_id, heads, rendered, rows)


def _tallied(
    viewer_id: int | None,
    heads: dict[int, bundles.Head],
    rendered: dict[int, Rendered],
    rows: Sequence[bundles.Poll],
) -> dict[int, Poll]:
    """Of those statuses that are there, by status id."""
    now, found = datetime.now(UTC), {}
    asked = {head.poll_id: head for head in heads.values()}
    for row in rows:
        head = asked.get(row.id)
        if head is None or head.id not in rendered:
            continue
        named = {shortcode for title in row.options for shortcode in shortcodes(title)}
        emojis = tuple(emoji for emoji in rendered[head.id].status.emojis if emoji.shortcode in named)
        parts = PollParts(row.id, tuple(row.options), row.multiple, row.expires_at, row.hide_totals, emojis)
        tally = Tally(tuple(row.tallies), row.voters_count, closed=row.closed_at is not None)
        ballot = None if viewer_id is None else Ballot(tuple(row.choices), own=head.account_id == viewer_id)
        found[head.id] = build_poll(parts, tally, now=now, ballot=ballot)
    return found


def _memory(app: App) -> _Memory:
    memory: _Memory | None = app.memory.get(__name__)
    if memory is None:
        memory = app.memory[__name__] = _Memory()
    return memory
