"""What an author's document allows others to do, as the bits that we keep of it."""

from federation.vocab.audience import PUBLIC as EVERYBODY
from federation.vocab.interaction import Policy as Said
from storage.quote_policies import FOLLOWERS, FOLLOWING, OTHERS, PUBLIC, Policy


def policy(said: Said | None, *, author: str, followers: str | None, following: str | None) -> Policy:
    """All are ids. Whoever is named alone may, but is not known to us by a bit of their own."""
    if said is None:
        return Policy(None)
    names: dict[str | None, int] = {followers: FOLLOWERS, following: FOLLOWING, EVERYBODY: PUBLIC, author: 0}
    return Policy(_bits(said.automatic, names), _bits(said.manual, names))


def _bits(uris: tuple[str, ...], names: dict[str | None, int]) -> int:
    found = 0
    for uri in uris:
        found |= names.get(uri, OTHERS)
    return found
