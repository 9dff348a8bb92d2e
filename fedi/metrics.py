"""What /metrics shows, and the functions that count it. Labels hold route patterns and names, never people or hosts."""

from prometheus_client import Gauge, Histogram, generate_latest

from federation.counters import REGISTRY
from storage import deliveries, jobs
from storage.db import Database

_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

_requests = Histogram(
    "fedi_request_seconds", "Requests by route and status", ("method", "route", "status"),
    registry=REGISTRY, buckets=_BUCKETS,
)  # fmt: skip
_jobs = Histogram(
    "fedi_job_seconds", "Jobs and events by name and outcome", ("name", "outcome"), registry=REGISTRY, buckets=_BUCKETS
)
_streams = Gauge("fedi_streams", "Open streaming connections", registry=REGISTRY)
_queue = Gauge("fedi_queue_due", "Jobs that are due, by queue", ("queue",), registry=REGISTRY)
_waiting = Gauge("fedi_deliveries_waiting", "Deliveries that are still to be made", registry=REGISTRY)
_queue_age = Gauge("fedi_queue_age_seconds", "Age of the oldest due job, by queue", ("queue",), registry=REGISTRY)


def request(method: str, route: str, status: int, seconds: float) -> None:
    _requests.labels(method, route, str(status)).observe(seconds)


def job(name: str, seconds: float, outcome: str) -> None:
    _jobs.labels(name, outcome).observe(seconds)


def streams(open_now: int) -> None:
    _streams.set(open_now)


def queues(waiting: dict[str, tuple[int, float]]) -> None:
    """Set the queue gauges from `storage.jobs.waiting`."""
    for queue in ("event", "inbox", "network", "push", "slow", "media"):
        due, age = waiting.get(queue, (0, 0.0))
        _queue.labels(queue).set(due)
        _queue_age.labels(queue).set(age)


async def collect(db: Database) -> bytes:
    """The Prometheus text format, with the queues as they are now."""
    async with db.read() as conn:
        queues(await jobs.waiting(conn))
        _waiting.set(await deliveries.waiting(conn))
    return generate_latest(REGISTRY)
