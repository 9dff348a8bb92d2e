"""From a request to its endpoint and back: find, authenticate, check the scope, count against a limit, parse, call.

Routes form a tree of path segments, so finding one costs the same for ten routes and for five hundred. A literal
segment wins over a parameter. Trailing slashes are valid everywhere and never redirect.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import unquote

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from fedi import errors
from fedi.context import App
from fedi.http import params, validators
from fedi.http.endpoint import PUBLIC, Call, Endpoint, Viewer
from fedi.http.limits import UPLOADS, Limits
from fedi.http.scopes import covers
from storage import blobs, outages
from storage.db import patience
from storage.errors import Away, Conflict, Deadlock, Missing, OutOfRange, StorageError

log = logging.getLogger("fedi.http")

JSON = "application/json; charset=utf-8"
# Whoever waits is told to come back when the database does not answer for so long.
PATIENCE_SECONDS = 5.0
DEADLOCKS = 3  # as often somebody may be in another's way and begin again

# The viewer of a token; None for one nobody knows; `Unauthorized` for one that was revoked, `Forbidden` for a person
# who may not use it now. The last argument lets those through who are not confirmed or approved yet.
Authenticate = Callable[[App, str, bool], Awaitable[Viewer | None]]


# A problem as somebody in front of a browser should see it; None for whoever wants JSON.
Explain = Callable[[App, Request, errors.Problem], Response | None]


class Node:
    """One path segment: its literal children, its parameter children, and the endpoints that end here by method.

    `handle` is the child for `@:name`, a parameter behind an at sign.
    """

    __slots__ = ("children", "endpoints", "handle", "parameter")

    def __init__(self) -> None:
        self.children: dict[str, Node] = {}
        self.parameter: Node | None = None
        self.handle: Node | None = None
        self.endpoints: dict[str, tuple[Endpoint, tuple[str, ...]]] = {}


def _add(root: Node, endpoint: Endpoint) -> None:
    node, names = root, list[str]()
    for segment in endpoint.path.strip("/").split("/"):
        if segment.startswith(":"):
            names.append(segment[1:])
            if node.parameter is None:
                node.parameter = Node()
            node = node.parameter
        elif segment.startswith("@:"):
            names.append(segment[2:])
            if node.handle is None:
                node.handle = Node()
            node = node.handle
        else:
            node = node.children.setdefault(segment, Node())
    if endpoint.method in node.endpoints:
        raise ValueError(f"{endpoint.method} {endpoint.path} is declared twice")
    node.endpoints[endpoint.method] = (endpoint, tuple(names))


def tree(routes: Iterable[Endpoint]) -> Node:
    """The root of all routes; ValueError if two answer the same."""
    root = Node()
    for endpoint in routes:
        _add(root, endpoint)
    return root


class Router:
    """An ASGI app over the `tree` of `ROUTES`."""

    def __init__(self, app: App, root: Node, authenticate: Authenticate, *, limits: Limits, explain: Explain) -> None:
        self._app = app
        self._authenticate = authenticate
        self._limits = limits
        self._explain = explain
        self._root = root

    def find(self, path: str) -> tuple[Node, list[str]] | None:
        """The node of a raw (still percent-encoded) path and the values of its parameters. Nothing is named with a NUL,
        which no text in the database can hold."""
        if "%00" in path or "\0" in path:
            return None
        return _walk(self._root, path.strip("/").split("/"), 0, [])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            scope["query_string"].decode()
        except UnicodeDecodeError:
            await _problem(errors.BadRequest("The address is not valid Unicode"))(scope, receive, send)
            return
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        found = self.find(raw.decode("latin-1").partition("?")[0])
        if found is None or not found[0].endpoints:
            await self._refused(Request(scope, receive), errors.NotFound())(scope, receive, send)
            return
        node, values = found
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        match = node.endpoints.get(method)
        if match is None:
            problem = errors.MethodNotAllowed("Method not allowed", headers={"Allow": ", ".join(node.endpoints)})
            await self._refused(Request(scope, receive), problem)(scope, receive, send)
            return
        endpoint, names = match
        request = Request(scope, receive)
        scope["fedi.route"] = endpoint.path
        waiting = patience.set(PATIENCE_SECONDS)
        try:
            response = await self._answer(request, endpoint, dict(zip(names, values, strict=True)))
        finally:
            patience.reset(waiting)
            await params.close(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request, endpoint: Endpoint, path: dict[str, str]) -> Response:
        call: Call[Any] | None = None
        try:
            tree: params.Tree | None = None
            token = None if endpoint.access.kind == "open" else _token(request)
            if token is None:
                # Before anything is read: who shows nothing costs as little as possible.
                request.scope["fedi.limits"] = self._limits.count(request, endpoint, None)
                if _may_be_in_form(request, endpoint):
                    tree = await params.read(request, max_bytes=self._app.settings.request_max_bytes)
                    token = tree.get("access_token") if isinstance(tree.get("access_token"), str) else None
            if token is not None:
                await self._identify(request, endpoint, token)
            viewer: Viewer | None = request.scope.get("fedi.viewer")
            _check_access(endpoint, viewer)
            if tree is None:
                tree = {} if endpoint.raw else await params.read(request, max_bytes=_max_body(self._app, endpoint))
            given = params.build(endpoint.params, _bounded(tree, self._app.settings.page_max))
            call = Call(self._app, request, endpoint, path, viewer, given)
            response = _encode(await _handled(call), call)
            response.headers.update(call.headers)
        except Exception as exc:  # noqa: BLE001 (logged and answered there)
            response = self._refused(request, _as_problem(exc, request))
        for name, value in request.scope.get("fedi.limits", {}).items():
            response.headers.setdefault(name, value)
        response.headers["Cache-Control"] = _caching(request, response)
        response.headers.add_vary_header("Authorization")
        response.headers.add_vary_header("Origin")
        return validators.conditional(request, response)

    async def _identify(self, request: Request, endpoint: Endpoint, token: str) -> None:
        """Find out who shows the token and count the call against them, or against their address if it is no good."""
        viewer = None
        try:
            viewer = await self._authenticate(self._app, token, endpoint.access.kind == "token")
        finally:
            request.scope["fedi.limits"] = self._limits.count(request, endpoint, viewer)
        request.scope["fedi.viewer"] = viewer
        request.scope["fedi.token"] = token

    def _refused(self, request: Request, problem: errors.Problem) -> Response:
        """As a page for a browser, as JSON for everything else."""
        response = self._explain(self._app, request, problem) or _problem(problem)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response


def _walk(node: Node, segments: list[str], index: int, values: list[str]) -> tuple[Node, list[str]] | None:
    if index == len(segments):
        return (node, values) if node.endpoints else None
    segment = unquote(segments[index])
    child = node.children.get(segment)
    if child is not None:
        found = _walk(child, segments, index + 1, values)
        if found is not None:
            return found
    if node.handle is not None and segment.startswith("@") and len(segment) > 1:
        found = _walk(node.handle, segments, index + 1, [*values, segment[1:]])
        if found is not None:
            return found
    if node.parameter is not None and segment:
        return _walk(node.parameter, segments, index + 1, [*values, segment])
    return None


def _may_be_in_form(request: Request, endpoint: Endpoint) -> bool:
    """Some clients put the token into the form itself (RFC 6750 section 2.2)."""
    return (
        endpoint.access.kind != "open"
        and endpoint.access is not PUBLIC
        and not endpoint.raw
        and request.method != "GET"
    )


def _token(request: Request) -> str | None:
    """The bearer token of the header or of the query."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return value.strip()
    return request.query_params.get("access_token") or None


def _max_body(app: App, endpoint: Endpoint) -> int:
    files: list[int] = [getattr(app.settings, name) for name in UPLOADS.get(endpoint.limit, ())]
    return app.settings.request_max_bytes + sum(files)


def _bounded(tree: params.Tree, page_max: int) -> params.Tree:
    """No page is larger than the operator wants."""
    limit = tree.get("limit")
    if not isinstance(limit, (int, str)) or not re.fullmatch("-?[0-9]{1,9}", str(limit)) or abs(int(limit)) <= page_max:
        return tree
    return {**tree, "limit": page_max}


def _check_access(endpoint: Endpoint, viewer: Viewer | None) -> None:
    access = endpoint.access
    if viewer is None:
        if access.kind not in ("public", "open"):
            raise errors.Unauthorized
        return
    if access.scope and not covers(viewer.scopes, access.scope):
        raise errors.Forbidden("This action is outside the authorized scopes")
    if access.kind == "user" and viewer.account_id is None:
        raise errors.Unprocessable("This method requires an authenticated user")
    if access.permissions and not viewer.rank.may(access.permissions):
        raise errors.Forbidden


def _caching(request: Request, response: Response) -> str:
    """What is for everybody is kept for somebody who shows a token by their own browser alone."""
    given: str | None = response.headers.get("cache-control")
    if given is not None:
        return given if "fedi.token" not in request.scope else given.replace("public", "private")
    if request.scope.get("fedi.viewer") is None and request.method == "GET" and response.status_code == 200:
        return "public, max-age=15, stale-while-revalidate=30"
    return "private, no-store"


async def _handled(call: Call[Any]) -> Any:
    """What the handler answers, to be encoded. One that was ended so that another could go on has changed nothing, and
    is run again; not if it has read the request itself, which comes only once."""
    for _ in range(DEADLOCKS if not call.endpoint.raw else 0):
        try:
            return await call.endpoint.handler(call)
        except Deadlock:
            log.info("%s begins again after a deadlock", call.endpoint.path)
    return await call.endpoint.handler(call)


def _encode(value: Any, call: Call[Any]) -> Response:
    if isinstance(value, Response):
        return value
    body = b"{}" if value is None else msgspec.json.encode(value)
    return Response(body, status_code=call.status, media_type=JSON)


def _problem(problem: errors.Problem) -> Response:
    body = msgspec.json.encode({"error": problem.message, **problem.extra})
    return Response(body, status_code=problem.status, media_type=JSON, headers=problem.headers)


def _as_problem(exc: Exception, request: Request) -> errors.Problem:
    """The one place where exceptions become answers."""
    match exc:
        case errors.Problem():
            return exc
        case Missing():
            return errors.NotFound()
        case Conflict():
            return errors.Invalid(str(exc))
        case StorageError():
            return errors.Unprocessable(str(exc))
        case _ if isinstance(exc, OutOfRange):
            # The last resort for text or numbers that Postgres cannot hold; each is a missing check somewhere.
            log.warning("the database refused a value", exc_info=exc)
            return errors.Unprocessable("Validation failed: a value is out of range")
        case OSError() if exc.errno in blobs.FULL:
            log.error("%s %s: no room is left for files", request.method, request.url.path, exc_info=exc)
            return errors.NoRoom("There is no room left for files on this server")
        case ClientDisconnect():
            return errors.BadRequest("The request ended early")
        case _ if isinstance(exc, Away):
            words, trace = outages.words(exc), outages.trace(exc)
            log.error("%s %s: not available: %s", request.method, request.url.path, words, exc_info=trace)
            return errors.Unavailable("Try again in a moment", headers={"Retry-After": "5"})
        case _:
            log.error("%s %s failed", request.method, request.url.path, exc_info=exc)
            return errors.Problem("Something went wrong on our side")
