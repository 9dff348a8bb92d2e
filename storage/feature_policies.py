"""Who may put an account into a collection: of people here it follows from their profile, of others from their server.

People here never decide one by one: whoever wants to be found may be recommended, by their followers only if they
approve of these first. The bits are those of `quote_policies`.
"""

from typing import Literal

from storage import blocks, domain_blocks, quote_policies
from storage.accounts import Account
from storage.db import Conn
from storage.quote_policies import FOLLOWERS, NOBODY, PUBLIC, Policy, Standing

Verdict = Literal["automatic", "manual", "denied", "unknown", "missing"]


def of(account: Account) -> Policy:
    """`automatic` is None where a server says nothing about collections."""
    if not account.is_local:
        return Policy(account.feature_automatic, account.feature_manual)
    if not account.discoverable:
        return Policy(NOBODY)
    return Policy(FOLLOWERS if account.locked else PUBLIC)


def verdict(policy: Policy, standing: Standing) -> Verdict:
    """Whoever says nothing has agreed to nothing; whoever wants to be in none is not in their own either."""
    if policy.automatic is None:
        return "missing"
    if standing.own and policy.automatic | policy.manual:
        return "automatic"
    return quote_policies.judged(policy.automatic, policy.manual, standing)


async def judged(conn: Conn, person: Account, *, by: Account) -> Verdict:
    """What comes to whoever wants to put somebody into a collection: nothing where one has blocked the other."""
    for one, other in ((person, by), (by, person)):
        if await blocks.exists(conn, one.id, other.id):
            return "denied"
        if not other.is_local and await domain_blocks.exists(conn, one.id, other.domain):
            return "denied"
    return verdict(of(person), await quote_policies.standing(conn, by.id, person.id))
