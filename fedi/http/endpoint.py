"""One route: method, path, function, who may call it, what it takes. `Call` is what its function receives."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, Literal, TypeVar

import msgspec
from starlette.requests import Request

from fedi import errors
from fedi.context import App
from storage import ids
from storage.db import Conn
from storage.roles import Rank

P = TypeVar("P")
Kind = Literal["open", "public", "token", "user"]


class Access(msgspec.Struct, frozen=True):
    """Who may call a route. `scope` is what a token, where there is one, must hold; alternatives separated by `|`.

    open: tokens mean nothing here and are not looked at (pages, OAuth). public: anybody, but a token that is shown must
    hold the scope. token: any valid token, of an application or of somebody not confirmed yet too. user: a token of a
    person, whose role has all of `permissions` (see `fedi.roles`).
    """

    kind: Kind
    scope: str = ""
    permissions: int = 0


OPEN = Access("open")
PUBLIC = Access("public")
ANY_TOKEN = Access("token")
ANY_USER = Access("user")


def public(scope: str) -> Access:
    return Access("public", scope)


def user(scope: str) -> Access:
    return Access("user", scope)


def staff(scope: str, permissions: int) -> Access:
    return Access("user", scope, permissions)


class Viewer(msgspec.Struct, frozen=True):
    """Who a valid token or session speaks for. `user_id` and `account_id` are None for an application's own token."""

    token_id: int
    application_id: int
    scopes: frozenset[str]
    user_id: int | None = None
    account_id: int | None = None
    rank: Rank = Rank()
    locale: str = "en"


class User(msgspec.Struct, frozen=True):
    """A person acting as an account: what `call.user` gives. In a browser, on our own pages, without a token."""

    token_id: int | None
    application_id: int | None
    user_id: int
    account_id: int
    rank: Rank
    locale: str


class NoParams(msgspec.Struct, frozen=True):
    """For routes that take nothing."""


class Call(Generic[P]):
    """A request, checked and parsed."""

    __slots__ = ("_viewer", "app", "endpoint", "headers", "params", "path", "request", "status")

    def __init__(
        self, app: App, request: Request, endpoint: "Endpoint", path: dict[str, str], viewer: Viewer | None, params: P
    ) -> None:
        self.app = app
        self.request = request
        self.endpoint = endpoint
        self.path = path
        self.params = params
        self.headers: dict[str, str] = {}  # to be added to the answer
        self.status = 200  # of the answer
        self._viewer = viewer

    @property
    def token(self) -> Viewer | None:
        """Whoever shows a valid token, an application included."""
        return self._viewer

    @property
    def shown_token(self) -> str:
        """The token itself, as it was shown. We keep none of them."""
        return str(self.request.scope.get("fedi.token", ""))

    @property
    def viewer_id(self) -> int | None:
        """The account that looks, or None for the public."""
        return self._viewer.account_id if self._viewer else None

    @property
    def user(self) -> User:
        """The person acting. 401 without a token, 422 with an application's own token."""
        viewer = self._viewer
        if viewer is None:
            raise errors.Unauthorized
        if viewer.user_id is None or viewer.account_id is None:
            raise errors.Unprocessable("This method requires an authenticated user")
        return User(
            viewer.token_id,
            viewer.application_id,
            viewer.user_id,
            viewer.account_id,
            viewer.rank,
            viewer.locale,
        )

    def id(self, name: str = "id") -> int:
        """A path segment as an id; 404 when it cannot be one."""
        value = ids.parse(self.path[name])
        if value is None:
            raise errors.NotFound
        return value

    def read(self) -> AbstractAsyncContextManager[Conn]:
        return self.app.db.read()


Handler = Callable[[Call[Any]], Awaitable[Any]]  # Any: each handler has its own params struct and answer


class Endpoint(msgspec.Struct, frozen=True):
    """A row of `ROUTES`."""

    method: str
    path: str  # "/api/v1/statuses/:id/context"
    handler: Handler
    access: Access
    params: type[msgspec.Struct]
    limit: str  # family of the rate limit
    raw: bool  # the handler reads the body itself


def _endpoint(method: str) -> Callable[..., Endpoint]:
    def declare(
        path: str,
        handler: Handler,
        *,
        access: Access,
        params: type[msgspec.Struct] = NoParams,
        limit: str = "api",
        raw: bool = False,
    ) -> Endpoint:
        return Endpoint(method, path, handler, access, params, limit, raw)

    return declare


get = _endpoint("GET")
post = _endpoint("POST")
put = _endpoint("PUT")
patch = _endpoint("PATCH")
delete = _endpoint("DELETE")
