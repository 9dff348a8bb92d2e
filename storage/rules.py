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
