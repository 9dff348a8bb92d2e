"""Visitors give their address to read somebody's public posts by e-mail."""

import msgspec

from fedi import access, i18n
from fedi.http.endpoint import PUBLIC, Call, Endpoint, post
from fedi.services import subscriptions


class Params(msgspec.Struct, frozen=True, kw_only=True):
    email: str = ""


async def create(call: Call[Params]) -> None:
    """The answer is the same whether or not the address is known already."""
    async with call.read() as conn:
        person = await access.active_account(conn, None, call.id())
    locale = i18n.choose("", call.request.headers.get("accept-language", ""))
    await subscriptions.request(call.app, person.id, call.params.email, locale=locale)


ROUTES: list[Endpoint] = [
    post("/api/v1/accounts/:id/email_subscriptions", create, access=PUBLIC, params=Params, limit="subscribe")
]
