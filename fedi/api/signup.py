"""Joining from within an app: the account, and the mail that confirms its address."""

import msgspec

from fedi import errors
from fedi.auth import sessions, tokens
from fedi.entities import application as entity
from fedi.http import scopes
from fedi.http.endpoint import Access, Call, Endpoint, NoParams, get, post
from fedi.services import signup
from storage import oauth, users

# An application's own token will do, and that of a person who is not confirmed yet.
APPLICATION = Access("token", "write:accounts")


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    email: str | None = None


async def create(call: Call[signup.Form]) -> entity.Token:
    if call.token is None:
        raise errors.Unauthorized
    joined = await signup.sign_up(call.app, call.params, ip=sessions.address(call.request))
    async with call.app.db.transaction() as conn:
        application = await oauth.application_by_id(conn, call.token.application_id)
        if application is None:
            raise errors.Unauthorized
        issued = await tokens.create(
            conn,
            application_id=application.id,
            user_id=joined.user_id,
            account_id=joined.account_id,
            scopes=scopes.parse(application.scopes),
        )
    return entity.token(issued.secret, issued.scopes, issued.created_at)


async def resend_confirmation(call: Call[Confirmation]) -> None:
    async with call.read() as conn:
        person = await users.by_id(conn, call.user.user_id)
    if person is None:
        raise errors.NotFound
    if person.confirmed_at is not None:
        raise errors.Forbidden("This method is only available while the e-mail is awaiting confirmation")
    await signup.send_confirmation(call.app, person, call.params.email or None, ip=sessions.address(call.request))


async def check_confirmation(call: Call[NoParams]) -> bool:
    """Whether the address is confirmed; apps ask while they wait for it."""
    async with call.read() as conn:
        person = await users.by_id(conn, call.user.user_id)
    return person is not None and person.confirmed_at is not None


ROUTES: list[Endpoint] = [
    post("/api/v1/accounts", create, access=APPLICATION, params=signup.Form, limit="sign_up"),
    post("/api/v1/emails/confirmations", resend_confirmation, access=APPLICATION, params=Confirmation, limit="reset"),
    get("/api/v1/emails/check_confirmation", check_confirmation, access=Access("token", "read:accounts")),
]
