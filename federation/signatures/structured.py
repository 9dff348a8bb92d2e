"""Structured fields (RFC 8941), as much of them as signatures need: dictionaries of items and inner lists, both ways.

A bounded scanner of our own: one pass, no backtracking, and limits on everything. Errors are SignatureError,
status 400.
"""

import base64
import re
from typing import TypeAlias

from msgspec import Struct

from federation.errors import SignatureError

MAX_CHARACTERS = 8_192
MAX_MEMBERS = 8
MAX_ITEMS = 32
MAX_PARAMETERS = 16

_KEY = re.compile(r"[a-z*][a-z0-9_.*-]{0,127}")
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,3})?")
_STRING = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_BYTES = re.compile(r":([A-Za-z0-9+/]*={0,2}):")
_TOKEN = re.compile(r"[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]{0,127}")
_SPACE = re.compile(r"[ \t]*")


class Token(Struct, frozen=True):
    """A bare word, which is not the string of the same letters."""

    text: str


Value: TypeAlias = bool | int | float | str | bytes | Token


class Item(Struct, frozen=True):
    value: Value
    parameters: dict[str, Value] = {}


class Inner(Struct, frozen=True):
    """An inner list with its parameters, in their order."""

    items: tuple[Item, ...]
    parameters: dict[str, Value] = {}


Member: TypeAlias = Item | Inner


def dictionary(text: str) -> dict[str, Member]:
    """Members in their order; of several of one key the last, as the RFC says."""
    scanner = _Scanner(text)
    members: dict[str, Member] = {}
    scanner.skip(_SPACE)
    while not scanner.ended:
        key = scanner.take(_KEY, "a key")[0]
        members.pop(key, None)
        if scanner.found("="):
            members[key] = _inner(scanner) if scanner.found("(") else _item(scanner)
        else:
            members[key] = Item(True, _parameters(scanner))
        if len(members) > MAX_MEMBERS:
            raise _malformed("too many members")
        scanner.skip(_SPACE)
        if scanner.ended:
            break
        if not scanner.found(","):
            raise _malformed("no comma between members")
        scanner.skip(_SPACE)
        if scanner.ended:
            raise _malformed("a comma at the end")
    return members


def serialise(member: Member) -> str:
    if isinstance(member, Inner):
        return f"({' '.join(map(serialise, member.items))}){_serialise_parameters(member.parameters)}"
    return _serialise_value(member.value) + _serialise_parameters(member.parameters)


def _serialise_parameters(parameters: dict[str, Value]) -> str:
    return "".join(
        f";{name}" if value is True else f";{name}={_serialise_value(value)}" for name, value in parameters.items()
    )


def _serialise_value(value: Value) -> str:
    if isinstance(value, bool):
        return "?1" if value else "?0"
    if isinstance(value, bytes):
        return f":{base64.b64encode(value).decode()}:"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return value.text if isinstance(value, Token) else str(value)


class _Scanner:
    __slots__ = ("at", "text")

    def __init__(self, text: str) -> None:
        if len(text) > MAX_CHARACTERS:
            raise _malformed("too long")
        self.text = text
        self.at = 0

    @property
    def ended(self) -> bool:
        return self.at >= len(self.text)

    def found(self, character: str) -> bool:
        """Step over this character if it is next."""
        if self.text.startswith(character, self.at):
            self.at += 1
            return True
        return False

    def skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def take(self, pattern: re.Pattern[str], what: str) -> re.Match[str]:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise _malformed(f"{what} is missing")
        self.at = match.end()
        return match


def _inner(scanner: _Scanner) -> Inner:
    items: list[Item] = []
    while True:
        scanner.skip(_SPACE)
        if scanner.found(")"):
            return Inner(tuple(items), _parameters(scanner))
        items.append(_item(scanner))
        if len(items) > MAX_ITEMS:
            raise _malformed("too many items")
        if not scanner.text.startswith((" ", ")"), scanner.at):
            raise _malformed("no space between items")


def _item(scanner: _Scanner) -> Item:
    return Item(_value(scanner), _parameters(scanner))


def _parameters(scanner: _Scanner) -> dict[str, Value]:
    parameters: dict[str, Value] = {}
    while scanner.found(";"):
        scanner.skip(_SPACE)
        name = scanner.take(_KEY, "the name of a parameter")[0]
        parameters.pop(name, None)
        parameters[name] = _value(scanner) if scanner.found("=") else True
        if len(parameters) > MAX_PARAMETERS:
            raise _malformed("too many parameters")
    return parameters


def _value(scanner: _Scanner) -> Value:
    first = scanner.text[scanner.at : scanner.at + 1]
    if first == '"':
        return re.sub(r"\\(.)", r"\1", scanner.take(_STRING, "the end of a string")[1])
    if first == ":":
        try:
            return base64.b64decode(scanner.take(_BYTES, "the end of bytes")[1], validate=True)
        except ValueError as exc:
            raise _malformed("bytes that are not base64") from exc
    if first == "?":
        scanner.at += 1
        if scanner.found("1"):
            return True
        if scanner.found("0"):
            return False
        raise _malformed("neither ?0 nor ?1")
    if first == "-" or first.isdigit():
        number = scanner.take(_NUMBER, "a number")[0]
        return float(number) if "." in number else int(number)
    return Token(scanner.take(_TOKEN, "a value")[0])


def _malformed(what: str) -> SignatureError:
    return SignatureError(f"a header is malformed: {what}", status=400)
