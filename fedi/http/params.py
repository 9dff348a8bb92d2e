"""Query, form, multipart and JSON, merged into one params struct by Rails' rules, which every client relies on.

`a[]=1&a[]=2` and `a[b]=c` nest; `a[0][b]=c` is a list; a scalar serves as a list of one; JSON `null` and, for anything
but text, the empty string mean "not given", or None where a field is `X | None | UnsetType = UNSET`; a boolean is false
for `false 0 f off` and true otherwise; unknown parameters are ignored. See Mastodon's API guidelines:
https://docs.joinmastodon.org/client/intro/#parameters
"""

import contextlib
import functools
import re
import types
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

import msgspec
import orjson
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from fedi import errors

T = TypeVar("T", bound=msgspec.Struct)
Tree = dict[str, Any]  # Any: strings, uploads, lists and trees, nested as the client pleases

MAX_PAIRS = 1000
MAX_DEPTH = 32
_FALSE = frozenset(["false", "0", "f", "off"])
_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_PART = re.compile(r"\[([^\[\]]*)\]")
_MISSING = object()
_FORM = "fedi.form"


async def read(request: Request, *, max_bytes: int) -> Tree:
    """Every parameter of the request as one tree: the body's win over the query's."""
    tree: Tree = {}
    nest(tree, _pairs(request.url.query))
    kind, _, details = (part.strip().lower() for part in request.headers.get("content-type", "").partition(";"))
    if request.method in ("GET", "HEAD") and (kind != "application/json" or request.scope.get("fedi.viewer") is None):
        # Mastodon.py reads with a body. What nobody in particular reads is kept by caches, which know an answer by its
        # address: there a body must change nothing.
        return tree
    if kind == "multipart/form-data" and "boundary=" in details:
        nest(tree, await _multipart(request, max_bytes))
        return tree
    body = await _body(request, max_bytes)
    if kind == "application/json" or kind.endswith("+json"):
        tree.update(_json(body))
    elif body:
        tree_from_form(tree, body)
    return tree


def tree_from_form(tree: Tree, body: bytes) -> None:
    """A form, whatever the content type claimed; JSON without its type is accepted too."""
    if body[:1] == b"{":
        tree.update(_json(body))
        return
    try:
        text = body.decode()
    except UnicodeDecodeError as exc:
        raise errors.BadRequest("The form could not be read") from exc
    nest(tree, _pairs(text))


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_PAIRS)
    except ValueError as exc:
        raise errors.BadRequest("There are too many parameters") from exc


async def _body(request: Request, max_bytes: int) -> bytes:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > max_bytes:
            raise errors.TooLarge("The request is too large")
        chunks.append(chunk)
    return b"".join(chunks)


def _json(body: bytes) -> Tree:
    if not body.strip():
        return {}
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise errors.BadRequest("The JSON could not be read") from exc
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise errors.BadRequest("The JSON must be an object")
    return value


async def _multipart(request: Request, max_bytes: int) -> list[tuple[str, Any]]:
    async def capped() -> Any:
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > max_bytes:
                raise errors.TooLarge("The upload is too large")
            yield chunk

    try:
        parser = MultiPartParser(
            request.headers, capped(), max_files=8, max_fields=MAX_PAIRS, max_part_size=1024 * 1024
        )
        form = await parser.parse()
    except (MultiPartException, KeyError, UnicodeDecodeError) as exc:
        raise errors.BadRequest("The form could not be read") from exc
    request.scope[_FORM] = form
    return form.multi_items()


async def close(request: Request) -> None:
    """Let go of the uploads that `read` found: large ones are files on disk."""
    form = request.scope.pop(_FORM, None)
    for _name, value in form.multi_items() if form is not None else ():
        if isinstance(value, UploadFile):
            with contextlib.suppress(OSError):  # a full disk: what could not be written is let go of all the same
                await value.close()


def nest(tree: Tree, pairs: Iterable[tuple[str, Any]]) -> None:
    """Put `a[b][]` keys into the tree. A key that contradicts an earlier one replaces it."""
    for key, value in pairs:
        match = _KEY.fullmatch(key)
        if match is None:
            tree[key] = value
            continue
        # `a[][]` is a list as well: Mastodon.py has names to which it adds brackets that they have already.
        parts = [match[1], *_PART.findall(re.sub(r"(\[\])+$", "[]", match[2]))]
        if len(parts) <= MAX_DEPTH:
            _put(tree, parts, value)


def _put(tree: Tree, parts: list[str], value: Any) -> None:
    node: Any = tree
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if isinstance(node, list):
            if last:
                node.append(value) if part == "" else node.append({part: value})
                return
            # media_attributes[][id]: a key that the current element already has begins the next element.
            following = parts[index + 1] if part == "" else part
            if not node or not isinstance(node[-1], dict) or following in node[-1]:
                node.append({})
            node = node[-1]
            continue
        if last:
            node[part] = value
            return
        child = node.get(part)
        wanted: type = list if parts[index + 1] == "" else dict
        if not isinstance(child, wanted):
            child = wanted()
            node[part] = child
        node = child


def build(kind: type[T], tree: Tree) -> T:
    """The params struct. `Invalid` names the first parameter that is wrong, `BadRequest` one that is missing."""
    values: dict[str, Any] = {}
    for field, hint in _fields(kind):
        value = _coerce(hint, tree.get(field.encode_name), field.encode_name)
        if value is not _MISSING:
            values[field.name] = value
        elif field.encode_name in tree and msgspec.UnsetType in get_args(hint):
            values[field.name] = None
        elif field.required:
            raise errors.BadRequest(f"param is missing or the value is empty: {field.encode_name}")
    return kind(**values)


@functools.cache
def _fields(kind: type[msgspec.Struct]) -> list[tuple[msgspec.structs.FieldInfo, Any]]:
    """Each field with its type. Any: a type as it is annotated."""
    hints = get_type_hints(kind)
    return [(field, hints[field.name]) for field in msgspec.structs.fields(kind)]


def _coerce(kind: Any, value: Any, name: str) -> Any:
    if value is None:
        return _MISSING
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        options = [option for option in get_args(kind) if option not in (type(None), msgspec.UnsetType)]
        return _coerce(options[0], value, name)
    if origin in (list, tuple):
        return _list(get_args(kind)[0], value, name, origin)
    if origin is dict:
        return value if isinstance(value, dict) else _MISSING
    if origin is Literal:
        if value == "":
            return _MISSING
        if value not in get_args(kind):
            raise errors.Invalid(f"{name} is not included in the list")
        return value
    if kind is Any:
        return value
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return build(kind, value) if isinstance(value, dict) else _MISSING
    return _scalar(kind, value, name)


def _list(kind: Any, value: Any, name: str, wanted: Any) -> Any:
    if isinstance(value, dict):  # {"0": …, "1": …}
        value = [value[key] for key in sorted(value, key=lambda key: (len(key), key))]
    elif not isinstance(value, list):
        value = [value]
    items = [_coerce(kind, item, name) for item in value]
    return wanted(item for item in items if item is not _MISSING)


def _scalar(kind: Any, value: Any, name: str) -> Any:
    if kind is UploadFile:
        return value if isinstance(value, UploadFile) else _MISSING
    if isinstance(value, (dict, list, UploadFile)):
        raise errors.Invalid(f"{name} is invalid")
    if kind is str:
        return _text(value, name)
    if value == "":
        return _MISSING
    if kind is bool:
        return str(value).lower() not in _FALSE
    if kind is int:
        return _int(value, name)
    if kind is float:
        return _float(value, name)
    if kind is datetime:
        return _datetime(str(value), name)
    raise TypeError(f"parameters of type {kind} are not supported")


def _text(value: Any, name: str) -> str:
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    if "\0" in text:
        text = text.replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise errors.Invalid(f"{name} is not valid Unicode") from exc
    return text


def _int(value: Any, name: str) -> int:
    if isinstance(value, (bool, float)):
        return _in_range(int(value))
    text = str(value).strip()
    if not re.fullmatch(r"-?[0-9]{1,100}", text):
        raise errors.Invalid(f"{name} is not a number")
    return _in_range(int(text))


def _in_range(number: int) -> int:
    """Out of range is no error: a cursor above every id is a legal cursor."""
    return max(min(number, 2**63 - 1), -(2**63))


def _float(value: Any, name: str) -> float:
    try:
        number = float(value)
    except ValueError as exc:
        raise errors.Invalid(f"{name} is not a number") from exc
    if number != number or number in (float("inf"), float("-inf")):
        raise errors.Invalid(f"{name} is not a number")
    return number


def _datetime(value: str, name: str) -> datetime:
    try:
        return msgspec.convert(value.replace(" ", "+"), datetime, strict=False).astimezone()
    except (msgspec.ValidationError, OverflowError, ValueError) as exc:
        raise errors.Invalid(f"{name} is not a date") from exc
