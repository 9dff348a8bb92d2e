"""Secrets that are none: too short, of few characters, from an example, or open to everybody on the machine."""

import re
from pathlib import Path

from fedi.config import SECRET_MIN_CHARS

MIN_DIFFERENT = 10
# Of what the runtimes of containers put here, only the container sees anything.
_MOUNTED = (Path("/run/secrets"), Path("/var/run/secrets"))
# What examples, documentation and hurried people write.
_WORDS = re.compile(
    "change.{0,3}me|secret|passw|example|default|insecure|placeholder|replace|your.{0,3}key|letmein|qwert|0123456789"
    "|123456789|abcdefgh",
    re.IGNORECASE,
)
_KNOWN_PASSWORDS = frozenset(
    ["postgres", "password", "passwd", "changeme", "change-me", "secret", "admin", "root", "example", "fedi", "1234",
     "12345", "123456", "12345678", "test", "mastodon"]
)  # fmt: skip


def fault(secret: str, *, development: bool) -> str | None:
    """What is wrong with a secret, to be said after its name; None when nothing is. For trying things out it need only
    be long enough."""
    if len(secret) < SECRET_MIN_CHARS:
        return f"must have at least {SECRET_MIN_CHARS} characters"
    if development:
        return None
    if len(set(secret)) < MIN_DIFFERENT or _repeats(secret) or _WORDS.search(secret):
        return "can be guessed: make one with openssl rand -hex 32"
    return None


def _repeats(text: str) -> bool:
    """Whether it is a shorter text again and again."""
    place = (text + text).find(text, 1)
    return place <= len(text) // 2


def known_password(text: str) -> bool:
    """Whether everybody tries it first."""
    return text.lower() in _KNOWN_PASSWORDS


def exposed(path: Path) -> bool:
    """Whether everybody on this machine may read a file."""
    try:
        return path.stat().st_mode & 0o004 != 0 and not any(path.absolute().is_relative_to(each) for each in _MOUNTED)
    except OSError:
        return False
