"""E-mail addresses that may not join: by their domain, or one by one under a hash that knows no dots and +tags."""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from storage.db import Conn
from storage.domains import ancestry
from storage.errors import Conflict
from storage.paging import Page
from storage.rows import columns, struct, structs

KEPT_DAYS = 7


class DomainBlock(msgspec.Struct, frozen=True):
    id: int
    domain: str
    allow_with_approval: bool
    created_at: datetime


class Attempts(msgspec.Struct, frozen=True):
    """Sign-ups of a day that a rule met."""

    block_id: int
    day: date
    people: int
    uses: int


class Canonical(msgspec.Struct, frozen=True):
    id: int
    hash: str


_DOMAIN = columns(DomainBlock)
_CANONICAL = columns(Canonical)


async def domains(conn: Conn, page: Page) -> list[DomainBlock]:
    """Newest first."""
    records = await conn.fetch(
        f"select {_DOMAIN} from email_domain_blocks where id < $1 and id > $2 order by id {page.order} limit $3",
        page.below, page.above, page.size,
    )  # fmt: skip
    return page.arrange(structs(DomainBlock, records))


async def domain(conn: Conn, block_id: int) -> DomainBlock | None:
    return struct(
        DomainBlock, await conn.fetchrow(f"select {_DOMAIN} from email_domain_blocks where id = $1", block_id)
    )


async def add_domain(conn: Conn, name: str, *, allow_with_approval: bool) -> int:
    """`Conflict` when there is a rule for it."""
    block_id: int | None = await conn.fetchval(
        """
        insert into email_domain_blocks (domain, allow_with_approval) values (lower($1), $2)
        on conflict (domain) do nothing returning id
        """,
        name, allow_with_approval,
    )  # fmt: skip
    if block_id is None:
        raise Conflict("Domain has already been taken")
    return block_id


async def remove_domain(conn: Conn, block_id: int) -> str | None:
    """The domain, None when there was no such rule."""
    name: str | None = await conn.fetchval("delete from email_domain_blocks where id = $1 returning domain", block_id)
    return name


async def any_domain(conn: Conn) -> bool:
    """Whether there are rules about domains at all."""
    found: bool = await conn.fetchval("select exists (select from email_domain_blocks)")
    return found


async def matching(conn: Conn, names: Sequence[str]) -> list[DomainBlock]:
    """Rules for any of these domains or one above it, the strictest first."""
    records = await conn.fetch(
        f"""
        select {_DOMAIN} from email_domain_blocks where domain = any($1)
        order by allow_with_approval, length(domain) desc
        """,
        sorted({each for name in names for each in ancestry(name)}),
    )
    return structs(DomainBlock, records)


async def count_attempt(conn: Conn, block_ids: Sequence[int], *, ip: str | None) -> None:
    await conn.execute(
        """
        insert into email_domain_attempts as t (block_id, day, ip)
        select b.id, current_date, $2 from email_domain_blocks b where b.id = any($1)
        on conflict (block_id, day, ip) do update set uses = t.uses + 1
        """,
        list(block_ids), ip or "",
    )  # fmt: skip


async def attempts(conn: Conn, block_ids: Sequence[int]) -> list[Attempts]:
    """Of the last week."""
    records = await conn.fetch(
        """
        select block_id, day, count(*) as people, sum(uses)::bigint as uses from email_domain_attempts
        where block_id = any($1) and day > current_date - $2::int group by block_id, day
        """,
        list(block_ids), KEPT_DAYS,
    )  # fmt: skip
    return structs(Attempts, records)


async def forget_attempts(conn: Conn) -> None:
    await conn.execute("delete from email_domain_attempts where day <= current_date - $1::int", KEPT_DAYS)


async def canonicals(conn: Conn, page: Page) -> list[Canonical]:
    """Newest first."""
    records = await conn.fetch(
        f"select {_CANONICAL} from canonical_email_blocks where id < $1 and id > $2 order by id {page.order} limit $3",
        page.below, page.above, page.size,
    )  # fmt: skip
    return page.arrange(structs(Canonical, records))


async def canonical(conn: Conn, block_id: int) -> Canonical | None:
    return struct(
        Canonical, await conn.fetchrow(f"select {_CANONICAL} from canonical_email_blocks where id = $1", block_id)
    )


async def canonicals_of(conn: Conn, hashed: str) -> list[Canonical]:
    """At most one."""
    records = await conn.fetch(f"select {_CANONICAL} from canonical_email_blocks where hash = $1", hashed)
    return structs(Canonical, records)


async def add_canonical(conn: Conn, hashed: str, *, account_id: int | None = None) -> int | None:
    """The id, None when it was blocked already. `account_id`: whose suspension is the reason."""
    block_id: int | None = await conn.fetchval(
        """
        insert into canonical_email_blocks (hash, account_id) values ($1, $2)
        on conflict (hash) do nothing returning id
        """,
        hashed, account_id,
    )  # fmt: skip
    return block_id


async def remove_canonical(conn: Conn, block_id: int) -> str | None:
    """The hash, None when there was no such block."""
    hashed: str | None = await conn.fetchval(
        "delete from canonical_email_blocks where id = $1 returning hash", block_id
    )
    return hashed


async def forgive(conn: Conn, account_id: int) -> None:
    """Lift what the suspension of an account had blocked."""
    await conn.execute("delete from canonical_email_blocks where account_id = $1", account_id)
