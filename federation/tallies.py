"""How often a remote post was answered, boosted and favoured, as its own server counts: it knows of all, we of few."""

from federation import references
from federation.budgets import Budget
from federation.context import Fed
from federation.vocab import normalise
from federation.vocab.note import Note
from storage import tallies
from storage.statuses import Status
from storage.tallies import Claims

_PROPERTIES = ("replies", "shares", "likes")


async def note(fed: Fed, status: Status, parsed: Note) -> None:
    """Keep the totals that a document carries, which was read from its origin."""
    claims = Claims(*(_embedded(parsed, name) for name in _PROPERTIES))
    await _keep(fed, status, claims)


async def read(fed: Fed, status: Status, parsed: Note, budget: Budget) -> None:
    """Likewise, and ask for those that it only points to; the answers are counted where they are read."""
    found = list[int | None]()
    for name in _PROPERTIES:
        total = _embedded(parsed, name)
        uri = normalise.iri(parsed.raw.get(name))
        if total is None and name != "replies" and uri is not None and normalise.same_host(uri, parsed.id):
            total = await references.total(fed, uri, budget)
        found.append(total)
    await _keep(fed, status, Claims(*found))


async def answers(fed: Fed, status: Status, total: int | None) -> None:
    """Keep what the list of answers to a post says."""
    await _keep(fed, status, Claims(total, None, None))


async def _keep(fed: Fed, status: Status, claims: Claims) -> None:
    if status.is_local or claims == Claims(None, None, None):
        return
    async with fed.db.transaction() as conn:
        await tallies.claim(conn, status.id, claims)


def _embedded(parsed: Note, name: str) -> int | None:
    return normalise.count(normalise.properties(normalise.one(parsed.raw.get(name))).get("totalItems"))
