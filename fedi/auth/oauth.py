"""OAuth 2 without the pages: registering applications, judging what they ask for, codes and tokens.

RFC 6749 with PKCE (RFC 7636, S256 only), in the dialect Mastodon's clients speak. Redirect URIs are opaque text:
compared as strings, given back byte for byte.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from urllib.parse import quote, unquote_plus, urlencode

import msgspec

from fedi import errors
from fedi.auth import secrets, tokens
from fedi.context import App
from fedi.http import scopes as known
from storage import oauth
from storage.users import User

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
DEFAULT_SCOPE = "read"
MAX_URI_CHARACTERS = 2000
MAX_URIS = 50
MAX_NAME_CHARACTERS = 200

# A scheme and something after it: `com.app:/x`, `app://`, `urn:…` are all in use. No fragment (RFC 6749 section 3.1.2).
_URI = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):[^\s#\x00-\x20\x7f<>\"]+")
_DANGEROUS = frozenset(["data", "vbscript", "javascript"])
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


class OAuthError(errors.Problem):
    """An error of the token endpoint: RFC 6749 section 5.2."""

    status = 400

    def __init__(self, code: str, description: str) -> None:
        super().__init__(code, extra={"error_description": description}, headers={"Cache-Control": "no-store"})
        self.code = code
        self.description = description


class InvalidClient(OAuthError):
    status = 401

    def __init__(self) -> None:
        super().__init__(
            "invalid_client",
            "Client authentication failed due to unknown client, no client authentication included, or unsupported "
            "authentication method.",
        )
        self.headers["WWW-Authenticate"] = 'Basic realm="Fedi"'


class UnusableRequest(Exception):
    """An authorization request we must not answer by redirecting: the client or its address cannot be trusted."""


# ---------------------------------------------------------------- applications


class Registered(msgspec.Struct, frozen=True):
    """An application at its birth: the only moment its secret is known."""

    application: oauth.Application
    client_secret: str


async def register(
    app: App, *, name: str, redirect_uris: Sequence[str], scopes: str, website: str | None
) -> Registered:
    """`Invalid` for a name, address or scope that will not do."""
    if not name.strip():
        raise errors.Invalid("Application name can't be blank")
    uris = list(dict.fromkeys(uri for text in redirect_uris for uri in text.split()))
    if not uris:
        raise errors.Invalid("Redirect URI can't be blank")
    if len(uris) > MAX_URIS or not all(acceptable_uri(uri) for uri in uris):
        raise errors.Invalid("Redirect URI must be an absolute URI without a fragment")
    asked = known.parse(scopes) or [DEFAULT_SCOPE]
    if known.unknown(asked):
        raise errors.Invalid("Scopes doesn't match configured on the server.")
    secret = secrets.new()
    async with app.db.transaction() as conn:
        application = await oauth.create_application(
            conn,
            client_id=secrets.new(),
            secret_hash=secrets.hashed(secret),
            name=name.strip()[:MAX_NAME_CHARACTERS],
            website=_website(website),
            redirect_uris=uris,
            scopes=" ".join(asked),
        )
    return Registered(application, secret)


def acceptable_uri(uri: str) -> bool:
    match = _URI.fullmatch(uri) or re.fullmatch(r"([A-Za-z][A-Za-z0-9+.-]*)://", uri)
    return match is not None and match[1].lower() not in _DANGEROUS and len(uri) <= MAX_URI_CHARACTERS


def _website(text: str | None) -> str | None:
    """Shown as a link next to posts; anything that is not a web address is dropped, not refused."""
    text = (text or "").strip()
    return text if re.fullmatch(r"https?://[^\s<>\"]{1,2000}", text) else None


async def authenticated_client(
    app: App, *, client_id: str | None, client_secret: str | None, authorization: str | None
) -> oauth.Application:
    """By Basic credentials, by those in the body, or by both if they agree. InvalidClient otherwise."""
    pair = _basic(authorization)
    if pair is not None:
        if (client_id is not None and client_id != pair[0]) or (client_secret is not None and client_secret != pair[1]):
            raise InvalidClient
        client_id, client_secret = pair
    if not client_id or not client_secret:
        raise InvalidClient
    async with app.db.read() as conn:
        application = await oauth.application(conn, client_id)
    if application is None or not hmac.compare_digest(application.secret_hash, secrets.hashed(client_secret)):
        raise InvalidClient
    return application


def _basic(authorization: str | None) -> tuple[str, str] | None:
    """Of an Authorization header. Both parts are form-encoded (RFC 6749 section 2.3.1); ours survive that unchanged."""
    scheme, _, value = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as exc:
        raise InvalidClient from exc
    return (unquote_plus(name), unquote_plus(password)) if colon else None


# ---------------------------------------------------------------- asking for authorization


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of /oauth/authorize."""

    response_type: str = ""
    client_id: str = ""
    redirect_uri: str = ""
    scope: str = ""
    state: str | None = None
    code_challenge: str | None = None
    code_challenge_method: str | None = None
    force_login: bool = False
    lang: str = ""


class Asked(msgspec.Struct, frozen=True):
    """A request that makes sense. `error` is set when the client is to be told of a mistake by redirect."""

    application: oauth.Application
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    code_challenge: str | None
    error: OAuthError | None = None


async def asked(app: App, query: Query) -> Asked:
    """UnusableRequest when the client is unknown or the address is not one it registered, letter for letter."""
    async with app.db.read() as conn:
        application = await oauth.application(conn, query.client_id)
    if application is None:
        raise UnusableRequest("client")
    if query.redirect_uri not in application.redirect_uris:
        raise UnusableRequest("redirect_uri")
    scopes = _asked_scopes(query.scope, application)
    return Asked(
        application,
        query.redirect_uri,
        scopes,
        query.state,
        query.code_challenge or None,
        _mistake(query, scopes, application),
    )


def _asked_scopes(text: str, application: oauth.Application) -> tuple[str, ...]:
    asked = known.parse(text)
    registered = known.parse(application.scopes)
    if asked:
        return tuple(asked)
    return (DEFAULT_SCOPE,) if known.within([DEFAULT_SCOPE], registered) else tuple(registered)


def _mistake(query: Query, scopes: Sequence[str], application: oauth.Application) -> OAuthError | None:
    if query.response_type != "code":
        return OAuthError("unsupported_response_type", "The authorization server does not support this response type.")
    if not known.within(scopes, known.parse(application.scopes)):
        return OAuthError("invalid_scope", "The requested scope is invalid, unknown, or malformed.")
    if query.code_challenge and (
        query.code_challenge_method != "S256" or not _CHALLENGE.fullmatch(query.code_challenge.rstrip("="))
    ):
        return OAuthError("invalid_request", "The code challenge method must be S256.")
    return None


async def grant(app: App, asked: Asked, user: User) -> str:
    """A code for the client, good once, for ten minutes."""
    code = secrets.code()
    async with app.db.transaction() as conn:
        await oauth.create_grant(
            conn,
            secrets.hashed(code),
            application_id=asked.application.id,
            user_id=user.id,
            account_id=user.account_id,
            redirect_uri=asked.redirect_uri,
            scopes=" ".join(asked.scopes),
            code_challenge=asked.code_challenge,
        )
    return code


def location(asked: Asked, **answer: str) -> str:
    """The client's address with the answer and its state added; the address itself stays as it was registered."""
    if asked.state is not None:
        answer["state"] = asked.state
    base = asked.redirect_uri
    joint = "" if base.endswith(("?", "&")) else "&" if "?" in base else "?"
    # What a header cannot carry is percent-encoded; nothing else is touched.
    return quote(base, safe="".join(map(chr, range(33, 127)))) + joint + urlencode(answer, quote_via=quote)


# ---------------------------------------------------------------- the token endpoint


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of POST /oauth/token."""

    grant_type: str = ""
    client_id: str | None = None
    client_secret: str | None = None
    code: str | None = None
    redirect_uri: str | None = None
    code_verifier: str | None = None
    scope: str = ""


async def exchange(app: App, asked: Exchange, authorization: str | None) -> tokens.Issued:
    """A token for a code, or one of the application's own."""
    if asked.grant_type not in ("authorization_code", "client_credentials"):
        description = "The authorization grant type is not supported by the authorization server."
        raise OAuthError("unsupported_grant_type", description)
    application = await authenticated_client(
        app, client_id=asked.client_id, client_secret=asked.client_secret, authorization=authorization
    )
    if asked.grant_type == "authorization_code":
        return await _redeem(app, application, asked)
    scopes = _asked_scopes(asked.scope, application)
    if not known.within(scopes, known.parse(application.scopes)):
        raise OAuthError("invalid_scope", "The requested scope is invalid, unknown, or malformed.")
    async with app.db.transaction() as conn:
        return await tokens.create(conn, application_id=application.id, user_id=None, account_id=None, scopes=scopes)


async def _redeem(app: App, application: oauth.Application, asked: Exchange) -> tokens.Issued:
    hashed = secrets.hashed((asked.code or "").strip())
    async with app.db.transaction() as conn:
        grant = await oauth.lock_grant(conn, hashed)
        if grant is not None and grant.used and grant.token_id is not None:
            # Somebody else has seen the code: neither of the two may keep what it gave (RFC 6749 section 4.1.2).
            await oauth.revoke_ids(conn, [grant.token_id])
        elif grant is not None and _matches(grant, application, asked):
            issued = await tokens.create(
                conn,
                application_id=application.id,
                user_id=grant.user_id,
                account_id=grant.account_id,
                scopes=known.parse(grant.scopes),
            )
            await oauth.use_grant(conn, hashed, token_id=issued.id)
            return issued
    raise OAuthError(
        "invalid_grant",
        "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in "
        "the authorization request, or was issued to another client.",
    )


def _matches(grant: oauth.Grant, application: oauth.Application, asked: Exchange) -> bool:
    return (
        not grant.used
        and not grant.expired
        and grant.application_id == application.id
        and grant.redirect_uri == asked.redirect_uri
        and _proves(grant.code_challenge, asked.code_verifier)
    )


def _proves(challenge: str | None, verifier: str | None) -> bool:
    """A client that shows a verifier began with a challenge: if there is none, somebody took it away (RFC 9700)."""
    if challenge is None:
        return not verifier
    digest = hashlib.sha256((verifier or "").encode("utf-8", "replace")).digest()
    made = base64.urlsafe_b64encode(digest).rstrip(b"=")
    return hmac.compare_digest(made, challenge.rstrip("=").encode())


async def revoke(
    app: App, *, client_id: str | None, client_secret: str | None, token: str, authorization: str | None
) -> None:
    """End a token of the client that asks. An unknown or ended one changes nothing (RFC 7009 section 2.2)."""
    try:
        application = await authenticated_client(
            app, client_id=client_id, client_secret=client_secret, authorization=authorization
        )
    except InvalidClient as exc:
        raise RevocationRefused from exc
    async with app.db.transaction() as conn:
        row = await oauth.token(conn, secrets.hashed(token))
        if not token or (row is not None and row.application_id != application.id):
            raise RevocationRefused
        if row is not None:
            await oauth.revoke_ids(conn, [row.id])


class RevocationRefused(OAuthError):
    """Mastodon's answer, where RFC 7009 would have 401."""

    status = 403

    def __init__(self) -> None:
        super().__init__("unauthorized_client", "You are not authorized to revoke this token")
