"""What we send, held against the outbound profile: the intersection that every known parser accepts.

`Network` hands every request of our servers, and every document they serve to each other, to `request` and `served`. A
fault fails the test at its end. Each function yields sentences; none for what is fine.
"""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx

JSON = dict[str, Any]

AS2 = "https://www.w3.org/ns/activitystreams"
PUBLIC = f"{AS2}#Public"
SECURITY = "https://w3id.org/security/v1"
CONTEXTS = {
    AS2,
    SECURITY,
    "https://w3id.org/security/data-integrity/v1",
    "https://w3id.org/security/data-integrity/v2",
    "https://w3id.org/security/multikey/v1",
}
MAX_BYTES, MAX_NESTING, MIN_PATH = 60_000, 7, 8

ACTORS = {"Person", "Service", "Application", "Group"}
POSTS = {"Note", "Question"}
COLLECTIONS = {"Collection", "OrderedCollection", "CollectionPage", "OrderedCollectionPage"}
STAMPS = {f"{each}Authorization" for each in ("Quote", "Feature", "Like", "Reply", "Announce")}
ACTIVITIES = {
    "Create", "Update", "Delete", "Undo", "Follow", "Accept", "Reject", "Like", "EmojiReact", "Announce", "Add",
    "Remove", "Block", "Flag", "Move", "QuoteRequest", "FeatureRequest", "LikeRequest", "ReplyRequest",
    "AnnounceRequest",
}  # fmt: skip
PARTS = {
    "Tombstone", "Mention", "Hashtag", "Emoji", "Link", "Image", "Document", "PropertyValue", "Multikey",
    "FeaturedCollection", "FeaturedItem", "DataIntegrityProof", "RsaSignature2017",
}  # fmt: skip
# What is answered or asked about goes by id, so that nobody believes a copy; the others carry what they are about.
BY_ID = {"Like", "EmojiReact", "Announce", "Follow", "Block", "Move", "Remove"} | {
    f"{each}Request" for each in ("Quote", "Feature", "Like", "Reply", "Announce")
}
EMBEDDED = {"Create", "Update", "Accept", "Reject", "Undo"}
SINGLE = {"actor", "attributedTo", "audience", "inReplyTo", "target", "id", "type", "published", "updated"}
LISTS = {"to", "cc", "tag", "attachment"}
DATES = {"published", "updated", "endTime", "closed"}
NEVER = {"bto", "bcc"}
WITHOUT_FRAGMENT = {"Create", "Announce"} | POSTS | ACTORS | STAMPS | {"FeaturedCollection", "FeaturedItem"}
FLOATS = {"focalPoint", "latitude", "longitude"}
NEEDED_BY_ACTORS = {
    "inbox", "outbox", "publicKey", "preferredUsername", "name", "summary", "url", "manuallyApprovesFollowers",
    "discoverable", "indexable", "published", "tag", "attachment", "webfinger", "followers", "following", "featured",
    "endpoints", "assertionMethod",
}  # fmt: skip
NOT_OF_APPLICATIONS = {
    "followers", "following", "featured", "published", "webfinger", "indexable", "discoverable", "tag", "attachment",
    "summary", "assertionMethod", "manuallyApprovesFollowers",
}  # fmt: skip
# Terms that the contexts we refer to define; everything else has to be declared.
KNOWN_TERMS = set(
    """
    id type actor object target to cc audience published updated content contentMap summary summaryMap name url href
    mediaType rel attributedTo inReplyTo attachment tag replies likes shares source width height duration icon
    image context result totalItems first last next prev partOf items orderedItems oneOf anyOf endTime closed
    inbox outbox followers instrument following endpoints sharedInbox preferredUsername publicKey owner
    publicKeyPem generator preview Note Question Create Update Delete Undo Accept Reject Like Announce Follow
    Block Flag Add Remove Move Tombstone Link Mention Image Document Person Service Application Group
    Collection OrderedCollection CollectionPage OrderedCollectionPage proof signature DataIntegrityProof
    RsaSignature2017
    """.split()
)

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def request(sent: httpx.Request, body: bytes) -> Iterator[str]:
    """A request of ours. Only what is ActivityPub is looked at."""
    if sent.method != "POST" or sent.headers.get("content-type", "").partition(";")[0] != "application/activity+json":
        return
    yield from _headers(sent.headers)
    yield from document(body)


def served(answer: httpx.Response, body: bytes) -> Iterator[str]:
    """An answer of ours to another server."""
    kind = answer.headers.get("content-type", "")
    if answer.status_code != 200 or not kind.startswith("application/activity+json"):
        return
    if kind != "application/activity+json; charset=utf-8":
        yield f"Content-Type {kind}"
    if "set-cookie" in answer.headers:
        yield "cookies"
    yield from document(body)


def document(body: bytes) -> Iterator[str]:
    """A whole document with its context."""
    if len(body) > MAX_BYTES:
        yield f"{len(body)} bytes"
    twice: list[str] = []

    def pairs(found: list[tuple[str, Any]]) -> JSON:
        made = dict(found)
        if len(made) < len(found):
            twice.append("a key stands twice")
        return made

    value = json.loads(body.decode("utf-8"), object_pairs_hook=pairs)
    yield from twice
    if not isinstance(value, dict):
        yield "not an object"
        return
    if _nesting(value) > MAX_NESTING:
        yield f"nested {_nesting(value)} deep"
    yield from _context(value)
    yield from _object(value, "", top=True)


def _headers(headers: httpx.Headers) -> Iterator[str]:
    if headers.get("content-type") != "application/activity+json":
        yield f"Content-Type {headers.get('content-type')}"
    for name in ("host", "date", "content-length", "user-agent", "signature"):
        if not headers.get(name):
            yield f"no {name}"
    if "https://" not in headers.get("user-agent", ""):
        yield "User-Agent without an address"
    if not headers.get("accept", "").startswith("application/activity+json"):
        yield f"Accept {headers.get('accept')}"
    # Who speaks RFC 9421 has the digest of RFC 9530.
    name, start = ("content-digest", "sha-256=:") if "signature-input" in headers else ("digest", "SHA-256=")
    if not headers.get(name, "").startswith(start):
        yield f"{name} {headers.get(name)}"
    for name in ("transfer-encoding", "expect", "cookie"):
        if name in headers:
            yield f"{name} is sent"


def _context(value: JSON) -> Iterator[str]:
    context = value.get("@context")
    if not isinstance(context, list) or context[:1] != [AS2]:
        yield "@context does not begin with ActivityStreams"
        return
    referred = [each for each in context if isinstance(each, str)]
    declared: JSON = {name: term for each in context if isinstance(each, dict) for name, term in each.items()}
    if sum(isinstance(each, dict) for each in context) > 1 or not isinstance(context[-1], dict | str):
        yield "@context with several objects"
    for unknown in set(referred) - CONTEXTS:
        yield f"@context refers to {unknown}"
    used = _words({name: each for name, each in value.items() if name != "@context"})
    if (SECURITY in referred) != bool({"publicKey", "signature"} & used):
        yield "the security context stands where nothing needs it, or is missing"
    for missing in sorted(used - KNOWN_TERMS - declared.keys()):
        yield f"{missing} is not declared"
    bases = {str(_iri(term)).partition(":")[0] for term in declared.values()}
    for name in declared.keys() - used - bases:
        yield f"{name} is declared and not used"


def _object(value: JSON, path: str, *, top: bool = False) -> Iterator[str]:
    kind = _type(value)
    if "type" in value and (kind is None or kind not in ACTIVITIES | POSTS | ACTORS | COLLECTIONS | STAMPS | PARTS):
        yield f"{path}.type is {value.get('type')!r}"
    if top and kind is None:
        yield "no type"
    yield from _properties(value, path)
    if kind in ACTIVITIES | POSTS | ACTORS | STAMPS and not (_is_option(path) or _is_software(path)):
        yield from _identifier(value, str(kind), path)
    if kind in ACTIVITIES:
        yield from _activity(value, str(kind), path, top=top)
    elif kind in POSTS and not _is_option(path):
        yield from _post(value, path)
    elif kind in ACTORS and not _is_software(path):
        yield from _actor(value, path)
    for name, each in value.items():
        if name in ("@context", "proof", "signature"):
            continue
        for item in each if isinstance(each, list) else [each]:
            if isinstance(item, dict):
                yield from _object(item, f"{path}.{name}")


def _properties(value: JSON, path: str) -> Iterator[str]:
    """What holds for every object."""
    for name, each in value.items():
        where = f"{path}.{name}"
        if each is None or (isinstance(each, list) and None in each):
            yield f"{where} is null"
        if name in NEVER:
            yield f"{where} is sent"
        if name in SINGLE and not isinstance(each, str):
            yield f"{where} is not a text"
        if name in LISTS and not isinstance(each, list):
            yield f"{where} is not a list"
        if name in DATES and not (isinstance(each, str) and _DATE.fullmatch(each)):
            yield f"{where} is {each!r}"
        if name == "url" and not isinstance(each, str):
            yield f"{where} is not a text"
        if name not in FLOATS and any(isinstance(item, float) for item in (each if isinstance(each, list) else [each])):
            yield f"{where} is a fraction"
    for name in ("to", "cc"):
        if not all(isinstance(each, str) and each not in ("as:Public", "Public") for each in value.get(name) or ()):
            yield f"{path}.{name} holds something else than addresses"
    if "updated" in value and _type(value) in POSTS and not value["updated"] > value.get("published", ""):
        yield f"{path}.updated is not later than published"


def _identifier(value: JSON, kind: str, path: str) -> Iterator[str]:
    uri = value.get("id")
    if kind == "Follow" and path == ".object" and str(uri).startswith("urn:uuid:"):
        return  # what is answered, as its actor calls it
    if not isinstance(uri, str) or not uri.startswith("https://"):
        yield f"{path}.id is {uri!r}"
        return
    parts = urlsplit(uri)
    if len(parts.path) + len(parts.query) + len(parts.fragment) < MIN_PATH and kind != "Application":
        yield f"{path}.id {uri} is short"
    if kind in WITHOUT_FRAGMENT and parts.fragment:
        yield f"{path}.id {uri} has a fragment"
    owner = value.get("actor") or value.get("attributedTo")
    if isinstance(owner, str) and urlsplit(owner).netloc != parts.netloc:
        yield f"{path}.id {uri} is not on the host of {owner}"


def _activity(value: JSON, kind: str, path: str, *, top: bool) -> Iterator[str]:
    if "actor" not in value:
        yield f"{path}.actor is missing"
    obj = value.get("object")
    if kind in BY_ID and not isinstance(obj, str) and not (kind == "Remove" and _type(obj or {}) == "Hashtag"):
        yield f"{path}.object of a {kind} is not an id"
    if kind in EMBEDDED and not (isinstance(obj, dict) or not top):
        yield f"{path}.object of a {kind} is not embedded"
    if kind == "Flag" and not (isinstance(obj, list) and obj and all(isinstance(each, str) for each in obj)):
        yield f"{path}.object of a Flag is not a list of ids"
    if kind == "Delete":
        whole = isinstance(obj, dict) and _type(obj) in STAMPS | {"Tombstone", "FeaturedCollection"}
        if not whole and obj != value.get("actor"):
            yield f"{path}.object of a Delete is {obj!r}"
    if (
        kind == "Add"
        and not isinstance(obj, str)
        and (obj or {}).get("type") not in {"FeaturedCollection", "FeaturedItem", "Hashtag"}
    ):
        yield f"{path}.object of an Add is not an id"
    if kind in ("Add", "Remove", "Move") and "target" not in value:
        yield f"{path}.target is missing"
    if top:
        for name in ("to", "cc"):
            if name not in value:
                yield f"{path}.{name} is missing"
    if kind in ("Create", "Update") and isinstance(obj, dict) and _type(obj) in POSTS and _differ(value, obj):
        yield f"{path} and its object are for others"
    if kind in ("Undo", "Accept", "Reject") and isinstance(obj, dict) and isinstance(obj.get("object"), dict):
        yield f"{path}.object.object is not an id"


def _differ(value: JSON, obj: JSON) -> bool:
    return (value.get("to"), value.get("cc")) != (obj.get("to"), obj.get("cc"))


def _post(value: JSON, path: str) -> Iterator[str]:
    vote = "name" in value
    needed = {"id", "attributedTo", "to", "cc", "published"}
    needed |= {"name", "inReplyTo"} if vote else {"content", "sensitive", "tag", "attachment", "url"}
    for name in sorted(needed - value.keys()):
        yield f"{path}.{name} is missing"
    if not vote and not isinstance(value.get("sensitive"), bool):
        yield f"{path}.sensitive is {value.get('sensitive')!r}"
    if value.get("summary") == "":
        yield f"{path}.summary is empty"
    if "contentMap" in value and list(value["contentMap"].values()) != [value.get("content")]:
        yield f"{path}.contentMap is not the content"
    for number, each in enumerate(_several(value.get("attachment"))):
        yield from _attachment(each, f"{path}.attachment[{number}]")
    named = {tag.get("href") for tag in _several(value.get("tag")) if tag.get("type") == "Mention"}
    for uri in named - {*_several(value.get("to")), *_several(value.get("cc"))}:
        yield f"{path} mentions {uri} and is not for them"


def _attachment(value: JSON, path: str) -> Iterator[str]:
    if value.get("type") != "Document":
        yield f"{path}.type is {value.get('type')}"
    for name in ("mediaType", "url"):
        if not isinstance(value.get(name), str):
            yield f"{path}.{name} is {value.get(name)!r}"
    if value.get("name") != value.get("summary"):
        yield f"{path} has two descriptions"


def _actor(value: JSON, path: str) -> Iterator[str]:
    application = value.get("type") == "Application"
    stub = {"id", "type", "publicKey", "preferredUsername"} >= value.keys() - {"@context", "assertionMethod", "inbox"}
    for name in sorted(NEEDED_BY_ACTORS - (NOT_OF_APPLICATIONS if application else set()) - value.keys()):
        if not stub:  # of somebody who shows more to those who sign
            yield f"{path}.{name} is missing"
    key = value.get("publicKey") or {}
    if not str(key.get("publicKeyPem")).startswith("-----BEGIN PUBLIC KEY-----"):
        yield f"{path}.publicKey is not SPKI"
    if not str(key.get("id")).startswith(f"{value.get('id')}#") or key.get("owner") != value.get("id"):
        yield f"{path}.publicKey is somebody else's"
    if value.get("alsoKnownAs") == []:
        yield f"{path}.alsoKnownAs is empty"
    for name in ("icon", "image"):
        if name in value and not isinstance(value[name].get("mediaType"), str):
            yield f"{path}.{name} has no mediaType"


def _type(value: JSON) -> str | None:
    kind = value.get("type")
    return kind if isinstance(kind, str) else None


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_software(path: str) -> bool:
    """What made an actor's server: it is nobody to write to."""
    return path.endswith(".generator")


def _is_option(path: str) -> bool:
    return path.endswith((".oneOf", ".anyOf"))


def _iri(term: Any) -> Any:
    return term.get("@id") if isinstance(term, dict) else term


def _nesting(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_nesting, value.values()), default=0)
    return 1 + max(map(_nesting, value), default=0) if isinstance(value, list) else 0


def _words(value: Any, name: str = "") -> set[str]:
    """Property names and types."""
    if isinstance(value, list):
        return set().union(*(_words(each, name) for each in value))
    if not isinstance(value, dict) or name in ("proof", "signature"):
        return set()
    found = set() if name.endswith("Map") else set(value)
    if isinstance(value.get("type"), str):
        found.add(value["type"])
    return found.union(*(_words(each, key) for key, each in value.items()))
