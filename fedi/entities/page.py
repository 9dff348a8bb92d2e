"""The parts of a page of statuses joined for one viewer. Pure: `bundle` loads the parts."""

import msgspec

from fedi.entities import dates, interaction_policy, quote, reaction
from fedi.entities.account import Account
from fedi.entities.card import Credit, credited
from fedi.entities.collection import Collection as SharedCollection
from fedi.entities.collection import build as build_collection
from fedi.entities.matching import Matcher
from fedi.entities.poll import Poll
from fedi.entities.status import Extension, Marks, Quote, Quoting, RenderedStatus, Stats, Status, overlay
from fedi.entities.user_filter import FilterResult
from storage import bundles

FAVOURITED, BOOKMARKED, REBLOGGED, PINNED = 1, 2, 4, 8


class Rendered(msgspec.Struct, frozen=True):
    version: int
    author_version: int
    status: RenderedStatus
    text: str
    """What filters look at, but for the options of a poll."""
    credit: Credit | None
    """The author of the page that the card shows."""


class Page:
    """Joins the parts: the inner status first, then what is around it: a boost, or a post that quotes it."""

    def __init__(
        self,
        base_url: str,
        viewer_id: int | None,
        heads: dict[int, bundles.Head],
        rendered: dict[int, Rendered],
        accounts: dict[int, Account],
        polls: dict[int, Poll],
        matcher: Matcher,
    ) -> None:
        self._base_url = base_url
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
        status = overlay(
            self._credited(entry),
            account=self._accounts[head.account_id],
            stats=self._stats(head),
            marks=self._marks(head),
            quoting=Quoting(
                quote.approval(self._proper(head), self._viewer_id),
                quote.shallow(head) if quoted else self._quote(head),
            ),
            reblog=inner,
            poll=self._polls.get(status_id),
            collections=self._collections(head),
        )
        return self._held(head, self._ruled(head, status))

    def _ruled(self, head: bundles.Head, status: Status) -> Status:
        """What a boost shows is what it boosts."""
        proper = self._proper(head)
        if proper.rules is None:
            return status
        policy = interaction_policy.build(
            bundles.decode(proper.rules, bundles.Ruling), self._viewer_id, proper.account_id
        )
        return msgspec.structs.replace(status, interaction_policy=policy)

    def _held(self, head: bundles.Head, status: Status) -> Status:
        """Its author is told that nobody else has it yet."""
        if head.held_until is None or head.account_id != self._viewer_id:
            return status
        return msgspec.structs.replace(status, fedi=Extension(dates.timestamp(head.held_until), head.held_locally))

    def _stats(self, head: bundles.Head) -> Stats:
        given = reaction.read(self._base_url, self._proper(head).reactions)
        return Stats(head.replies_count, head.reblogs_count, head.favourites_count, head.quotes_count, given)

    def _collections(self, head: bundles.Head) -> list[SharedCollection]:
        """That the post shares."""
        found = bundles.decode(head.collections, bundles.Shared)
        return [build_collection(self._base_url, each, each.items) for each in found]

    def _credited(self, entry: Rendered) -> RenderedStatus:
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
