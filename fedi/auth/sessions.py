"""Browser sessions: a random cookie, renewed at every sign-in, of which we keep the hash."""

import ipaddress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from fedi.auth import secrets
from fedi.config import Settings
from fedi.context import App
from fedi.http.endpoint import Call
from storage import sessions, users
from storage.db import Conn

MAX_AGE_SECONDS = 400 * 86400  # the longest browsers keep


def cookie_name(settings: Settings, kind: str = "session") -> str:
    """With the `__Host-` prefix, which binds a cookie to this very host, wherever https makes that possible.

    Cookies know no ports, so on plain http the port is part of the name: several servers run on one localhost.
    """
    if settings.https:
        return f"__Host-fedi_{kind}"
    return f"fedi_{kind}_{urlsplit(settings.base_url).port or 80}"


async def current(call: Call[Any]) -> sessions.Session | None:
    """The session of the browser that asks."""
    secret = call.request.cookies.get(cookie_name(call.app.settings))
    if not secret:
        return None
    async with call.read() as conn:
        session = await sessions.by_hash(conn, secrets.hashed(secret))
        if session is not None and session.last_used_at < datetime.now(UTC) - sessions.TOUCH:
            await sessions.touch(conn, session.id, ip=address(call.request))
    return session


async def begin(conn: Conn, request: Request, user: users.User) -> str:
    """A new session; the value for its cookie. Whatever session the browser had before is another one's."""
    secret = secrets.new()
    agent = request.headers.get("user-agent", "")
    await sessions.create(
        conn, secrets.hashed(secret), user_id=user.id, epoch=user.epoch, ip=address(request), user_agent=agent
    )
    await users.signed_in(conn, user.id)
    return secret


def set_cookie(
    app: App, response: Response, value: str, *, kind: str = "session", max_age: int = MAX_AGE_SECONDS
) -> None:
    response.set_cookie(
        cookie_name(app.settings, kind),
        value,
        max_age=max_age,
        path="/",
        secure=app.settings.https,
        httponly=True,
        samesite="lax",
    )


def clear_cookie(app: App, response: Response) -> None:
    set_cookie(app, response, "", max_age=0)


def address(request: Request) -> str | None:
    """The caller's address, if it is one."""
    host = request.client.host if request.client else ""
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        return None
