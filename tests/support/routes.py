"""The routes of the running server, for tests that walk through all of them."""

import re

from fedi.app import _routes
from fedi.http.endpoint import Endpoint

ROUTES: list[Endpoint] = list(_routes())
# What clients call with tokens.
API = [route for route in ROUTES if route.path.startswith(("/api/", "/oauth/userinfo"))]


def nameless(operation: str) -> str:
    """`METHOD /path/:`: parameters without their names."""
    return "/".join(":" if part.startswith(":") else part for part in operation.split("/"))


_BY_NAME = {nameless(f"{route.method} {route.path}"): route for route in ROUTES}


def find(operation: str) -> Endpoint | None:
    """The route of a `METHOD /path/:parameter`, whatever the parameter is called."""
    return _BY_NAME.get(nameless(re.sub(r"/nodeinfo/2\.\d$", "/nodeinfo/:version", operation)))
