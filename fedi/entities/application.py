"""Application as its own token sees it, CredentialApplication at its birth, and Token."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct


class Application(Struct, frozen=True):
    id: str
    name: str
    website: str | None
    scopes: list[str]
    redirect_uris: list[str]
    vapid_key: str
    redirect_uri: str
    """All of them, one a line: what clients read before `redirect_uris` existed."""


class CredentialApplication(Application, frozen=True):
    client_id: str
    client_secret: str
    client_secret_expires_at: int = 0


class Token(Struct, frozen=True):
    """No `expires_in`: some clients log out when they see one."""

    access_token: str
    token_type: str
    scope: str
    created_at: int


class Parts(Struct, frozen=True):
    id: int
    name: str
    website: str | None
    scopes: tuple[str, ...]
    redirect_uris: tuple[str, ...]


def build(parts: Parts, *, vapid_key: str) -> Application:
    return Application(
        id=str(parts.id),
        name=parts.name,
        website=parts.website or None,
        scopes=list(parts.scopes),
        redirect_uris=list(parts.redirect_uris),
        vapid_key=vapid_key,
        redirect_uri="\n".join(parts.redirect_uris),
    )


def credentials(parts: Parts, *, vapid_key: str, client_id: str, client_secret: str) -> CredentialApplication:
    shown = build(parts, vapid_key=vapid_key)
    return CredentialApplication(
        **{name: getattr(shown, name) for name in shown.__struct_fields__},
        client_id=client_id,
        client_secret=client_secret,
    )


def token(access_token: str, scopes: Sequence[str], created_at: datetime) -> Token:
    """`created_at` goes out in Unix seconds."""
    return Token(access_token, "Bearer", " ".join(scopes), int(created_at.timestamp()))
