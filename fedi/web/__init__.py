"""Server-rendered pages: complete without JavaScript, one module a topic, each with its `ROUTES`."""

from fedi.http.endpoint import Endpoint

ROUTES: list[Endpoint] = []
