"""The OAuth endpoints that clients call themselves; the pages a person sees are `fedi/web/authorize.py`."""

import msgspec

from fedi import entities, errors
from fedi.auth import oauth
from fedi.entities import application as entity
from fedi.http import scopes
from fedi.http.endpoint import OPEN, Call, Endpoint, NoParams, get, post, user
from storage import accounts


class Revocation(msgspec.Struct, frozen=True, kw_only=True):
    client_id: str | None = None
    client_secret: str | None = None
    token: str = ""


class UserInfo(msgspec.Struct, frozen=True):
    """https://openid.net/specs/openid-connect-core-1_0.html#UserInfo"""

    iss: str
    sub: str
    name: str
    preferred_username: str
    profile: str
    picture: str


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 8414, with Mastodon's `app_registration_endpoint`."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    revocation_endpoint: str
    userinfo_endpoint: str
    scopes_supported: list[str]
    response_types_supported: list[str]
    response_modes_supported: list[str]
    grant_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    code_challenge_methods_supported: list[str]
    service_documentation: str
    app_registration_endpoint: str


async def token(call: Call[oauth.Exchange]) -> entity.Token:
    issued = await oauth.exchange(call.app, call.params, call.request.headers.get("authorization"))
    call.headers["Cache-Control"] = "no-store"
    return entity.token(issued.secret, issued.scopes, issued.created_at)


async def revoke(call: Call[Revocation]) -> None:
    params = call.params
    await oauth.revoke(
        call.app,
        client_id=params.client_id,
        client_secret=params.client_secret,
        token=params.token,
        authorization=call.request.headers.get("authorization"),
    )


async def userinfo(call: Call[NoParams]) -> UserInfo:
    async with call.read() as conn:
        account = await accounts.by_id(conn, call.user.account_id)
        if account is None:
            raise errors.NotFound
        shown = await entities.account(call.app, conn, account.id)
    return UserInfo(
        iss=f"{call.app.settings.base_url}/",
        sub=account.uri,
        name=account.display_name or account.username,
        preferred_username=account.username,
        profile=account.url,
        picture=shown.avatar,
    )


async def metadata(call: Call[NoParams]) -> Metadata:
    base = call.app.settings.base_url
    call.headers["Cache-Control"] = "public, max-age=300"
    return Metadata(
        issuer=f"{base}/",
        authorization_endpoint=f"{base}/oauth/authorize",
        token_endpoint=f"{base}/oauth/token",
        revocation_endpoint=f"{base}/oauth/revoke",
        userinfo_endpoint=f"{base}/oauth/userinfo",
        scopes_supported=sorted(scopes.ALL),
        response_types_supported=["code"],
        response_modes_supported=["query"],
        grant_types_supported=["authorization_code", "client_credentials"],
        token_endpoint_auth_methods_supported=["client_secret_basic", "client_secret_post"],
        code_challenge_methods_supported=["S256"],
        service_documentation="https://docs.joinmastodon.org/",
        app_registration_endpoint=f"{base}/api/v1/apps",
    )


ROUTES: list[Endpoint] = [
    post("/oauth/token", token, access=OPEN, params=oauth.Exchange, limit="oauth"),
    post("/oauth/revoke", revoke, access=OPEN, params=Revocation, limit="oauth"),
    get("/oauth/userinfo", userinfo, access=user("profile")),
    post("/oauth/userinfo", userinfo, access=user("profile")),
    get("/.well-known/oauth-authorization-server", metadata, access=OPEN, limit="none"),
]
