"""What its author and the staff are told about the way of a post to other servers."""

from msgspec import Struct

from fedi.entities import dates
from storage import hosts, ledger


class Delivery(Struct, frozen=True):
    """One inbox, and how it fares. `next_at`: when it is asked again, while it waits."""

    id: str
    server: str
    inbox: str
    activity: str
    state: str
    attempts: int
    status: int | None
    error: str | None
    next_at: str | None
    delivered_at: str | None
    created_at: str


class Deliveries(Struct, frozen=True):
    """Of one post: how many are in each state, and a page of them."""

    counts: ledger.Counts
    deliveries: list[Delivery]


class DeliveryHost(Struct, frozen=True):
    """Another server as deliveries see it."""

    server: str
    waiting: int
    oldest_at: str | None
    failures: int
    failing_since: str | None
    next_at: str | None
    error: str | None
    last_ok_at: str | None
    last_seen_at: str | None


def delivery(entry: ledger.Entry) -> Delivery:
    return Delivery(
        id=str(entry.id),
        server=entry.host,
        inbox=entry.inbox,
        activity=entry.type,
        state=entry.state,
        attempts=entry.attempts,
        status=entry.last_status,
        error=entry.last_error,
        next_at=dates.optional(entry.next_at),
        delivered_at=dates.optional(entry.delivered_at),
        created_at=dates.timestamp(entry.created_at),
    )


def host(queue: hosts.Queue) -> DeliveryHost:
    return DeliveryHost(
        server=queue.host,
        waiting=queue.waiting,
        oldest_at=dates.optional(queue.oldest_at),
        failures=queue.failures,
        failing_since=dates.optional(queue.failing_since),
        next_at=dates.optional(queue.next_at),
        error=queue.last_error,
        last_ok_at=dates.optional(queue.last_ok_at),
        last_seen_at=dates.optional(queue.last_seen_at),
    )
