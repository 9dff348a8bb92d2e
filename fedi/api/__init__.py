"""The Mastodon client API: one module a resource, each with its `ROUTES`; here they are all of them."""

from fedi.api import (
    featured_tags,
    interactions,
    media,
    polls,
    preferences,
    profile,
    relationships,
    scheduled,
    statuses,
    suggestions,
    tags,
)
from fedi.http.endpoint import Endpoint

ROUTES: list[Endpoint] = [
    *interactions.ROUTES,
    *media.ROUTES,
    *polls.ROUTES,
    *scheduled.ROUTES,
    *statuses.ROUTES,
    *profile.ROUTES,
    *relationships.ROUTES,
    *preferences.ROUTES,
    *suggestions.ROUTES,
    *tags.ROUTES,
    *featured_tags.ROUTES,
]
