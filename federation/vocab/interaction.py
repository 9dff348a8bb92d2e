"""`interactionPolicy`: whom an author allows to do something with what is theirs."""

from msgspec import Struct

from federation.vocab import normalise
from federation.vocab.audience import addresses
from federation.vocab.normalise import JSON

MAX_ENTRIES = 100
_NAMES = frozenset(("automaticApproval", "manualApproval", "always", "approvalRequired"))


class Policy(Struct, frozen=True):
    """Who may at once, and who has to be agreed to; ids of actors and collections."""

    automatic: tuple[str, ...]
    manual: tuple[str, ...]


def policy(doc: JSON, name: str) -> Policy | None:
    """None when nothing is said about what the name stands for."""
    allowed = normalise.one(normalise.properties(normalise.one(doc.get("interactionPolicy"))).get(name))
    if not isinstance(allowed, dict):
        return None
    found = normalise.properties(allowed)
    automatic = found.get("automaticApproval", found.get("always"))
    manual = found.get("manualApproval", found.get("approvalRequired"))
    return Policy(addresses(automatic)[:MAX_ENTRIES], addresses(manual)[:MAX_ENTRIES])


def grants(doc: JSON, name: str) -> Policy | None:
    """The same for what everybody may do unless it says otherwise: an empty rule says nothing."""
    allowed = normalise.one(normalise.properties(normalise.one(doc.get("interactionPolicy"))).get(name))
    stated = isinstance(allowed, dict) and not _NAMES.isdisjoint(normalise.properties(allowed))
    return policy(doc, name) if stated else None


def render(name: str, allowed: str) -> JSON:
    """Whoever is `allowed` may at once, nobody else at all."""
    return {name: {"automaticApproval": [allowed]}}
