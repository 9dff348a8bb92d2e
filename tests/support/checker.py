"""A strict judge of our own for answers of the client API, on the facts in `facts/`.

`check` is stricter than any client: every key that Mastodon always sends must be there with its type, no other key may
be, and what a schema cannot say stands in `_RULES`. A `Checker` also remembers what it has seen.
"""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

_FACTS = Path(__file__).parent / "facts"
_TIME = r"\d{4}-(0[1-9]|1[0-2])-([0-2]\d|3[01])T"
_LONGEST_SHOWN = 120


class Entity(msgspec.Struct, forbid_unknown_fields=True):
    keys: dict[str, str] = {}
    may: dict[str, str] = {}
    like: str | None = None
    without: list[str] = []
    together: list[str] = []


class Operations(msgspec.Struct, forbid_unknown_fields=True):
    tier1: dict[str, dict[str, str]] = {}
    more: dict[str, dict[str, str]] = {}


class Checker:
    """`check`, and the set of operations that answered with success at least once."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def check(self, method: str, path: str, status: int, body: object, *, user: bool | None = None) -> list[str]:
        operation = find(method, path)
        if operation and status < 400:
            self.seen.add(operation)
        return check(method, path, status, body, user=user)

    def check_message(self, message: object) -> list[str]:
        """One message of the streaming socket, its payload included."""
        self.seen.add("WS /api/v1/streaming")
        return check_message(message)

    def missing(self) -> list[str]:
        """Tier-1 operations not seen yet."""
        return [each for each in operations() if each not in self.seen]


def operations() -> list[str]:
    """`METHOD /path/:param` of everything in tier 1."""
    return list(_operations()[""].tier1)


def every_operation() -> list[str]:
    return list(_answers())


def shows(operation: str, entity: str) -> bool:
    """Whether an entity can be anywhere in what the operation answers."""
    return entity in _within(" ".join(_answers()[operation].values()), frozenset())


def _within(kind: str, known: frozenset[str]) -> frozenset[str]:
    """The entities that a type names, and those of which they are made."""
    for name in re.findall(r"[A-Z]\w+", kind):
        if name not in known and name in _entities():
            entity = _entities()[name]
            known = _within(" ".join([*entity.keys.values(), *entity.may.values()]), known | {name})
    return known


def topics() -> dict[str, list[str]]:
    """By topic, which is the name of a file `facts/operations_TOPIC.json`, the operations in it."""
    return {topic: list(each.more) for topic, each in _operations().items() if topic}


def find(method: str, path: str) -> str | None:
    """The operation a request belongs to. PUT stands for PATCH and the other way round where there is no word of the
    one; host, query and a slash at the end do not matter."""
    path = re.sub(r"^(https?|wss?)://[^/]+", "", path).split("?")[0].rstrip("/") or "/"
    alias = {"PUT": "PATCH", "PATCH": "PUT"}.get(method.upper(), method.upper())
    for operation, pattern in _patterns().get(path.count("/"), ()):
        if operation.split()[0] in (method.upper(), alias) and pattern.fullmatch(path):
            exact = f"{method.upper()} {operation.split()[1]}"
            return exact if exact in _answers() else operation
    return None


def check(method: str, path: str, status: int, body: object, *, user: bool | None = None) -> list[str]:
    """Violations, empty when all is well. `body` is parsed JSON, or a str for what is not JSON.

    `user` says whether a person's token was sent: then statuses must carry the viewer's flags, or else must not.
    """
    operation = find(method, path)
    if status >= 400:
        kind = _answers().get(operation or "", {}).get(str(status)) or _error_kind(path, status)
        return list(_violations(kind, body, "error"))
    if operation is None:
        return [f"no such operation: {method} {path}"]
    answers = _answers()[operation]
    if str(status) not in answers:
        return [f"{operation} does not answer {status}"]
    found = list(_violations(answers[str(status)], body, ""))
    if user is not None:
        found += _flags(body, "", expected=user)
    if "media" not in path:
        found += _unready(body, "")
    return found


def check_message(message: object) -> list[str]:
    found = list(_violations("StreamMessage", message, ""))
    if found or not isinstance(message, dict):
        return found
    kind = _PAYLOADS.get(message["event"])
    if kind is None:
        return []
    if "payload" not in message:
        return ["payload: missing"]
    payload = message["payload"]
    try:
        return list(_violations(kind, payload if kind == "id" else json.loads(payload), "payload"))
    except json.JSONDecodeError:
        return ["payload: not JSON in a string"]


def violations(kind: str, value: object) -> list[str]:
    """Of something that is no answer."""
    return list(_violations(kind, value, ""))


_PAYLOADS = {
    "update": "Status",
    "status.update": "Status",
    "delete": "id",
    "notification": "Notification",
    "conversation": "Conversation",
    "announcement": "Announcement",
    "announcement.reaction": "AnnouncementReaction",
    "announcement.delete": "id",
}


@cache
def _entities() -> dict[str, Entity]:
    read: dict[str, Entity] = {}
    for path in sorted(_FACTS.glob("entities*.json")):
        found = msgspec.json.decode(path.read_bytes(), type=dict[str, Entity])
        assert not read.keys() & found.keys(), f"{path.name} says something again"
        read |= found
    return {name: _inherited(read, entity) for name, entity in read.items()}


def _inherited(read: dict[str, Entity], entity: Entity) -> Entity:
    if entity.like is None:
        return entity
    parent = _inherited(read, read[entity.like])
    keys = {**parent.keys, **entity.keys}
    may = {key: kind for key, kind in {**parent.may, **entity.may}.items() if key not in entity.keys}
    return Entity(
        keys={key: kind for key, kind in keys.items() if key not in entity.without},
        may=may,
        together=entity.together or parent.together,
    )


@cache
def _operations() -> dict[str, Operations]:
    """By topic; "" is operations.json."""
    return {
        path.stem.removeprefix("operations").removeprefix("_"): msgspec.json.decode(path.read_bytes(), type=Operations)
        for path in sorted(_FACTS.glob("operations*.json"))
    }


@cache
def _answers() -> dict[str, dict[str, str]]:
    every: dict[str, dict[str, str]] = {}
    for topic, each in _operations().items():
        assert not every.keys() & {**each.tier1, **each.more}.keys(), f"{topic} says something again"
        every |= {**each.tier1, **each.more}
    return every


@cache
def _patterns() -> dict[int, list[tuple[str, re.Pattern[str]]]]:
    """By the number of slashes; literal paths before those with parameters."""
    found: dict[int, list[tuple[str, re.Pattern[str]]]] = {}
    for operation in sorted(_answers(), key=lambda operation: operation.count(":")):
        path = operation.split()[1]
        found.setdefault(path.count("/"), []).append((operation, re.compile(_pattern(path))))
    return found


def _pattern(path: str) -> str:
    """An `:id` is digits, so that `/notifications/requests` is not taken for a notification."""
    return re.sub(r":\w+", "[^/]+", re.sub(r":(\w+_)?id\b", "[0-9]+", re.escape(path)))


def _error_kind(path: str, status: int) -> str:
    return "OAuthError" if "/oauth/" in path and status < 404 else "Error"


def _violations(kind: str, value: object, where: str) -> Iterator[str]:
    """What is wrong with `value`, read as a type of the notation in facts/README.md."""
    if kind.endswith("?"):
        if value is None:
            return
        kind = kind[:-1]
    if kind.startswith("("):
        kind = kind[1:-1]
    if value is None and kind != "any":
        yield f"{where}: null instead of {kind}"
    elif kind.startswith("["):
        yield from _list(kind[1:-1], value, where)
    elif kind.startswith("{"):
        yield from _map(kind[1:-1], value, where)
    elif "/" in kind:
        yield from min(([*_violations(each, value, where)] for each in kind.split("/")), key=len)
    elif kind[0].isupper():
        yield from _entity(kind, value, where)
    elif kind.startswith("="):
        if value not in kind[1:].split("|"):
            yield f"{where}: {_shown(value)} is none of {kind[1:]}"
    elif not _SCALARS[kind](value):
        yield f"{where}: {_shown(value)} is not {kind}"


def _list(kind: str, value: object, where: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{where}: {_shown(value)} is not a list"
        return
    for index, item in enumerate(value):
        yield from _violations(kind, item, f"{where}[{index}]")


def _map(kind: str, value: object, where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where}: {_shown(value)} is not an object"
        return
    for key, item in value.items():
        yield from _violations(kind, item, f"{where}.{key}")


def _entity(name: str, value: object, where: str) -> Iterator[str]:
    entity = _entities()[name]
    if not isinstance(value, dict):
        yield f"{where}: {_shown(value)} is not {name}"
        return
    found = [f"{where}.{key}: missing from {name}" for key in entity.keys if key not in value]
    known = {**entity.may, **entity.keys}
    for key, item in value.items():
        found += _violations(known[key], item, f"{where}.{key}") if key in known else [f"{where}.{key}: not of {name}"]
    present = [key for key in entity.together if key in value]
    if present and len(present) < len(entity.together):
        found.append(f"{where}: of {', '.join(entity.together)} only {', '.join(present)}")
    yield from found
    if not found:  # The rules across keys rely on the shape.
        for rule in _RULES.get(name, ()):
            yield from (f"{where}: {message}" for message in rule(value))


def _shown(value: object) -> str:
    return repr(value)[:_LONGEST_SHOWN]


def _flags(value: object, where: str, *, expected: bool) -> list[str]:
    """Statuses, polls and tags anywhere below whose viewer flags are missing, or there without a viewer."""
    found: list[str] = []
    if isinstance(value, dict):
        flag = next((flag for flag, marks in _FLAGS.items() if marks <= value.keys()), None)
        if flag and (flag in value) != expected:
            found.append(f"{where}.{flag}: {'missing' if expected else 'sent without a viewer'}")
        for key, item in value.items():
            found += _flags(item, f"{where}.{key}", expected=expected)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += _flags(item, f"{where}[{index}]", expected=expected)
    return found


_FLAGS = {
    "favourited": {"visibility", "spoiler_text", "account"},
    "voted": {"options", "voters_count"},
    "following": {"history", "name", "id"},
}


def _unready(value: object, where: str) -> list[str]:
    """Attachments without an address anywhere but in the media endpoints, where they may still be in the making."""
    found: list[str] = []
    if isinstance(value, dict):
        if "preview_remote_url" in value and value.get("type") != "unknown" and not value.get("url"):
            found.append(f"{where}.url: null on a finished attachment")
        for key, item in value.items():
            found += _unready(item, f"{where}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += _unready(item, f"{where}[{index}]")
    return found


def _matches(pattern: str) -> Callable[[object], bool]:
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9]{1,19}", value) is not None and int(value) < 2**63


def _is_html(value: object) -> bool:
    if not isinstance(value, str):
        return False
    outside = re.sub(r"<pre\b.*?</pre>", "", value, flags=re.DOTALL)
    return "\n" not in outside and not re.search(r"<(script|style|iframe|object|form|input|img)\b", outside)


_SCALARS: dict[str, Callable[[object], bool]] = {
    "any": lambda value: True,
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
    "text": lambda value: isinstance(value, str) and value != "",
    "html": _is_html,
    "bool": lambda value: isinstance(value, bool),
    "int": _is_int,
    "number": lambda value: _is_int(value) or isinstance(value, float),
    "id": _is_id,
    "integer-id": _matches(r"-?[0-9]{1,19}"),
    "digits": _matches(r"[0-9]+"),
    "time": _matches(_TIME + r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z"),
    "moment": _matches(_TIME + r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{3})?Z"),
    "midnight": _matches(_TIME + r"00:00:00\.000Z"),
    "date": _matches(_TIME.removesuffix("T")),
    "url": _matches(r"https?://[^\s/?#]+[^\s]*"),
    "url-or-empty": _matches(r"(https?://[^\s/?#]+[^\s]*)?"),
    "websocket": _matches(r"wss?://[^\s/]+"),
    "host": _matches(r"[^\s/:@]+(:\d+)?"),
    "language": _matches(r"[a-z]{2,3}(-[A-Za-z]{2,8})?"),
    "version": _matches(r"\d+\.\d+\.\d+( \(compatible; [^()]+\))?"),
}


def _boost(status: dict[str, Any]) -> Iterator[str]:
    inner = status["reblog"]
    if inner is None:
        return
    if inner["reblog"]:
        yield "a boost of a boost"
    if inner["id"] == status["id"] or inner["uri"] == status["uri"]:
        yield "a boost shares the id of what it boosts"
    for flag in ("favourited", "reblogged", "bookmarked", "muted"):
        if status.get(flag) != inner.get(flag):
            yield f"{flag} differs between a boost and what it boosts"
    if status["media_attachments"] or status["poll"] or status["quote"]:
        yield "a boost has attachments of its own"


_SHOWN = {"accepted", "blocked_account", "blocked_domain", "muted_account"}


def _quote(quote: dict[str, Any]) -> Iterator[str]:
    if (quote["state"] in _SHOWN) != (quote["quoted_status"] is not None):
        yield f"a quote that is {quote['state']}, and its status"
    inner = (quote["quoted_status"] or {}).get("quote")
    if inner is not None and "quoted_status" in inner:
        yield "a quote in a quote is embedded"


def _poll(poll: dict[str, Any]) -> Iterator[str]:
    if len(poll["options"]) < 2:
        yield "a poll with less than two options"
    if any(not 0 <= each < len(poll["options"]) for each in poll.get("own_votes", [])):
        yield "own_votes names no option"


_STATUS_TYPES = {"mention", "status", "reblog", "favourite", "poll", "update", "quote", "quoted_update"}


def _notification(notification: dict[str, Any]) -> Iterator[str]:
    kind, status = notification["type"], notification.get("status")
    if kind in _STATUS_TYPES and status is None:
        yield f"{kind} without a status"
    if kind in ("reblog", "favourite") and status and status["reblog"]:
        yield f"the status of {kind} is the boost instead of the viewer's own"


def _attachment(attachment: dict[str, Any]) -> Iterator[str]:
    if attachment["type"] in ("image", "gifv", "video") and attachment["url"] and not attachment["preview_url"]:
        yield "a picture without a preview"


def _conversation(conversation: dict[str, Any]) -> Iterator[str]:
    if not conversation["accounts"]:
        yield "a conversation without anybody"


def _tag_address(tag: dict[str, Any]) -> Iterator[str]:
    if not re.search("/(tags|tagged)/[^/]+$", tag["url"]):
        yield "the address of a tag does not end in /tags/NAME"


_RULES: dict[str, tuple[Callable[[dict[str, Any]], Iterator[str]], ...]] = {
    "Status": (_boost,),
    "Poll": (_poll,),
    "Quote": (_quote,),
    "Notification": (_notification,),
    "MediaAttachment": (_attachment,),
    "Conversation": (_conversation,),
    "StatusTag": (_tag_address,),
    "Tag": (_tag_address,),
}


recorded = Checker()
"""What the tests that go through HTTP report to."""
