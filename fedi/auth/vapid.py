"""The server's key for Web Push (RFC 8292), made from its secret: nothing to configure, and the same for good."""

import base64
import functools

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fedi import secret
from fedi.config import Settings

# The order of P-256's group (FIPS 186-4, D.1.2.3): private keys lie below it.
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def private_key(settings: Settings) -> ec.EllipticCurvePrivateKey:
    # Twice the bits the order has, so that the remainder is as good as uniform.
    wide = secret.derived_key(settings, "vapid") + secret.derived_key(settings, "vapid/2")
    return ec.derive_private_key(int.from_bytes(wide, "big") % (_ORDER - 1) + 1, ec.SECP256R1())


@functools.lru_cache(maxsize=8)
def public_key(settings: Settings) -> str:
    """The uncompressed point in base64url, 65 bytes: what clients subscribe with."""
    point = private_key(settings).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).decode()
