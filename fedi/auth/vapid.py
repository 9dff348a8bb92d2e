"""The server's key pair for Web Push, and how a push service is told that a message is ours (RFC 8292).

Clients subscribe with the public key, and no subscription outlives it: it is made at the first start, and kept in the
database.
"""

import base64
import time

import msgspec
import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fedi import secret
from fedi.config import Settings
from fedi.context import App
from storage import server_keys

NAME = "vapid_private_key"
# Push services accept a day at most.
TOKEN_SECONDS = 12 * 3600
# The order of P-256's group (FIPS 186-4, D.1.2.3): private keys lie below it.
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class Keys(msgspec.Struct, frozen=True):
    private: ec.EllipticCurvePrivateKey
    point: bytes


async def open_keys(app: App) -> None:
    """Once, at the start of a process: the pair of this server, made if there is none."""
    async with app.db.transaction() as conn:
        text = await server_keys.kept(conn, NAME, encode(_first(app.settings).to_bytes(32, "big")))
    private = ec.derive_private_key(int.from_bytes(decode(text), "big"), ec.SECP256R1())
    app.memory[__name__] = Keys(private, point_of(private))


def _first(settings: Settings) -> int:
    """From the server's secret: servers announced this one before there was a place to keep another."""
    # Twice the bits the order has, so that the remainder is as good as uniform.
    wide = secret.derived_key(settings, "vapid") + secret.derived_key(settings, "vapid/2")
    return int.from_bytes(wide, "big") % (_ORDER - 1) + 1


def public_key(app: App) -> str:
    """The uncompressed point in base64url, 65 bytes: what clients subscribe with."""
    return base64.urlsafe_b64encode(_keys(app).point).decode()


def headers(app: App, audience: str, *, standard: bool) -> dict[str, str]:
    """For a message to a push service, whose origin is `audience`. Before the standard the key was in Crypto-Key."""
    keys = _keys(app)
    contact = app.settings.contact_email
    claims = {
        "aud": audience,
        "exp": int(time.time()) + TOKEN_SECONDS,
        "sub": f"mailto:{contact}" if contact else app.settings.base_url,
    }
    token, key = _signed(keys.private, claims), encode(keys.point)
    if standard:
        return {"Authorization": f"vapid t={token}, k={key}"}
    return {"Authorization": f"WebPush {token}", "Crypto-Key": f"p256ecdsa={key}"}


def _signed(private: ec.EllipticCurvePrivateKey, claims: dict[str, object]) -> str:
    """A JSON Web Token with ES256 (RFC 7515)."""
    text = ".".join(encode(orjson.dumps(part)) for part in ({"typ": "JWT", "alg": "ES256"}, claims))
    r, s = decode_dss_signature(private.sign(text.encode(), ec.ECDSA(SHA256())))
    return f"{text}.{encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _keys(app: App) -> Keys:
    keys: Keys = app.memory[__name__]
    return keys


def point_of(private: ec.EllipticCurvePrivateKey) -> bytes:
    """The public key, uncompressed."""
    return private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def encode(value: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """base64, of either alphabet, padded or not. ValueError for anything else."""
    text = text.strip().rstrip("=").replace("+", "-").replace("/", "_")
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
