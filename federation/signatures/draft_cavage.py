"""HTTP signatures of draft-cavage-12, which every peer speaks: signing what we send, judging what arrives.

Judging has two halves, so that no key is fetched for a request that will be refused anyway: `claim` needs only the
request and the clock, `confirm` needs the key. `check` is both.
"""

import base64
import re
from collections.abc import Container
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from msgspec import Struct

from federation.errors import SignatureError
from federation.signatures import digest, keys
from federation.signatures.requests import MAX_KEY_ID_CHARACTERS, WINDOW, Outgoing, SignedRequest

MAX_HEADER_CHARACTERS = 8_192

# The label is a hint at the hash; the kind of key decides the algorithm. hs2019 hides which hash was used.
_HASHES_TRIED = {"rsa-sha256": (False,), "rsa-sha512": (True,), "hs2019": (False, True), "ed25519": (False,)}
_PARAMETER = re.compile(
    r'[ \t]*([A-Za-z][A-Za-z0-9_-]{0,31})[ \t]*=[ \t]*(?:"([^"\\]*)"|([0-9]{1,20}(?:\.[0-9]{1,9})?))[ \t]*(?:,|$)'
)
_SECONDS = re.compile(r"[0-9]{1,11}(?:\.[0-9]{1,9})?")


class Parsed(Struct, frozen=True):
    """A Signature header taken apart. `created` and `expires` keep the spelling that was signed."""

    key_id: str
    algorithm: str
    headers: tuple[str, ...]
    signature: bytes
    created: str | None
    expires: str | None


def claim(request: SignedRequest, now: datetime, *, hosts: Container[str], require_host: bool = True) -> Parsed:
    """Everything that can be refused without the key: shape, strength, host, time, digest.

    `hosts` holds our own authorities in lower case, without default ports. `require_host=False` lets software pass
    that does not sign the host of a POST; the host received must be ours all the same.
    """
    parsed = parse(request)
    post = request.method.upper() not in {"GET", "HEAD"}
    covered = parsed.headers
    if "(request-target)" not in covered:
        raise SignatureError("(request-target) is not signed")
    if "host" not in covered and (require_host or not post):
        raise SignatureError("host is not signed")
    if post and "digest" not in covered:
        raise SignatureError("digest is not signed")
    if "date" not in covered and "(created)" not in covered:
        raise SignatureError("neither date nor (created) is signed")
    request.check_host(hosts)
    _check_time(request, parsed, now)
    if "digest" in covered:
        digest.check(request.single("digest"), request.body)
    return parsed


def confirm(request: SignedRequest, parsed: Parsed, key: keys.PublicKey) -> None:
    """Raise SignatureError unless the key made the signature.

    The query is part of what is signed, but many peers leave it out: both are tried.
    """
    path = request.target.partition("?")[0]
    targets = [request.target] if path == request.target else [request.target, path]
    for target in targets:
        message = signing_string(request, parsed, target).encode("utf-8", "surrogateescape")
        for sha512 in _HASHES_TRIED[parsed.algorithm]:
            if keys.verifies(key, parsed.signature, message, sha512=sha512):
                return
    raise SignatureError("the signature does not match")


def parse(request: SignedRequest) -> Parsed:
    """The one signature of the request, from `Signature` or `Authorization: Signature …`; status 400 when malformed."""
    parameters = _parameters(_header(request))
    key_id, signature = parameters.get("keyId"), parameters.get("signature")
    if not key_id or len(key_id) > MAX_KEY_ID_CHARACTERS or not signature:
        raise SignatureError("keyId or signature is missing", status=400)
    algorithm = parameters.get("algorithm", "hs2019").lower()
    if algorithm not in _HASHES_TRIED:
        raise SignatureError("the signature algorithm is not accepted")
    default = "(created)" if algorithm == "hs2019" else "date"
    names = tuple(parameters.get("headers", default).lower().split())
    if not names or len(set(names)) != len(names):
        raise SignatureError("the list of signed headers is malformed", status=400)
    try:
        decoded = base64.b64decode(signature, validate=True)
    except ValueError as exc:
        raise SignatureError("the signature is not base64", status=400) from exc
    return Parsed(key_id, algorithm, names, decoded, parameters.get("created"), parameters.get("expires"))


def signing_string(request: SignedRequest, parsed: Parsed, target: str) -> str:
    """The text that was signed, for one spelling of the request target."""
    lines = []
    for name in parsed.headers:
        if name == "(request-target)":
            value = f"{request.method.lower()} {target}"
        elif name == "(created)" and parsed.created is not None:
            value = parsed.created
        elif name == "(expires)" and parsed.expires is not None:
            value = parsed.expires
        elif values := request.values(name):
            value = ", ".join(values)
        else:
            raise SignatureError(f"{name[:64]} is signed but missing")
        lines.append(f"{name}: {value}")
    return "\n".join(lines)


def sign(request: Outgoing, key: keys.PrivateKey, key_id: str, now: datetime) -> dict[str, str]:
    """The headers to send: Host, Date, Digest and Content-Type with a body, the extra ones, and Signature.

    The spelling is the intersection of what known parsers accept: no space after a comma, keyId first, all values
    quoted, always the label rsa-sha256 for RSA, hs2019 for Ed25519. Must be made anew for every attempt.
    """
    authority, target = request.parts()
    if not request.with_query:
        target = target.partition("?")[0]
    headers = {"Host": authority, "Date": format_datetime(now.astimezone(UTC), usegmt=True)}
    if request.body is not None:
        headers["Digest"] = digest.header(request.body)
        headers["Content-Type"] = request.content_type
    headers.update(request.extra)
    lines = [f"(request-target): {request.method.lower()} {target}"]
    lines += [f"{name.lower()}: {value}" for name, value in headers.items()]
    signature = base64.b64encode(keys.sign(key, "\n".join(lines).encode())).decode()
    algorithm = "rsa-sha256" if isinstance(key, RSAPrivateKey) else "hs2019"
    names = " ".join(["(request-target)", *(name.lower() for name in headers)])
    headers["Signature"] = f'keyId="{key_id}",algorithm="{algorithm}",headers="{names}",signature="{signature}"'
    return headers


def _header(request: SignedRequest) -> str:
    values = request.values("signature")
    if not values:
        values = [v for v in request.values("authorization") if v[:10].lower() == "signature "]
    if not values:
        raise SignatureError("the request is not signed")
    if len(values) > 1:
        raise SignatureError("the request has several signatures", status=400)
    value = values[0]
    if len(value) > MAX_HEADER_CHARACTERS:
        raise SignatureError("the signature header is too long", status=400)
    return value[10:] if value[:10].lower() == "signature " else value


def _parameters(header: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    position = 0
    while position < len(header):
        match = _PARAMETER.match(header, position)
        if match is None or match[1] in parameters:
            raise SignatureError("the signature header is malformed", status=400)
        parameters[match[1]] = match[2] if match[2] is not None else match[3]
        position = match.end()
    return parameters


def _check_time(request: SignedRequest, parsed: Parsed, now: datetime) -> None:
    if "date" in parsed.headers:
        try:
            date = parsedate_to_datetime(request.single("date"))
        except (ValueError, TypeError, OverflowError) as exc:
            raise SignatureError("the date cannot be read") from exc
        # "-0000" yields a naive value that still means UTC.
        date = date.replace(tzinfo=UTC) if date.tzinfo is None else date
        if abs(now.timestamp() - date.timestamp()) > WINDOW.total_seconds():
            raise SignatureError("the date is too far from now")
    if "(created)" in parsed.headers and abs(now.timestamp() - _seconds(parsed.created)) > WINDOW.total_seconds():
        raise SignatureError("the signature was not created about now")
    if parsed.expires is not None and now.timestamp() > _seconds(parsed.expires) + WINDOW.total_seconds():
        raise SignatureError("the signature has expired")


def _seconds(value: str | None) -> float:
    if value is None or not _SECONDS.fullmatch(value):
        raise SignatureError("created or expires is not a number of seconds", status=400)
    return float(value)
