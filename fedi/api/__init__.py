"""The Mastodon client API: one module a resource, each with its `ROUTES`; here they are all of them."""

from fedi.api import (
    apps,
    featured_tags,
    histories,
    interactions,
    media,
    oauth,
    polls,
    preferences,
    profile,
    relationships,
    scheduled,
    signup,
    statuses,
    suggestions,
    tags,
    timelines,
)
from fedi.http.endpoint import Endpoint

ROUTES: list[Endpoint] = [
    *apps.ROUTES,
    *oauth.ROUTES,
    *signup.ROUTES,
    *interactions.ROUTES,
    *media.ROUTES,
    *polls.ROUTES,
    *scheduled.ROUTES,
    *statuses.ROUTES,
    *histories.ROUTES,
    *profile.ROUTES,
    *relationships.ROUTES,
    *preferences.ROUTES,
    *suggestions.ROUTES,
    *tags.ROUTES,
    *timelines.ROUTES,
    *featured_tags.ROUTES,
]
