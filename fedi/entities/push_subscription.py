"""WebPushSubscription, and the message that is pushed."""

from collections.abc import Collection

from msgspec import Struct

ALERTS = (
    "mention", "status", "reblog", "follow", "follow_request", "favourite", "poll", "update", "quote",
    "quoted_update", "added_to_collection", "collection_update", "admin.sign_up", "admin.report",
)  # fmt: skip
"""Types of notifications that can be asked for."""


class WebPushSubscription(Struct, frozen=True):
    """The one entity whose id is a number: clients refuse a string."""

    id: int
    endpoint: str
    standard: bool
    alerts: dict[str, bool]
    server_key: str
    policy: str


class Message(Struct, frozen=True):
    """What the client finds when it has decrypted a push. `access_token` tells it whose notice it is."""

    access_token: str
    preferred_locale: str
    notification_id: int
    notification_type: str
    icon: str
    title: str
    body: str


def build(
    subscription_id: int, *, endpoint: str, standard: bool, alerts: Collection[str], policy: str, server_key: str
) -> WebPushSubscription:
    """Every alert is answered, since some clients fail without those they asked for."""
    return WebPushSubscription(
        subscription_id, endpoint, standard, {name: name in alerts for name in ALERTS}, server_key, policy
    )
