"""The API of the staff: one module a resource, here all of them. A route names its scope and its permission."""

from fedi.api.admin import (
    accounts,
    canonical_email_blocks,
    domain_allows,
    domain_blocks,
    email_domain_blocks,
    ip_blocks,
    metrics,
    reports,
    tags,
    traffic,
    trends,
)
from fedi.http.endpoint import Endpoint

ROUTES: list[Endpoint] = [
    *accounts.ROUTES,
    *reports.ROUTES,
    *domain_allows.ROUTES,
    *domain_blocks.ROUTES,
    *email_domain_blocks.ROUTES,
    *canonical_email_blocks.ROUTES,
    *ip_blocks.ROUTES,
    *metrics.ROUTES,
    *tags.ROUTES,
    *trends.ROUTES,
    *traffic.ROUTES,
]
