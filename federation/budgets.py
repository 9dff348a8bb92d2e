"""How much others can make us fetch: in one run, by everything that follows from one activity or thread however many
jobs that takes, by one sender, and from one host.

A run is counted in memory. The rest is counted in the database, so that it holds for all processes and goes on where an
interrupted job begins again.
"""

import contextlib
import hashlib
import ipaddress
import time
from collections.abc import Iterator
from contextvars import ContextVar

from cachetools import LRUCache

from federation.context import Fed
from federation.errors import Crowded, Spent
from storage import fetch_budgets, met_hosts
from storage.fetch_budgets import Limit

HOUR, DAY = 3600, 24 * 3600
# Of one incoming activity and all that follows from it.
CHAIN_DOCUMENTS, CHAIN_ACTORS = 1000, 400
# Of all that a sender's domain sends us.
SENDER_DOCUMENTS, SENDER_ACTORS = 5000, 2000
# Of one thread: what is above (100) and below (500), and the pages that list it.
THREAD_DOCUMENTS, THREAD_ACTORS = 700, 50
PROFILE_DOCUMENTS, PROFILE_ACTORS = 100, 50
# A server that answers slowly must not hold up what else waits to be done: the rest is done another time.
MOST_SECONDS = 120.0
# From one host, for what nobody waits for.
HOST_DOCUMENTS, HOST_ACTORS = 1000, 500


class Budget:
    """How much one run may fetch, and the limits that it shares with others. Passed on, never renewed on the way.

    `polite`: nobody waits for it, so that no host is asked for much, nor for long. `chain`: what jobs that follow go on
    with.
    """

    __slots__ = ("actors", "chain", "documents", "ends", "limits", "polite")

    def __init__(
        self,
        *,
        documents: int = 200,
        actors: int = 50,
        limits: tuple[Limit, ...] = (),
        polite: bool = False,
        chain: str | None = None,
    ) -> None:
        self.documents = documents
        self.actors = actors
        self.limits = limits
        self.polite = polite
        self.chain = chain
        self.ends = time.monotonic() + MOST_SECONDS if polite else None


_current: ContextVar[Budget | None] = ContextVar("budget", default=None)


def current() -> Budget:
    """That of the activity or job that is being handled, else a new one."""
    return _current.get() or Budget()


def ongoing() -> Budget | None:
    """That of the activity or job that is being handled, if there is one: what it fetches counts, even where nobody has
    passed the budget on."""
    return _current.get()


def chain() -> str | None:
    """What a job is to go on with that is left now."""
    budget = _current.get()
    return budget.chain if budget is not None else None


@contextlib.contextmanager
def of_activity(chain: str, sender_host: str) -> Iterator[Budget]:
    """For what follows from one activity: the handler, and jobs that go on with its chain."""
    limits = (
        Limit(f"chain {hashlib.sha256(chain.encode()).hexdigest()}", CHAIN_DOCUMENTS, CHAIN_ACTORS, DAY),
        Limit(f"sender {family(sender_host)}", SENDER_DOCUMENTS, SENDER_ACTORS, HOUR),
    )
    budget = Budget(limits=limits, chain=f"{sender_host} {chain}")
    token = _current.set(budget)
    try:
        yield budget
    finally:
        _current.reset(token)


def of_chain(chain: str | None) -> contextlib.AbstractContextManager[Budget]:
    """For a job that goes on with what an activity began; for one of nobody's a budget of its own."""
    if chain is None:
        return contextlib.nullcontext(Budget())
    host, _, name = chain.partition(" ")
    return of_activity(name, host)


def of_thread(thread_id: int) -> Budget:
    limit = Limit(f"thread {thread_id}", THREAD_DOCUMENTS, THREAD_ACTORS, DAY)
    return Budget(documents=THREAD_DOCUMENTS, actors=THREAD_ACTORS, limits=(limit,), polite=True)


def of_profile(account_id: int) -> Budget:
    limit = Limit(f"profile {account_id}", PROFILE_DOCUMENTS, PROFILE_ACTORS, DAY)
    return Budget(documents=PROFILE_DOCUMENTS, actors=PROFILE_ACTORS, limits=(limit,), polite=True)


async def spend(fed: Fed, budget: Budget, host: str, *, actor: bool = False) -> None:
    """Count a document that is about to be fetched from a host. Raises Spent when there is nothing left."""
    if budget.documents <= 0 or (actor and budget.actors <= 0):
        raise Spent("too much would have to be fetched for this")
    if budget.ends is not None and time.monotonic() > budget.ends:
        raise Spent("it takes too long")
    budget.documents -= 1
    budget.actors -= actor
    limits = list(budget.limits)
    if budget.polite:
        limits.append(Limit(f"host {host}", HOST_DOCUMENTS, HOST_ACTORS, HOUR))
    if not limits:
        return
    async with fed.db.transaction() as conn:
        room = await fetch_budgets.spend(conn, limits, actor=actor)
    if not room:
        raise Spent(f"too much would have to be fetched from {host} for this")


async def meet(fed: Fed, host: str) -> None:
    """A host is about to be asked for something. Raises Crowded when we have met too many of its kind lately."""
    above = family(host)
    if host == above:
        return
    if host in _met(fed):
        return
    async with fed.db.read() as conn:
        if not await met_hosts.may_meet(conn, host, above):
            raise Crowded(f"too many new names below {above}", after=met_hosts.WINDOW_SECONDS / 6)


async def met(fed: Fed, host: str) -> None:
    """A host has answered."""
    above, known = family(host), _met(fed)
    if host == above or host in known:
        return
    async with fed.db.transaction() as conn:
        await met_hosts.met(conn, host, above)
    known[host] = True


def _met(fed: Fed) -> LRUCache[str, bool]:
    found: LRUCache[str, bool] = fed.kept("budgets.met", lambda: LRUCache(20_000))
    return found


def family(host: str) -> str:
    """The domain that a host was probably registered under: its last two labels, or three below names such as co.uk.
    Whoever is mistaken for a relative of others waits for an hour at worst."""
    name = host.lower().rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host.lower()
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        labels = name.split(".")
        many = 3 if len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3 else 2
        return ".".join(labels[-many:]) if len(labels) > many else name
    return host.lower()
