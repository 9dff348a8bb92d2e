"""Which names an account of ours may have: readable in a handle, not the server's own, not somebody else's look-alike.

Names are ASCII, so of Unicode's confusables (UTS 39) only these remain: 1 l I, 0 O, m rn. A test compares.
"""

import re
from typing import Literal

from fedi import errors

MAX_CHARACTERS = 30

# Mastodon's grammar for local names; other servers rely on it.
_NAME = re.compile(r"[a-zA-Z0-9_]+", re.ASCII)
_ALIKE = str.maketrans("1I0", "llo")

# Names that speak for the server, its software or its mail, and those that a path or a client could take for its own.
RESERVED = frozenset(
    """
    abuse account accounts admin administrator administration api app apps auth autoconfig autodiscover billing
    broadcasthost contact emoji everyone explore fedi fediverse ftp help here home hostmaster imap inbox info
    instance invite is isatap it localdomain localhost login logout mail mailer_daemon marketing mastodon media mis
    mod moderation moderator mods news nobody noc nodeinfo noreply no_reply oauth official operator outbox owner pop
    pop3 postmaster press privacy public register root sales security settings signup sign_up smtp ssladmin
    ssladministrator sslwebmaster staff static status streaming support sysadmin system tags team terms test usenet
    user username users uucp web webmaster well_known wpad www
    """.split()
)

Fault = Literal["ERR_BLANK", "ERR_INVALID", "ERR_TOO_LONG", "ERR_RESERVED"]
WORDS: dict[Fault, str] = {
    "ERR_BLANK": "can't be blank",
    "ERR_INVALID": "must contain only letters, numbers and underscores",
    "ERR_TOO_LONG": f"is too long (maximum is {MAX_CHARACTERS} characters)",
    "ERR_RESERVED": "is reserved",
}


def fault(name: str, domain: str, *, staff: bool = False) -> Fault | None:
    """What is wrong with a name; None when nothing is. Staff may have reserved names: they speak for the server."""
    if not name:
        return "ERR_BLANK"
    if not _NAME.fullmatch(name):
        return "ERR_INVALID"
    if len(name) > MAX_CHARACTERS:
        return "ERR_TOO_LONG"
    if staff:
        return None
    taken = {_blurred(word) for word in {*RESERVED, domain.partition(":")[0], domain.partition(".")[0]}}
    return "ERR_RESERVED" if _blurred(name) in taken else None


def check(name: str, domain: str, *, staff: bool = False) -> None:
    """`Invalid` in words."""
    found = fault(name, domain, staff=staff)
    if found is not None:
        raise errors.Invalid(f"Username {WORDS[found]}")


def skeleton(name: str) -> str:
    """Equal for names that look alike in most typefaces."""
    return name.translate(_ALIKE).lower().replace("rn", "m")


def _blurred(name: str) -> str:
    """Coarser still, for names that must not even be alluded to."""
    return skeleton(name.replace("_", "").lower().replace("i", "l"))
