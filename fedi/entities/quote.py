"""Who may quote a status, and what one quotes, as one viewer is told."""

from fedi.entities.account import Approval
from fedi.entities.status import Quote, ShallowQuote, Status
from storage import quote_policies
from storage.bundles import Head
from storage.quote_policies import Policy, Standing
from storage.visibility import PRIVATE

_NAMES = (
    (quote_policies.PUBLIC, "public"),
    (quote_policies.FOLLOWERS, "followers"),
    (quote_policies.FOLLOWING, "following"),
    (quote_policies.OTHERS, "unsupported_policy"),
)


def approval(head: Head, viewer_id: int | None) -> Approval:
    """Where an author's server says nothing about quotes, what is public may be quoted."""
    automatic = head.quote_automatic
    if automatic is None:
        automatic = quote_policies.NOBODY if head.visibility >= PRIVATE else quote_policies.PUBLIC
    return Approval(names(automatic), names(head.quote_manual), _verdict(head, viewer_id))


def _verdict(head: Head, viewer_id: int | None) -> str:
    if viewer_id is None:
        return "denied"
    standing = Standing(own=head.account_id == viewer_id, follows=head.follows, followed=head.followed)
    policy = Policy(head.quote_automatic, head.quote_manual)
    return quote_policies.verdict(policy, head.visibility, standing)


def names(bits: int) -> list[str]:
    return [name for bit, name in _NAMES if bits & bit]


def state(head: Head) -> str | None:
    """Of the quote in a status; None when there is none."""
    if head.quote_state != "accepted":
        return head.quote_state
    if head.quoted_id is None:
        return "unauthorized"
    return head.quoted_avoided or "accepted"


def whole(head: Head, quoted: Status | None) -> Quote | None:
    """`quoted`: what the viewer may see of it."""
    word = state(head)
    if word is None:
        return None
    hidden = head.quoted_id is not None and quoted is None
    return Quote("unauthorized" if hidden else word, quoted)


def shallow(head: Head) -> ShallowQuote | None:
    """One level down, where nothing is embedded any more."""
    word = state(head)
    if word is None:
        return None
    return ShallowQuote(word, None if head.quoted_id is None else str(head.quoted_id))
