"""Who may put an account into a collection: of people here it follows from their profile, of others from their server.

People here never decide one by one: whoever wants to be found may be recommended, by their followers only if they
approve of these first. The bits are those of `quote_policies`.
"""

from typing import Literal

from storage.accounts import Account
from storage.quote_policies import FOLLOWERS, FOLLOWING, NOBODY, PUBLIC, Policy, Standing, judged

Verdict = Literal["automatic", "manual", "denied", "unknown", "missing"]

# Whether it takes more than the account itself to tell.
DEPENDS = FOLLOWERS | FOLLOWING


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
    return judged(policy.automatic, policy.manual, standing)
