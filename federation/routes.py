"""What other servers may GET and POST here: the table of it."""

from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from federation import discovery, documents, featured, granted, listings, reactions, relays
from federation.context import Fed
from federation.inbox.receive import receive
from federation.serving import Unsigned, conditional, unsigned, wants_activity

__all__ = ["ROUTES", "Handler", "Route", "wants_activity"]

Handler = Callable[[Fed, Request, dict[str, str]], Awaitable[Response]]


class Route(msgspec.Struct, frozen=True):
    """A path with `:name` for what varies. Where a page has the same path, `wants_activity` decides."""

    method: str
    path: str
    handler: Handler


async def shared_inbox(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    """The instance actor's own inbox, too: what is addressed to it is for the whole server."""
    return await receive(fed, request, None)


async def inbox(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    return await receive(fed, request, path["username"])


def _get(path: str, handler: Handler) -> Route:
    """A document for everybody, that can be asked for conditionally."""

    async def answer(fed: Fed, request: Request, values: dict[str, str]) -> Response:
        return conditional(request, await handler(fed, request, values))

    return Route("GET", path, answer)


def _guarded(path: str, handler: Handler) -> Route:
    """A document that the operator may want to show to signed requests only."""

    async def answer(fed: Fed, request: Request, values: dict[str, str]) -> Response:
        try:
            response = await handler(fed, request, values)
        except Unsigned:
            return unsigned()
        if fed.site.asks_who:
            # Whoever is between us would answer everybody with what was meant for one.
            response.headers["Cache-Control"] = "private, no-store"
        return conditional(request, response)

    return Route("GET", path, answer)


ROUTES: list[Route] = [
    _get("/.well-known/webfinger", discovery.answer_webfinger),
    _get("/.well-known/host-meta", discovery.host_meta),
    _get("/.well-known/host-meta.json", discovery.host_meta_json),
    _get("/.well-known/nodeinfo", discovery.nodeinfo_index),
    _get("/nodeinfo/:version", discovery.nodeinfo),
    Route("POST", "/inbox", shared_inbox),
    Route("POST", "/actor/inbox", shared_inbox),
    Route("POST", "/users/:username/inbox", inbox),
    _get("/", documents.instance_actor),
    _get("/actor", documents.instance_actor),
    _get("/actor/outbox", listings.instance_outbox),
    _guarded("/actor/announces/:id", relays.announcement),
    _guarded("/users/:username", documents.actor),
    _guarded("/@:username", documents.actor),
    _guarded("/users/:username/outbox", listings.outbox),
    _guarded("/users/:username/followers", listings.followers),
    _guarded("/users/:username/followers_synchronization", listings.followers_synchronization),
    _guarded("/users/:username/following", listings.following),
    _guarded("/users/:username/collections/featured", listings.featured),
    _guarded("/users/:username/collections/tags", listings.tags),
    _guarded("/users/:username/statuses/:id", documents.status),
    _guarded("/@:username/:id", documents.status),
    _guarded("/users/:username/statuses/:id/activity", documents.status_activity),
    _guarded("/users/:username/statuses/:id/replies", reactions.replies),
    _guarded("/users/:username/statuses/:id/likes", reactions.likes),
    _guarded("/users/:username/statuses/:id/shares", reactions.shares),
    _guarded("/users/:username/quote_authorizations/:id", documents.quote_authorization),
    _guarded("/users/:username/authorizations/:id", granted.interaction_stamp),
    _guarded("/users/:username/featured_collections", featured.listing),
    _guarded("/users/:username/featured_collections/:id", featured.collection),
    _guarded("/users/:username/featured_collections/:id/items/:item_id", featured.item),
    _guarded("/users/:username/feature_authorizations/:id", featured.authorization),
    _guarded("/collections/:id", featured.page),
    _guarded("/contexts/:id", reactions.context),
    _get("/emojis/:id", documents.emoji),
]
