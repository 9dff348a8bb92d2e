"""What other servers may GET and POST here: the table of it."""

from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from federation import discovery, documents, listings
from federation.context import Fed
from federation.inbox.receive import receive
from federation.serving import wants_activity

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


ROUTES: list[Route] = [
    Route("GET", "/.well-known/webfinger", discovery.answer_webfinger),
    Route("GET", "/.well-known/host-meta", discovery.host_meta),
    Route("GET", "/.well-known/host-meta.json", discovery.host_meta_json),
    Route("GET", "/.well-known/nodeinfo", discovery.nodeinfo_index),
    Route("GET", "/nodeinfo/:version", discovery.nodeinfo),
    Route("POST", "/inbox", shared_inbox),
    Route("POST", "/actor/inbox", shared_inbox),
    Route("POST", "/users/:username/inbox", inbox),
    Route("GET", "/", documents.instance_actor),
    Route("GET", "/actor", documents.instance_actor),
    Route("GET", "/actor/outbox", listings.instance_outbox),
    Route("GET", "/users/:username", documents.actor),
    Route("GET", "/@:username", documents.actor),
    Route("GET", "/users/:username/outbox", listings.outbox),
    Route("GET", "/users/:username/followers", listings.followers),
    Route("GET", "/users/:username/following", listings.following),
    Route("GET", "/users/:username/collections/featured", listings.featured),
    Route("GET", "/users/:username/statuses/:id", documents.status),
    Route("GET", "/@:username/:id", documents.status),
    Route("GET", "/users/:username/statuses/:id/activity", documents.status_activity),
    Route("GET", "/users/:username/statuses/:id/replies", listings.replies),
    Route("GET", "/users/:username/statuses/:id/likes", listings.likes),
    Route("GET", "/users/:username/statuses/:id/shares", listings.shares),
    Route("GET", "/contexts/:id", listings.context),
    Route("GET", "/emojis/:id", documents.emoji),
]
