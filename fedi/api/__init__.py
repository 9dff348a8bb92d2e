"""The Mastodon client API: one module a resource, each with its `ROUTES`; here they are all of them."""

from fedi.http.endpoint import Endpoint

ROUTES: list[Endpoint] = []
