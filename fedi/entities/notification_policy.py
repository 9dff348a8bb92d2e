"""NotificationPolicy, first and second version: whose notifications a person wants."""

from msgspec import Struct

from storage.notification_policies import Policy


class Summary(Struct, frozen=True):
    pending_requests_count: int
    pending_notifications_count: int


class NotificationPolicy(Struct, frozen=True):
    """Each is accept, filter or drop."""

    for_not_following: str
    for_not_followers: str
    for_new_accounts: str
    for_private_mentions: str
    for_limited_accounts: str
    for_bots: str
    summary: Summary


class V1NotificationPolicy(Struct, frozen=True):
    """Knows only whether there is a limit."""

    filter_not_following: bool
    filter_not_followers: bool
    filter_new_accounts: bool
    filter_private_mentions: bool
    summary: Summary


def build(policy: Policy, pending: tuple[int, int]) -> NotificationPolicy:
    return NotificationPolicy(
        for_not_following=policy.for_not_following,
        for_not_followers=policy.for_not_followers,
        for_new_accounts=policy.for_new_accounts,
        for_private_mentions=policy.for_private_mentions,
        for_limited_accounts=policy.for_limited_accounts,
        for_bots=policy.for_bots,
        summary=Summary(*pending),
    )


def v1(policy: Policy, pending: tuple[int, int]) -> V1NotificationPolicy:
    return V1NotificationPolicy(
        filter_not_following=policy.for_not_following != "accept",
        filter_not_followers=policy.for_not_followers != "accept",
        filter_new_accounts=policy.for_new_accounts != "accept",
        filter_private_mentions=policy.for_private_mentions != "accept",
        summary=Summary(*pending),
    )
