"""Server-rendered pages: complete without JavaScript, one module a topic, each with its `ROUTES`."""

from fedi.http.endpoint import Endpoint
from fedi.web import auth, authorize, home, static

ROUTES: list[Endpoint] = [
    *home.ROUTES,
    *auth.ROUTES,
    *authorize.ROUTES,
    *static.ROUTES,
]
