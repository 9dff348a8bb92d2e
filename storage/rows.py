"""Records to structs, by position: a `select` names its columns in the order of the struct's fields."""

from collections.abc import Iterable
from typing import TypeVar

import asyncpg
import msgspec

T = TypeVar("T", bound=msgspec.Struct)

# What an id is compared with, for a list of ids, in a statement that is costly to plan: `s.id = {ANY_OF_1}`.
# Postgres keeps the plan of a prepared statement only if it seems as good as one made for the values at hand. For a
# list of one id it never does, and planning a large statement takes ten times as long as running it. Of a list that
# comes out of a subquery it cannot tell the length beforehand.
ANY_OF_1 = "any(array(select unnest($1::bigint[])))"
ANY_OF_2 = "any(array(select unnest($2::bigint[])))"
# The same for a switch: a plan for the value at hand leaves out what the other value needs, and so always seems better.
SWITCH_3 = "(select $3::boolean)"
SWITCH_4 = "(select $4::boolean)"

_checked: set[tuple[type, tuple[str, ...]]] = set()


def _check(kind: type[msgspec.Struct], record: asyncpg.Record) -> None:
    names = tuple(record.keys())
    if (kind, names) in _checked:
        return
    if names != kind.__struct_fields__:
        raise TypeError(f"{kind.__name__} has fields {kind.__struct_fields__}, the query returned {names}")
    _checked.add((kind, names))


def struct(kind: type[T], record: asyncpg.Record | None) -> T | None:
    """One record as a struct; None stays None. Column names are compared once per shape."""
    if record is None:
        return None
    _check(kind, record)
    return kind(*record.values())


def structs(kind: type[T], records: Iterable[asyncpg.Record]) -> list[T]:
    """Records as structs, in the order given."""
    result: list[T] = []
    for record in records:
        if not result:
            _check(kind, record)
        result.append(kind(*record.values()))
    return result


def columns(kind: type[msgspec.Struct], alias: str = "") -> str:
    """The column list of a struct, for the select that feeds it: `a.id, a.username, …`."""
    prefix = f"{alias}." if alias else ""
    return ", ".join(f'{prefix}"{name}"' for name in kind.__struct_fields__)
