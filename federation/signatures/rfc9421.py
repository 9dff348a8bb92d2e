"""HTTP message signatures (RFC 9421), as the fediverse uses them: signing what we send, judging what arrives.

Judging has two halves like that of draft-cavage: `claims` needs only the request and the clock, `confirm` the key.
"""

from collections.abc import Container, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import parse_qsl, quote, urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from msgspec import Struct

from federation.errors import SignatureError
from federation.signatures import digest, keys, structured
from federation.signatures.requests import MAX_KEY_ID_CHARACTERS, WINDOW, Outgoing, SignedRequest
from federation.signatures.structured import Inner, Item, Value

LABEL = "sig1"
MAX_SIGNATURES = 4
# Each may cost the fetch of a key.
MAX_TRIED = 2
_RSA = "rsa-v1_5-sha256"
_ED25519 = "ed25519"
_DERIVED = frozenset(
    ("@method", "@target-uri", "@authority", "@scheme", "@request-target", "@path", "@query", "@query-param")
)


class Parsed(Struct, frozen=True):
    """One signature of a request taken apart."""

    key_id: str
    algorithm: str | None
    covered: Inner
    signature: bytes

    @property
    def names(self) -> frozenset[str]:
        return frozenset(str(item.value) for item in self.covered.items)


class Challenge(Struct, frozen=True):
    """What an Accept-Signature asks for: `names` must be covered, the parameters repeated."""

    label: str
    names: tuple[str, ...]
    parameters: Mapping[str, Value]


def claims(request: SignedRequest, now: datetime, *, hosts: Container[str]) -> list[Parsed]:
    """The signatures that cannot be refused without their keys; raises SignatureError when there is none: shape,
    strength, host, time, digest. At most `MAX_TRIED`."""
    request.check_host(hosts)
    found, reason = [], SignatureError("the request is not signed")
    for parsed in parse(request):
        try:
            _check(request, parsed, now)
        except SignatureError as exc:
            reason = exc
        else:
            found.append(parsed)
    if not found:
        raise reason
    return found[:MAX_TRIED]


def confirm(request: SignedRequest, parsed: Parsed, key: keys.PublicKey) -> None:
    """Raise SignatureError unless the key made the signature."""
    expected = _ED25519 if isinstance(key, Ed25519PublicKey) else _RSA
    if parsed.algorithm not in (None, expected):
        raise SignatureError("the key is not of the algorithm that the signature names")
    message = base(request, parsed).encode("utf-8", "surrogateescape")
    if not keys.verifies(key, parsed.signature, message):
        raise SignatureError("the signature does not match")


def parse(request: SignedRequest) -> list[Parsed]:
    """Every signature of the request; status 400 when malformed."""
    inputs = structured.dictionary(", ".join(request.values("signature-input")))
    values = structured.dictionary(", ".join(request.values("signature")))
    if not inputs or len(inputs) > MAX_SIGNATURES:
        raise SignatureError("the request has no signatures, or too many", status=400)
    found = []
    for label, covered in inputs.items():
        value = values.get(label)
        if not isinstance(covered, Inner) or not isinstance(value, Item) or not isinstance(value.value, bytes):
            raise SignatureError("a signature has no value, or no list of what it covers", status=400)
        key_id, algorithm = covered.parameters.get("keyid"), covered.parameters.get("alg")
        if not isinstance(key_id, str) or not 0 < len(key_id) <= MAX_KEY_ID_CHARACTERS:
            raise SignatureError("keyid is missing", status=400)
        if algorithm is not None and not isinstance(algorithm, str):
            raise SignatureError("alg is not a string", status=400)
        found.append(Parsed(key_id, algorithm, covered, value.value))
    return found


def base(request: SignedRequest, parsed: Parsed) -> str:
    """The text that was signed."""
    lines, seen = [], set()
    for item in parsed.covered.items:
        name = structured.serialise(item)
        if name in seen or not isinstance(item.value, str):
            raise SignatureError("what is covered is malformed", status=400)
        seen.add(name)
        lines.append(f"{name}: {_component(request, item.value, item.parameters)}")
    lines.append(f'"@signature-params": {structured.serialise(parsed.covered)}')
    return "\n".join(lines)


def challenge(header: str) -> Challenge | None:
    """What an Accept-Signature header asks for; None when it is unreadable or asks for what we do not do."""
    try:
        asked = structured.dictionary(header)
    except SignatureError:
        return None
    for label, member in asked.items():
        if not isinstance(member, Inner) or any(item.parameters for item in member.items):
            continue
        names = tuple(str(item.value) for item in member.items)
        wanted = member.parameters.get("alg")
        if wanted not in (None, _RSA) or "@query-param" in names:
            continue
        if all(name in _DERIVED or name in ("content-digest", "content-type", "date", "host") for name in names):
            kept = {name: value for name, value in member.parameters.items() if name in ("nonce", "tag")}
            return Challenge(label, names, kept)
    return None


def sign(
    request: Outgoing, key: keys.PrivateKey, key_id: str, now: datetime, asked: Challenge | None = None
) -> dict[str, str]:
    """The headers to send, Date and Host among them for those that look for them. Made anew for every attempt."""
    authority, target = request.parts()
    headers = {"Host": authority, "Date": format_datetime(now.astimezone(UTC), usegmt=True)}
    names = ["@method", "@target-uri", "@authority"]
    if "?" in target:
        names.append("@query")
    if request.body is not None:
        headers["Content-Type"] = request.content_type
        headers["Content-Digest"] = digest.content(request.body)
        names += ["content-type", "content-digest"]
    headers.update(request.extra)
    names += [name.lower() for name in request.extra]
    if asked is not None:
        present = {name.lower() for name in headers}
        names += [name for name in asked.names if name not in names and (name in _DERIVED or name in present)]
    algorithm = _RSA if isinstance(key, RSAPrivateKey) else _ED25519
    parameters: dict[str, Value] = {"created": int(now.timestamp()), "keyid": key_id, "alg": algorithm}
    covered = Inner(tuple(Item(name) for name in names), {**parameters, **(asked.parameters if asked else {})})
    scheme = urlsplit(request.url).scheme
    signed = SignedRequest(request.method, target, tuple(headers.items()), request.body or b"", scheme)
    message = base(signed, Parsed(key_id, algorithm, covered, b"")).encode()
    label = asked.label if asked else LABEL
    headers["Signature-Input"] = f"{label}={structured.serialise(covered)}"
    headers["Signature"] = f"{label}={structured.serialise(Item(keys.sign(key, message)))}"
    return headers


def _check(request: SignedRequest, parsed: Parsed, now: datetime) -> None:
    names = parsed.names
    if "@method" not in names:
        raise SignatureError("@method is not signed")
    whole = {"@authority", "@path"} | ({"@query"} if "?" in request.target else set())
    if not ("@target-uri" in names or whole <= names or {"@request-target", "@authority"} <= names):
        raise SignatureError("the address is not signed")
    _check_time(parsed, now)
    if request.method.upper() not in {"GET", "HEAD"} and "content-digest" not in names:
        raise SignatureError("content-digest is not signed")
    if "content-digest" in names:
        digest.check_content(request.single("content-digest"), request.body)


def _check_time(parsed: Parsed, now: datetime) -> None:
    created, expires = parsed.covered.parameters.get("created"), parsed.covered.parameters.get("expires")
    if not isinstance(created, int):
        raise SignatureError("created is missing")
    if abs(now.timestamp() - created) > WINDOW.total_seconds():
        raise SignatureError("the signature was not created about now")
    if expires is not None and not isinstance(expires, int):
        raise SignatureError("expires is not a number of seconds", status=400)
    if expires is not None and now.timestamp() > expires + WINDOW.total_seconds():
        raise SignatureError("the signature has expired")


def _component(request: SignedRequest, name: str, parameters: Mapping[str, Value]) -> str:
    """The value of what is covered. Never passes over what it does not know."""
    if name == "@query-param" and parameters.keys() == {"name"}:
        return _query_parameter(request.target, parameters["name"])
    if parameters or (name.startswith("@") and name not in _DERIVED):
        raise SignatureError(f"{name[:64]} cannot be verified as it is covered", status=400)
    path, _, query = request.target.partition("?")
    if name == "@method":
        return request.method.upper()
    if name == "@request-target":
        return request.target
    if name == "@scheme":
        return request.scheme
    if name == "@path":
        return path or "/"
    if name == "@query":
        return f"?{query}"
    if name in ("@authority", "@target-uri"):
        default = {"https": ":443", "http": ":80"}.get(request.scheme, "")
        authority = request.single("host").lower().removesuffix(default)
        return authority if name == "@authority" else f"{request.scheme}://{authority}{request.target}"
    values = request.values(name)
    if not values or name != name.lower():
        raise SignatureError(f"{name[:64]} is signed but missing")
    return ", ".join(values)


def _query_parameter(target: str, name: Value) -> str:
    try:
        pairs = parse_qsl(urlsplit(target).query, keep_blank_values=True, max_num_fields=100)
    except ValueError as exc:
        raise SignatureError("the query cannot be read", status=400) from exc
    values = [value for key, value in pairs if quote(key, safe="") == name]
    if len(values) != 1:
        raise SignatureError("a parameter of the query is signed but not there once")
    return quote(values[0], safe="")
