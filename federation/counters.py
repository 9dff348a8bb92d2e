"""What this layer counts for /metrics. Labels hold outcomes only, never hosts or people."""

from prometheus_client import CollectorRegistry, Counter

REGISTRY = CollectorRegistry()

_deliveries = Counter("fedi_deliveries", "Attempts to deliver, by outcome", ("outcome",), registry=REGISTRY)
_inbox = Counter("fedi_inbox", "Inbox requests, by status", ("status",), registry=REGISTRY)


def delivery(outcome: str) -> None:
    _deliveries.labels(outcome).inc()


def inbox(status: int) -> None:
    _inbox.labels(str(status)).inc()
