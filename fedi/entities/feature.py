"""Who may put an account into a collection, as one viewer is told."""

import msgspec

from fedi.entities import quote
from fedi.entities.account import Account, Approval
from storage import feature_policies, quote_policies
from storage.quote_policies import Policy, Standing


def approval(policy: Policy, standing: Standing | None) -> Approval:
    """`standing`: None for the public."""
    automatic = quote_policies.NOBODY if policy.automatic is None else policy.automatic
    verdict = "denied" if standing is None else feature_policies.verdict(policy, standing)
    return Approval(quote.names(automatic), quote.names(policy.manual), verdict)


def told(account: Account, policy: Policy, standing: Standing | None) -> Account:
    """The account as somebody sees it who stands so to it."""
    if standing is None or account.suspended is True:
        return account
    return msgspec.structs.replace(account, feature_approval=approval(policy, standing))
