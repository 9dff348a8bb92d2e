"""Access tokens: issuing one, and saying who stands behind one that is shown."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from fedi import errors
from fedi.auth import secrets
from fedi.context import App
from fedi.http import scopes as known
from fedi.http.endpoint import Viewer
from storage import oauth
from storage.db import Conn
from storage.roles import Rank

# What the command line issues tokens as. Nobody knows its secret and it has no address to redirect to.
INTERNAL_CLIENT_ID = "internal"
# How exact `last_used_at` is: a request need not write.
TOUCH = timedelta(hours=12)


async def authenticate(app: App, token: str, waiting: bool = False) -> Viewer | None:
    """Who a token speaks for; None when nobody knows it.

    Raises Unauthorized when it has ended, Forbidden when the login may not be used now. With `waiting`, a person whose
    address or application is not confirmed yet is let through.
    """
    async with app.db.read() as conn:
        row = await oauth.token(conn, secrets.hashed(token))
        if row is None:
            return None
        if row.revoked:
            raise errors.Unauthorized("The access token was revoked")
        _check_standing(row, waiting)
        if row.last_used_at is None or row.last_used_at < datetime.now(UTC) - TOUCH:
            await oauth.touch(conn, row.id)
    return Viewer(
        token_id=row.id,
        application_id=row.application_id,
        scopes=frozenset(known.parse(row.scopes)),
        user_id=row.user_id,
        account_id=row.account_id,
        rank=Rank() if row.position is None or row.permissions is None else Rank(row.position, row.permissions),
        locale=row.locale or "en",
    )


def _check_standing(row: oauth.Token, waiting: bool) -> None:
    """The messages are Mastodon's: clients look for them."""
    if row.user_id is None:
        return
    if row.disabled or row.suspended:
        raise errors.Forbidden("Your login is currently disabled")
    if not waiting and not row.confirmed:
        raise errors.Forbidden("Your login is missing a confirmed e-mail address")
    if not waiting and not row.approved:
        raise errors.Forbidden("Your login is currently pending approval")


async def mint(conn: Conn, *, user_id: int, account_id: int, scopes: str) -> str:
    """The secret of a new access token of the operator's making."""
    application_id = await internal_application(conn)
    made = await create(
        conn, application_id=application_id, user_id=user_id, account_id=account_id, scopes=known.parse(scopes)
    )
    return made.secret


class Issued(msgspec.Struct, frozen=True):
    """A token at its birth: the only moment its secret is known."""

    id: int
    secret: str
    scopes: tuple[str, ...]
    created_at: datetime


async def create(
    conn: Conn, *, application_id: int, user_id: int | None, account_id: int | None, scopes: Sequence[str]
) -> Issued:
    secret = secrets.new()
    token_id, created_at = await oauth.create_token(
        conn,
        secrets.hashed(secret),
        application_id=application_id,
        user_id=user_id,
        account_id=account_id,
        scopes=" ".join(scopes),
    )
    return Issued(token_id, secret, tuple(scopes), created_at)


async def internal_application(conn: Conn) -> int:
    application = await oauth.application(conn, INTERNAL_CLIENT_ID)
    if application is None:
        application = await oauth.create_application(
            conn,
            client_id=INTERNAL_CLIENT_ID,
            secret_hash=secrets.hashed(secrets.new()),
            name="Command line",
            website=None,
            redirect_uris=[],
            scopes=" ".join(sorted(known.ALL)),
        )
    return application.id
