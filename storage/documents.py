"""What the operators say at length, in Markdown: privacy policy, terms of service, extended description. Every version
with the day from which it holds."""

from datetime import date, datetime
from typing import Literal

import msgspec

from storage.db import Conn
from storage.rows import struct, structs

Kind = Literal["privacy_policy", "terms_of_service", "extended_description"]


class Document(msgspec.Struct, frozen=True):
    """`succeeded_on`: when the next version takes its place, if there is one."""

    id: int
    kind: Kind
    text: str
    effective_date: date
    created_at: datetime
    succeeded_on: date | None


_COLUMNS = """d.id, d.kind, d.text, d.effective_date, d.created_at,
    (select min(n.effective_date) from documents n where n.kind = d.kind and n.effective_date > d.effective_date)
        as succeeded_on"""


async def put(conn: Conn, kind: Kind, text: str, effective_date: date) -> None:
    """Another text for the same day replaces it."""
    await conn.execute(
        """
        insert into documents (kind, text, effective_date) values ($1, $2, $3)
        on conflict (kind, effective_date) do update set text = excluded.text, created_at = now()
        """,
        kind, text, effective_date,
    )  # fmt: skip


async def current(conn: Conn, kind: Kind) -> Document | None:
    """The version that holds today; before the first one does, that."""
    record = await conn.fetchrow(
        f"""
        select {_COLUMNS} from documents d where d.kind = $1
        order by d.effective_date <= current_date desc,
            case when d.effective_date <= current_date then d.effective_date end desc, d.effective_date limit 1
        """,
        kind,
    )
    return struct(Document, record)


async def of_day(conn: Conn, kind: Kind, day: date) -> Document | None:
    """The version that took effect on a day."""
    record = await conn.fetchrow(
        f"select {_COLUMNS} from documents d where d.kind = $1 and d.effective_date = $2", kind, day
    )
    return struct(Document, record)


async def listed(conn: Conn) -> list[Document]:
    records = await conn.fetch(f"select {_COLUMNS} from documents d order by d.kind, d.effective_date desc")
    return structs(Document, records)


async def kinds(conn: Conn) -> set[Kind]:
    """Those there is a text of."""
    return {record[0] for record in await conn.fetch("select distinct kind from documents")}


async def remove(conn: Conn, kind: Kind, day: date) -> bool:
    removed = await conn.fetchval(
        "delete from documents where kind = $1 and effective_date = $2 returning id", kind, day
    )
    return removed is not None
