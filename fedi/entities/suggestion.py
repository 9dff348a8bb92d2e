"""Suggestion: an account worth following, and why."""

from msgspec import Struct

from fedi.entities.account import Account


class Suggestion(Struct, frozen=True):
    source: str
    """The one reason old clients read; `sources` replaced it."""
    sources: list[str]
    account: Account


_OLD = {"featured": "staff", "most_followed": "global", "most_interactions": "global"}


def build(account: Account, sources: list[str]) -> Suggestion:
    """`sources`: featured, most_followed, most_interactions, similar_to_recently_followed, friends_of_friends."""
    return Suggestion(source=_OLD.get(sources[0], "past_interactions"), sources=sources, account=account)
