"""Reactions to a status: each emoji once, with how many gave it.

Clients of Glitch read them as `reactions`, those of Akkoma and Fedibird as `emoji_reactions`.
"""

from msgspec import UNSET, Struct, UnsetType

from fedi.entities import urls
from fedi.entities.account import Account
from storage import bundles
from storage.reactions import Picture


class StatusReaction(Struct, frozen=True):
    """`name` is an emoji, a shortcode of ours, or shortcode@domain; with a custom emoji comes its picture, if known."""

    name: str
    count: int
    me: bool
    url: str | UnsetType = UNSET
    static_url: str | UnsetType = UNSET
    domain: str | UnsetType = UNSET


class ReactionPeople(Struct, frozen=True):
    """A reaction with who gave it."""

    name: str
    count: int
    me: bool
    accounts: list[Account]
    url: str | UnsetType = UNSET
    static_url: str | UnsetType = UNSET


def shown_name(name: str, domain: str | None) -> str:
    """As clients name it, in answers and in paths."""
    return f"{name}@{domain}" if domain else name


def read(base_url: str, text: str | None) -> list[StatusReaction]:
    """The aggregate of a head, in the order in which they were first given."""
    if text is None:
        return []
    return [_reaction(base_url, row) for row in bundles.decode(text, bundles.Reactions)]


def picture_url(base_url: str, picture: Picture | None) -> str | None:
    return None if picture is None else urls.either(base_url, picture.file, picture.remote_url)


def _reaction(base_url: str, row: bundles.Reactions) -> StatusReaction:
    url = urls.either(base_url, row.file, row.remote_url)
    return StatusReaction(
        name=shown_name(row.name, row.domain),
        count=row.count,
        me=row.me,
        url=url or UNSET,
        static_url=urls.either(base_url, row.static_file, row.static_remote_url) or url or UNSET,
        domain=row.domain or UNSET,
    )
