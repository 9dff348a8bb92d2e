"""The rules of this server, in the order people read them."""

import msgspec

from storage.db import Conn
from storage.rows import columns, structs


class Rule(msgspec.Struct, frozen=True):
    id: int
    text: str
    hint: str


async def listed(conn: Conn) -> list[Rule]:
    records = await conn.fetch(f"select {columns(Rule)} from rules order by position, id")
    return structs(Rule, records)


async def add(conn: Conn, text: str, hint: str = "") -> int:
    """At the end of the list; its id."""
    rule_id: int = await conn.fetchval(
        """
        insert into rules (text, hint, position)
        select $1, $2, coalesce(max(position), 0) + 1 from rules returning id
        """,
        text, hint,
    )  # fmt: skip
    return rule_id


async def remove(conn: Conn, rule_id: int) -> bool:
    return await conn.fetchval("delete from rules where id = $1 returning id", rule_id) is not None
