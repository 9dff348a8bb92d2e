"""What other servers may GET and POST here."""

from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from federation.context import Fed

Handler = Callable[[Fed, Request, dict[str, str]], Awaitable[Response]]


class Route(msgspec.Struct, frozen=True):
    method: str
    path: str
    handler: Handler


def wants_activity(request: Request) -> bool:
    accept = request.headers.get("accept", "")
    return "application/activity+json" in accept or "application/ld+json" in accept


ROUTES: list[Route] = []
