"""HTTP signatures as other implementations make and read them; written apart from the server's own on purpose.

draft-cavage-http-signatures-12, RFC 9421. What each reads wrongly or asks for besides stands in its peer.
"""

import base64
import functools
import hashlib
import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

Headers = dict[str, str]


class Wrong(Exception):
    """What the peer does not like about a request."""


class Unread(Wrong):
    """It is signed in a way that the peer does not read, so that it waits for another try."""


class Request(msgspec.Struct, frozen=True):
    """One that arrived; header names in lower case, `target` as on the request line."""

    method: str
    target: str
    headers: Headers
    body: bytes = b""


@functools.cache
def private(pem: str) -> rsa.RSAPrivateKey:
    """Kept, since reading one proves that its numbers are primes."""
    key = serialization.load_pem_private_key(pem.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def cavage(request: Request, key: rsa.RSAPrivateKey, key_id: str, covered: tuple[str, ...], form: str) -> Headers:
    """The headers of a signed request. `form`: the header, with {key_id}, {covered}, {signature}, and {created} and
    {expires}, in seconds since 1970."""
    now = datetime.now(UTC)
    created = int(now.timestamp())
    headers = {**request.headers, "date": format_datetime(now, usegmt=True)}
    if "digest" in covered:
        headers["digest"] = "SHA-256=" + base64.b64encode(hashlib.sha256(request.body).digest()).decode()
    times = {"(created)": str(created), "(expires)": str(created + 300)}
    base = signing_string(msgspec.structs.replace(request, headers=headers | times), list(covered), request.target)
    signature = base64.b64encode(key.sign(base, padding.PKCS1v15(), hashes.SHA256())).decode()
    headers["signature"] = form.format(
        key_id=key_id, covered=" ".join(covered), signature=signature, created=created, expires=created + 300
    )
    return headers


def rfc9421(request: Request, key: rsa.RSAPrivateKey, key_id: str, url: str, components: tuple[str, ...]) -> Headers:
    digest = base64.b64encode(hashlib.sha256(request.body).digest()).decode()
    headers = {**request.headers, "date": format_datetime(datetime.now(UTC), usegmt=True)}
    if request.method == "POST":
        headers["content-digest"] = f"sha-256=:{digest}:"
    derived = {"@method": request.method, "@target-uri": url, "@authority": headers["host"]}
    names = [name for name in components if name in derived or name in headers]
    lines = [f'"{name}": {derived.get(name, headers.get(name))}' for name in names]
    created = int(datetime.now(UTC).timestamp())
    listed = " ".join(f'"{name}"' for name in names)
    parameters = f'({listed});alg="rsa-v1_5-sha256";keyid="{key_id}";created={created}'
    base = "\n".join([*lines, f'"@signature-params": {parameters}'])
    signature = base64.b64encode(key.sign(base.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()
    return {**headers, "signature-input": f"sig1={parameters}", "signature": f"sig1=:{signature}:"}


def signing_string(request: Request, covered: list[str], target: str) -> bytes:
    lines = []
    for name in covered:
        if name == "(request-target)":
            lines.append(f"(request-target): {request.method.lower()} {target}")
        elif name in request.headers:
            lines.append(f"{name}: {request.headers[name]}")
        else:
            raise Wrong(f"{name} is signed but absent")
    return "\n".join(lines).encode()


def verify(request: Request, parameters: dict[str, str], pem: str, *, query: bool) -> None:
    """Whether the signature is that of the key. `query`: the request target is read with its query."""
    key = serialization.load_pem_public_key(pem.encode())
    assert isinstance(key, rsa.RSAPublicKey)
    target = request.target if query else request.target.partition("?")[0]
    base = signing_string(request, parameters["headers"].split(" "), target)
    try:
        key.verify(base64.b64decode(parameters["signature"]), base, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature as error:
        raise Wrong("the signature does not fit") from error


_INPUT = re.compile(r'(?P<label>[a-z][a-z0-9]*)=(?P<parameters>\((?P<names>"[^()]*")\)(?P<rest>(?:;[a-z]+=[^;,]+)+))')


def read_input(request: Request) -> tuple[str, list[str], dict[str, str]]:
    """Of the one RFC 9421 signature: itself, the components, and its parameters."""
    found = _INPUT.fullmatch(request.headers["signature-input"])
    if found is None:
        raise Wrong(f"signature-input {request.headers['signature-input']!r}")
    names = [name.strip('"') for name in found["names"].split(" ")]
    given = dict(part.split("=", 1) for part in found["rest"].strip(";").split(";"))
    return f"{found['label']}={found['parameters']}", names, {name: value.strip('"') for name, value in given.items()}


def verify_rfc9421(request: Request, pem: str) -> None:
    """Whether the signature is that of the key (RFC 9421, 3.2)."""
    labelled, names, _ = read_input(request)
    label, _, parameters = labelled.partition("=")
    path, _, query = request.target.partition("?")
    derived = {
        "@method": request.method, "@target-uri": f"https://{request.headers['host']}{request.target}",
        "@authority": request.headers["host"], "@path": path, "@query": f"?{query}", "@request-target": request.target,
    }  # fmt: skip
    values = derived | {name: value for name, value in request.headers.items() if not name.startswith("@")}
    if missing := [name for name in names if name not in values]:
        raise Wrong(f"{missing} are signed but absent")
    lines = [f'"{name}": {values[name]}' for name in names]
    base = "\n".join([*lines, f'"@signature-params": {parameters}'])
    header = request.headers["signature"]
    if not (header.startswith(f"{label}=:") and header.endswith(":")):
        raise Wrong(f"signature {header!r}")
    key = serialization.load_pem_public_key(pem.encode())
    assert isinstance(key, rsa.RSAPublicKey)
    try:
        value = base64.b64decode(header[len(label) + 2 : -1])
        key.verify(value, base.encode(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature as error:
        raise Wrong("the signature does not fit") from error


def check_content_digest(request: Request) -> None:
    wanted = base64.b64encode(hashlib.sha256(request.body).digest()).decode()
    if request.headers.get("content-digest") != f"sha-256=:{wanted}:":
        raise Wrong(f"content-digest {request.headers.get('content-digest')!r}")


def check_digest(request: Request) -> None:
    """As those compare it who look for one spelling only."""
    wanted = "SHA-256=" + base64.b64encode(hashlib.sha256(request.body).digest()).decode()
    if request.headers.get("digest") != wanted:
        raise Wrong(f"digest {request.headers.get('digest')!r}")


def check_date(request: Request, seconds: int) -> None:
    value = request.headers.get("date")
    if value is None or not value.endswith(" GMT"):
        raise Wrong(f"date {value!r}")
    if abs((datetime.now(UTC) - parsedate_to_datetime(value)).total_seconds()) > seconds:
        raise Wrong(f"date {value!r} is too far off")


def split(header: str) -> dict[str, str]:
    """The parameters, as most read them."""
    found: dict[str, str] = {}
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        if name in found:
            raise Wrong(f"{name} twice")
        found[name] = value.strip('"')
    return found


def naive(header: str) -> dict[str, str]:
    """As those read it who split at commas and trim nothing."""
    return {name: value.strip('"') for name, _, value in (part.partition("=") for part in header.split(","))}


def depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0
