"""Notices that clients want pushed become jobs; subscriptions end with their tokens and accounts."""

from collections.abc import Iterable

from fedi.effects.context import Context
from storage import events, jobs, push_subscriptions

JOB = "push"
# A queue of its own: a push service that does not answer delays nothing else.
QUEUE = "push"


async def notices(ctx: Context, notification_ids: Iterable[int]) -> None:
    """New notifications: a job for each subscription that wants to hear of one."""
    wanted = list(notification_ids)
    found = await push_subscriptions.due(ctx.conn, wanted) if wanted else []
    await jobs.enqueue_many(
        ctx.conn,
        JOB,
        [{"subscription_id": each.subscription_id, "notification_id": each.notification_id} for each in found],
        queue=QUEUE,
        # Hosts take turns; one that fails holds up no more than its own message.
        lanes=[f"push://{_host(each)}/{each.subscription_id}/{each.notification_id}" for each in found],
    )


def _host(due: push_subscriptions.Due) -> str:
    return due.endpoint.split("/", 3)[2]


async def revoked(ctx: Context, event: events.TokensRevoked) -> None:
    await push_subscriptions.end(ctx.conn, event.token_ids)


async def suspended(ctx: Context, event: events.AccountSuspended) -> None:
    await push_subscriptions.end_all(ctx.conn, event.account_id)
