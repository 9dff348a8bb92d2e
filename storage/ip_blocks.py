"""Networks that may not join without approval, not at all, or not even look."""

from datetime import datetime
from typing import Literal

import msgspec

from storage.db import Conn
from storage.errors import Conflict
from storage.paging import Page
from storage.rows import columns, struct, structs

Severity = Literal["sign_up_requires_approval", "sign_up_block", "no_access"]


class Block(msgspec.Struct, frozen=True):
    id: int
    ip: str  # a network
    severity: Severity
    comment: str
    expires_at: datetime | None
    created_at: datetime


_COLUMNS = columns(Block).replace('"ip"', "text(ip) as ip")
_STANDING = "(expires_at is null or expires_at > now())"


async def page(conn: Conn, page: Page) -> list[Block]:
    """Newest first."""
    records = await conn.fetch(
        f"""
        select {_COLUMNS} from ip_blocks where id < $1 and id > $2 and {_STANDING}
        order by id {page.order} limit $3
        """,
        page.below, page.above, page.size,
    )  # fmt: skip
    return page.arrange(structs(Block, records))


async def by_id(conn: Conn, block_id: int) -> Block | None:
    return struct(
        Block, await conn.fetchrow(f"select {_COLUMNS} from ip_blocks where id = $1 and {_STANDING}", block_id)
    )


async def add(conn: Conn, network: str, *, severity: Severity, comment: str, expires_at: datetime | None) -> int:
    """`Conflict` when there is a rule for that very network."""
    block_id: int | None = await conn.fetchval(
        """
        insert into ip_blocks as b (ip, severity, comment, expires_at) values ($1::text::cidr, $2, $3, $4)
        on conflict (ip) do update set id = default, severity = $2, comment = $3, expires_at = $4, created_at = now()
            where b.expires_at <= now()
        returning id
        """,
        network, severity, comment, expires_at,
    )  # fmt: skip
    if block_id is None:
        raise Conflict("Ip has already been taken")
    return block_id


async def update(conn: Conn, block: Block) -> None:
    """Write what may change of it. `Conflict` when there is another rule for its network."""
    done = await conn.fetchval(
        """
        update ip_blocks b set ip = $2::text::cidr, severity = $3, comment = $4, expires_at = $5
        where id = $1 and not exists (select from ip_blocks o where o.ip = $2::text::cidr and o.id <> b.id)
        returning id
        """,
        block.id, block.ip, block.severity, block.comment, block.expires_at,
    )  # fmt: skip
    if done is None:
        raise Conflict("Ip has already been taken")


async def remove(conn: Conn, block_id: int) -> str | None:
    """The network, None when there was no such rule."""
    network: str | None = await conn.fetchval("delete from ip_blocks where id = $1 returning text(ip)", block_id)
    return network


async def remove_network(conn: Conn, network: str) -> bool:
    return await conn.fetchval("delete from ip_blocks where ip = $1::text::cidr returning id", network) is not None


async def severities(conn: Conn, ip: str) -> set[str]:
    """What holds for an address."""
    records = await conn.fetch(
        f"select distinct severity from ip_blocks where ip >>= $1::text::inet and {_STANDING}", ip
    )
    return {record[0] for record in records}


async def closed(conn: Conn) -> list[tuple[str, datetime | None]]:
    """Networks without access, and until when."""
    records = await conn.fetch(
        f"select text(ip), expires_at from ip_blocks where severity = 'no_access' and {_STANDING}"
    )
    return [(record[0], record[1]) for record in records]


async def forget_expired(conn: Conn) -> None:
    await conn.execute("delete from ip_blocks where expires_at <= now()")
