"""One body in every encoding that clients use for it."""

from collections.abc import Iterator, Mapping
from typing import Any

ENCODINGS = ("json", "form", "multipart", "query")

Body = Mapping[str, Any]


def encoded(body: Body, encoding: str, files: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Arguments for an httpx request. With files there is no other encoding than multipart, but of the query."""
    pairs = list(flat(body))
    if encoding == "query":
        return {"params": pairs, **({"files": dict(files)} if files else {})}
    if files:
        return {"files": [*((name, (None, value)) for name, value in pairs), *files.items()]}
    if encoding == "json":
        return {"json": dict(body)}
    if encoding == "multipart":
        # An empty form has no parts, so nothing tells httpx that it is one.
        return {"files": [(name, (None, value)) for name, value in pairs] or {"": (None, "")}}
    data: dict[str, list[str]] = {}
    for name, value in pairs:
        data.setdefault(name, []).append(value)
    return {"data": data}


def flat(body: Body, prefix: str = "") -> Iterator[tuple[str, str]]:
    """As Rails writes it: lists `a[]`, objects `a[b]`, lists of objects `a[][b]`."""
    for key, value in body.items():
        name = f"{prefix}[{key}]" if prefix else key
        if isinstance(value, Mapping):
            yield from flat(value, name)
        elif isinstance(value, (list, tuple)):
            for item in value:
                if isinstance(item, Mapping):
                    yield from flat(item, f"{name}[]")
                else:
                    yield f"{name}[]", _text(item)
        else:
            yield name, _text(value)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
