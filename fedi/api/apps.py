"""Applications: registering one, and asking what a token's is."""

import msgspec

from fedi import errors
from fedi.auth import oauth, vapid
from fedi.entities import application as entity
from fedi.http import scopes
from fedi.http.endpoint import ANY_TOKEN, PUBLIC, Call, Endpoint, NoParams, get, post
from storage import oauth as rows


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    client_name: str = ""
    redirect_uris: list[str] = []
    scopes: str = ""
    website: str | None = None


async def create(call: Call[Registration]) -> entity.CredentialApplication:
    params = call.params
    made = await oauth.register(
        call.app,
        name=params.client_name,
        redirect_uris=params.redirect_uris,
        scopes=params.scopes,
        website=params.website,
    )
    return entity.credentials(
        _parts(made.application),
        vapid_key=vapid.public_key(call.app),
        client_id=made.application.client_id,
        client_secret=made.client_secret,
    )


async def verify_credentials(call: Call[NoParams]) -> entity.Application:
    if call.token is None:
        raise errors.Unauthorized
    async with call.read() as conn:
        application = await rows.application_by_id(conn, call.token.application_id)
    if application is None:
        raise errors.NotFound
    return entity.build(_parts(application), vapid_key=vapid.public_key(call.app))


def _parts(application: rows.Application) -> entity.Parts:
    return entity.Parts(
        application.id,
        application.name,
        application.website,
        tuple(scopes.parse(application.scopes)),
        tuple(application.redirect_uris),
    )


ROUTES: list[Endpoint] = [
    post("/api/v1/apps", create, access=PUBLIC, params=Registration, limit="apps"),
    get("/api/v1/apps/verify_credentials", verify_credentials, access=ANY_TOKEN),
]
