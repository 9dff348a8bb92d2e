"""OAuth scopes: which exist and which cover which. https://docs.joinmastodon.org/api/oauth-scopes/"""

import re
from collections.abc import Iterable

_READ = (
    "accounts blocks bookmarks collections favourites filters follows lists mutes notifications search statuses"
).split()
_WRITE = (
    "accounts blocks bookmarks collections conversations favourites filters follows lists media mutes notifications "
    "reports statuses"
).split()
_ADMIN = "accounts reports domain_allows domain_blocks ip_blocks email_domain_blocks canonical_email_blocks".split()

ALL = frozenset(
    ["read", "write", "follow", "push", "profile", "admin:read", "admin:write"]
    + [f"read:{name}" for name in _READ]
    + [f"write:{name}" for name in _WRITE]
    + [f"admin:{verb}:{name}" for verb in ("read", "write") for name in _ADMIN]
)
# The legacy scope stands for both directions of these.
_FOLLOW = frozenset(f"{verb}:{name}" for verb in ("read", "write") for name in ("follows", "blocks", "mutes"))


def parse(text: str) -> list[str]:
    """Scopes separated by blanks or '+', each once, in the order given."""
    return list(dict.fromkeys(part for part in re.split(r"[\s+,]+", text) if part))


def unknown(scopes: Iterable[str]) -> list[str]:
    return [scope for scope in scopes if scope not in ALL]


def covers(granted: Iterable[str], wanted: str) -> bool:
    """Whether one of the alternatives of `wanted` ("profile|read:accounts") is granted, itself or from above."""
    held = frozenset(granted)
    return any(_covers(held, alternative) for alternative in wanted.split("|"))


def _covers(held: frozenset[str], wanted: str) -> bool:
    if wanted in held:
        return True
    if wanted in _FOLLOW and "follow" in held:
        return True
    head, _, _ = wanted.rpartition(":")
    return bool(head) and head in held


def within(asked: Iterable[str], allowed: Iterable[str]) -> bool:
    """Whether everything asked for is covered by what is allowed: a token may not exceed its application."""
    held = frozenset(allowed)
    return all(_covers(held, scope) for scope in asked)
