"""One shape for every property: decoding within limits, known prefixes stripped, scalars, lists and objects alike.

All functions here accept anything JSON can hold and never raise, except `loads`.
"""

import re
import sys
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import isnan
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import idna
import orjson

from federation.errors import Rejected

# What orjson returns; its values are unknown until they are parsed.
JSON = dict[str, Any]

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 64
MAX_NODES = 100_000
MAX_URI_CHARACTERS = 2_048
MAX_TEXT_CHARACTERS = 500_000
MAX_ITEMS = 1_000
MAX_SECONDS = 1e9
MAX_COUNT = 2**31 - 1

AS2 = "https://www.w3.org/ns/activitystreams"
_PREFIXES = (
    AS2 + "#",
    "as:",
    "toot:",
    "litepub:",
    "misskey:",
    "sc:",
    "schema:",
    "ostatus:",
    "fedibird:",
    "gts:",
    "pt:",
    "sec:",
    "ldp:",
    "lemmy:",
    "pixelfed:",
)
_FULL_PREFIXES = (
    "http://www.w3.org/ns/activitystreams#",
    "https://joinpeertube.org/ns#",
    "https://join-lemmy.org/ns#",
    "http://pixelfed.org/ns#",
    "http://joinmastodon.org/ns#",
    "http://litepub.social/ns#",
    "https://misskey-hub.net/ns#",
    "http://schema.org#",
    "http://schema.org/",
    "http://ostatus.org#",
    "http://fedibird.com/ns#",
    "https://gotosocial.org/ns#",
    "https://w3id.org/security#",
    "http://www.w3.org/ns/ldp#",
    "https://w3id.org/fep/044f#",
    "https://w3id.org/fep/7aa9#",
)
_KEYWORDS = {"@id": "id", "@type": "type"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?)?"
    r"\s?(?:[Zz]|UTC|GMT|([+-])([0-9]{2})(?::?([0-9]{2}))?)?"
)
_DURATION = re.compile(
    r"P(?:([0-9]{1,6})D)?(?:T(?:([0-9]{1,6})H)?(?:([0-9]{1,8})M)?(?:([0-9]{1,10}(?:\.[0-9]{1,9})?)S)?)?"
)
_NUMBER = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,31}:[^\s]")
_SPACE = re.compile(r"\s")
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
# What no address holds as it is (RFC 3986), and what would end it where it is put into HTML.
_UNSAFE = re.compile(r'[\s"<>\\^`{|}]')
# A string of JSON, and whether it names a property.
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"[ \t\r\n]*(:?)', re.DOTALL)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def loads(body: bytes) -> JSON:
    """Decode a document, or raise Rejected: too large, too deep, too many values, not JSON, not an object, or with a
    property given twice, of which another reader would take the other value."""
    if len(body) > MAX_BYTES:
        raise Rejected("the document is too large")
    try:
        document = orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as exc:
        raise Rejected("the document is not JSON") from exc
    if not isinstance(document, dict):
        raise Rejected("the document is not an object")
    if _guard(document) != _STRING.findall(body).count(b":"):
        raise Rejected("the document names a property twice")
    # Postgres stores no NUL, neither in text nor in jsonb.
    return _without_nul(document) if b"\\u0000" in body else document


def has_context(document: JSON) -> bool:
    """Whether a document says that it is ActivityStreams. Of what it says otherwise nothing depends on it."""
    context = document.get("@context")
    return AS2 in (context if isinstance(context, list) else [context])


def strip(name: str) -> str:
    """A property or type name without the prefix or namespace we know."""
    if ":" not in name:
        return _KEYWORDS.get(name, name) if name[:1] == "@" else name
    for prefix in _PREFIXES if name[:4] != "http" else (_PREFIXES[0], *_FULL_PREFIXES):
        if name.startswith(prefix):
            return name[len(prefix) :]
    return name


def properties(value: Any) -> JSON:
    """An object with its property names stripped; anything else is an empty object. Plain names win over prefixed."""
    if not isinstance(value, dict):
        return {}
    if "@id" not in value and "@type" not in value and ":" not in "".join(value):
        return value  # nothing that `strip` would change
    stripped = {strip(name): item for name, item in value.items()}
    stripped.update((name, item) for name, item in value.items() if strip(name) == name)
    return stripped


def many(value: Any) -> list[Any]:
    """Any property as a list without its empty values; nested lists are flattened."""
    if isinstance(value, dict) and value.keys() <= {"@list", "@set"}:
        value = value.get("@list", value.get("@set"))
    if value is None or value == "":
        return []
    if not isinstance(value, list):
        return [value]
    return list(_flat(value, 3))[:MAX_ITEMS]


def one(value: Any) -> Any:
    """The first value of a property, or None."""
    return next(iter(many(value)), None)


def objects(value: Any) -> list[JSON]:
    """The objects among the values of a property, names stripped."""
    return [properties(item) for item in many(value) if isinstance(item, dict) and item]


def kinds(value: Any) -> tuple[str, ...]:
    """The types of an object, or of a `type` value, stripped."""
    if isinstance(value, dict):
        value = value.get("type", value.get("@type"))
    return tuple(strip(item) for item in many(value) if isinstance(item, str))


def kind(value: Any, known: Collection[str]) -> str:
    """The first type that is known, else the first there is, else an empty string."""
    names = kinds(value)
    return next((name for name in names if name in known), names[0] if names else "")


def iri(value: Any) -> str | None:
    """The first usable IRI: a string, `{id}`, `{href}`, or a list. Left as it is, since ids are compared exactly."""
    for item in many(value):
        if isinstance(item, dict):
            item = _named(one(_named(item)))
        if isinstance(item, str) and (found := _clean_iri(item)):
            return found
    return None


def identifier(value: Any) -> str | None:
    """An id: like `iri`, but opaque; whether it has a host, and whose, is for the check of authority."""
    for item in many(value):
        if isinstance(item, dict):
            item = one(item.get("id") or item.get("@id"))
        if isinstance(item, str) and (found := _borne(item.strip())) and not _is_long(found):
            return None if _CONTROLS.search(found) or _SPACE.search(found) else found
    return None


def iris(value: Any) -> tuple[str, ...]:
    """Every usable IRI once, in order."""
    return tuple(dict.fromkeys(found for item in many(value) if (found := iri(item))))


def page_url(value: Any) -> str | None:
    """Of several `url` values the one for people: a link to HTML first, then the first http(s) address."""
    items = many(value)
    for item in items:
        link = properties(item)
        kind = text(link.get("mediaType") or link.get("mimeType"))
        if kind.startswith("text/html") and (found := address(item)):
            return found
    return next((found for item in items if (found := address(item))), None)


def address(value: Any) -> str | None:
    """The first IRI if it is of the web, to be shown and followed, not compared: it holds nothing but what an address
    may, and begins as clients expect it."""
    found = iri(value)
    if found is None or not is_http(found):
        return None
    scheme, _, rest = found.partition(":")
    return f"{scheme.lower()}:{_UNSAFE.sub(lambda match: quote(match[0], safe=''), rest)}"


def text(value: Any, limit: int = MAX_TEXT_CHARACTERS) -> str:
    """The first text: a string, a number, `{"@value"}`; without control characters and surrogates, cut at limit."""
    for item in many(value):
        if isinstance(item, dict):
            item = item.get("@value")
        if isinstance(item, int | float) and not isinstance(item, bool):
            item = str(item)
        if isinstance(item, str):
            item = item[:limit]
            return _CONTROLS.sub("", item) if _CONTROLS.search(item) else item
    return ""


def translated(doc: JSON, name: str, limit: int = MAX_TEXT_CHARACTERS) -> str:
    """A text, or if there is only one for each language, in a map beside it, the first of those."""
    found = text(doc.get(name), limit)
    if found:
        return found
    translations = one(doc.get(f"{name}Map"))
    said = translations.values() if isinstance(translations, dict) else ()
    return next((words for value in said if (words := text(value, limit)).strip()), "")


def boolean(value: Any) -> bool | None:
    """A boolean, also spelt as a string or a number; None when absent or unreadable."""
    value = _plain(one(value))
    if isinstance(value, str):
        return {"true": True, "1": True, "false": False, "0": False}.get(value.strip().lower())
    return bool(value) if isinstance(value, bool | int | float) else None


def number(value: Any) -> float | None:
    """A finite number, also spelt as a string."""
    value = _plain(one(value))
    if isinstance(value, str):
        value = float(value) if _NUMBER.fullmatch(value.strip()) else None
    if not isinstance(value, int | float) or isinstance(value, bool) or abs(value) > sys.float_info.max:
        return None
    return None if isnan(value) else float(value)


def count(value: Any) -> int | None:
    """A number of things, between 0 and the largest 32-bit integer."""
    found = number(value)
    return None if found is None else max(0, min(int(found), MAX_COUNT))


def moment(value: Any, now: datetime | None = None) -> datetime | None:
    """An aware UTC time within [1970, now + 1 day]; None when absent or unreadable.

    Reads every spelling seen: no seconds, up to nine decimals, `+0000`, a space for the T, no offset, a date alone.
    """
    match = _MOMENT.fullmatch(text(value, 64).strip())
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(group or 0) for group in match.groups()[:6])
    micro = int((match[7] or "0")[:6].ljust(6, "0"))
    try:
        found = datetime(year, month, day, hour, minute, min(second, 59), micro, tzinfo=UTC)
        if match[8]:
            offset = timedelta(hours=int(match[9]), minutes=int(match[10] or 0))
            found = found - offset if match[8] == "+" else found + offset
    except (ValueError, OverflowError):
        return None
    return clamp(found, now)


def clamp(value: datetime, now: datetime | None = None) -> datetime:
    return max(_EPOCH, min(value, (now or datetime.now(UTC)) + timedelta(days=1)))


def future(value: Any) -> datetime | None:
    """A time that may lie ahead, as the end of a poll or an event does: at most ten years from now."""
    return moment(value, datetime.now(UTC) + timedelta(days=3650))


def stamp(value: datetime) -> str:
    """A time as we send it: UTC, whole seconds, `Z`."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def duration(value: Any) -> float | None:
    """Seconds, from ISO 8601 (`PT1M30.5S`) or a bare number; at most as many as thirty years have."""
    found = number(value)
    if found is not None:
        return max(0.0, min(found, MAX_SECONDS))
    match = _DURATION.fullmatch(text(value, 64).strip().upper())
    if match is None:
        return None
    days, hours, minutes, seconds = (float(group or 0) for group in match.groups())
    return min(((days * 24 + hours) * 60 + minutes) * 60 + seconds, MAX_SECONDS)


@lru_cache(maxsize=2048)
def host(value: str | None) -> str | None:
    """The authority of an http(s) address in lower-case ASCII, without a default port; None for anything else."""
    if value is None:
        return None
    try:
        parts = urlsplit(value)
        default = {"https": 443, "http": 80}.get(parts.scheme)
        if default is None or not parts.hostname or parts.username is not None:
            return None
        name = parts.hostname
        if not name.isascii():
            # As `federation.http.addresses` does it: IDNA 2003 would make one host of straße.test and strasse.test.
            name = idna.encode(name, uts46=True, std3_rules=True).decode()
        port = parts.port
    except (ValueError, UnicodeError):
        return None
    if not _HOST.fullmatch(name):
        return None
    return name if port is None or port == default else f"{name}:{port}"


def same_host(first: str | None, second: str | None) -> bool:
    """Whether two addresses have the same authority; two addresses without one never do."""
    found = host(first)
    return found is not None and found == host(second)


def is_http(value: str | None) -> bool:
    return host(value) is not None


def language(value: Any) -> str | None:
    """A language tag from a string or from `{identifier, name}`; `und` means none."""
    found = one(value)
    tag = text(found.get("identifier") if isinstance(found, dict) else found, 35).strip()
    return tag if re.fullmatch(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8}){0,3}", tag) and tag != "und" else None


def _named(value: Any) -> Any:
    """What an object says that it is, or where."""
    if not isinstance(value, dict):
        return value
    found = properties(value)
    return found.get("id") or found.get("href") or found.get("@value")


def _plain(value: Any) -> Any:
    """The value of a typed one, as those who expand their documents write it."""
    return value.get("@value") if isinstance(value, dict) else value


def _flat(items: list[Any], levels: int) -> Iterator[Any]:
    for item in items:
        if isinstance(item, list):
            if levels:
                yield from _flat(item, levels - 1)
        elif item is not None and item != "":
            yield item


def _clean_iri(value: str) -> str | None:
    value = _borne(value.strip())
    if _is_long(value) or not _SCHEME.match(value) or _CONTROLS.search(value):
        return None
    return value


def _borne(uri: str) -> str:
    """What a capability is for (`bear:?t=…&u=…`): Mastodon writes one in place of a private post's id."""
    if not uri.startswith("bear:"):
        return uri
    return next(iter(parse_qs(uri.partition("?")[2], max_num_fields=8).get("u", ())), "") if len(uri) < 4096 else ""


def _is_long(uri: str) -> bool:
    """Measured in bytes too: an index of Postgres holds no more than 2,704 of them."""
    if len(uri) > MAX_URI_CHARACTERS:
        return True
    return not uri.isascii() and len(uri.encode("utf-8", "replace")) > MAX_URI_CHARACTERS


def _guard(document: JSON) -> int:
    """The number of properties, in all of it."""
    nodes = names = 0
    level: list[Any] = [document]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                names += len(item)
                below += item.values()
            else:
                below += item
        nodes += len(below)
        if nodes > MAX_NODES:
            raise Rejected("the document has too many values")
        level = [item for item in below if isinstance(item, dict | list)]
        if not level:
            return names
    raise Rejected("the document nests too deeply")


def _without_nul(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name.replace("\0", ""): _without_nul(item) for name, item in value.items()}
        if len(kept) < len(value):
            raise Rejected("the document names a property twice")
        return kept
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    return value.replace("\0", "") if isinstance(value, str) else value
