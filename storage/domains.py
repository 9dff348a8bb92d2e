"""Domains as the operator judges them: blocked, limited, or (in allow-list mode) allowed; subdomains with them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from storage import events
from storage.db import Conn
from storage.paging import Page
from storage.rows import columns, struct, structs

Severity = Literal["noop", "silence", "suspend"]


class Block(msgspec.Struct, frozen=True):
    id: int
    domain: str
    severity: Severity
    reject_media: bool
    reject_reports: bool
    public_comment: str | None
    private_comment: str | None
    obfuscate: bool
    created_at: datetime
    judged_at: datetime  # of the severity: the mark that accounts of the domain bear


class Allow(msgspec.Struct, frozen=True):
    id: int
    domain: str
    created_at: datetime


_COLUMNS = columns(Block)
# The domain of its handle, and the host of its actor, which may be another.
_DOMAIN = "split_part(lower(domain), ':', 1)"
_HOST = "split_part(split_part(lower(uri), '/', 3), ':', 1)"
# Accounts of other servers at the domain $1 or below it.
_BELOW = f"""not is_local and ({_DOMAIN} = $1 or {_DOMAIN} like '%.' || $1
    or {_HOST} = $1 or {_HOST} like '%.' || $1)"""


def ancestry(domain: str) -> list[str]:
    """The domain and everything it lies below, without its port: a.b.test → a.b.test, b.test, test."""
    labels = domain.lower().partition(":")[0].split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]


async def block(
    conn: Conn,
    domain: str,
    *,
    severity: Severity = "suspend",
    reject_media: bool = False,
    reject_reports: bool = False,
    public_comment: str | None = None,
    private_comment: str | None = None,
    obfuscate: bool = False,
) -> int:
    """Write or change the rule for a domain; its id. Emits `DomainJudged` when what is here already is concerned."""
    before = await by_domain(conn, domain)
    ended = before.judged_at if before is not None and before.severity != severity else None
    block_id: int = await conn.fetchval(
        """
        insert into domain_blocks as b
            (domain, severity, reject_media, reject_reports, public_comment, private_comment, obfuscate)
        values (lower($1), $2, $3, $4, $5, $6, $7)
        on conflict (domain) do update set severity = $2, reject_media = $3, reject_reports = $4, public_comment = $5,
            private_comment = $6, obfuscate = $7,
            judged_at = case when b.severity = $2 then b.judged_at else clock_timestamp() end
        returning id
        """,
        domain, severity, reject_media, reject_reports, public_comment, private_comment, obfuscate,
    )  # fmt: skip
    if before is None or ended is not None or before.reject_media != reject_media:
        await events.emit(conn, events.DomainJudged(domain.lower(), ended))
    return block_id


async def unblock(conn: Conn, domain: str) -> bool:
    """False when there was no rule. Emits `DomainJudged`."""
    ended = await conn.fetchval("delete from domain_blocks where domain = lower($1) returning judged_at", domain)
    if ended is not None:
        await events.emit(conn, events.DomainJudged(domain.lower(), ended))
    return ended is not None


async def by_domain(conn: Conn, domain: str) -> Block | None:
    """The rule for this very domain, locked."""
    record = await conn.fetchrow(f"select {_COLUMNS} from domain_blocks where domain = lower($1) for update", domain)
    return struct(Block, record)


async def by_id(conn: Conn, block_id: int) -> Block | None:
    return struct(Block, await conn.fetchrow(f"select {_COLUMNS} from domain_blocks where id = $1", block_id))


async def page(conn: Conn, page: Page) -> list[Block]:
    """Rules, newest first."""
    records = await conn.fetch(
        f"select {_COLUMNS} from domain_blocks where id < $1 and id > $2 order by id {page.order} limit $3",
        page.below, page.above, page.size,
    )  # fmt: skip
    return page.arrange(structs(Block, records))


async def forgive(conn: Conn, domain: str, ended: datetime, *, limit: int) -> int:
    """Lift from accounts of a domain what a rule that no longer holds had put on them; how many. Such marks bear the
    moment the rule was made, so that nobody is freed whom a moderator suspended in person."""
    records = await conn.fetch(
        f"""
        update accounts set suspended_at = nullif(suspended_at, $2), silenced_at = nullif(silenced_at, $2),
            version = version + 1
        where id in (select id from accounts where {_BELOW} and $2 in (suspended_at, silenced_at) limit $3)
        returning id
        """,
        domain, ended, limit,
    )  # fmt: skip
    return len(records)


async def hosts_below(conn: Conn, domain: str) -> list[tuple[str, str]]:
    """(domain of the handle, host of the actor) of the accounts at a domain or below it, each pair once."""
    records = await conn.fetch(f"select distinct {_DOMAIN}, {_HOST} from accounts where {_BELOW}", domain)
    return [(record[0], record[1]) for record in records]


async def reject_media(conn: Conn, pairs: Sequence[tuple[str, str]], rejected: bool, *, limit: int) -> int:
    """Mark accounts of these domains and hosts, of which nothing is to be loaded, or free them; how many."""
    records = await conn.fetch(
        f"""
        update accounts set media_rejected = $3, version = version + 1
        where id in (
            select id from accounts where not is_local and media_rejected <> $3
                and ({_DOMAIN}, {_HOST}) in (select * from unnest($1::text[], $2::text[])) limit $4)
        returning id
        """,
        [pair[0] for pair in pairs], [pair[1] for pair in pairs], rejected, limit,
    )  # fmt: skip
    return len(records)


async def tied(conn: Conn, domain: str, *, after: int, limit: int) -> list[int]:
    """Accounts of a domain that follow or are followed, or asked to be, in the order of ids."""
    records = await conn.fetch(
        f"""
        select id from accounts a where {_BELOW} and id > $2
            and (exists (select from follows f where f.account_id = a.id)
                or exists (select from follows f where f.target_id = a.id)
                or exists (select from follow_requests r where r.account_id = a.id)
                or exists (select from follow_requests r where r.target_id = a.id))
        order by id limit $3
        """,
        domain, after, limit,
    )  # fmt: skip
    return [record[0] for record in records]


async def punish(conn: Conn, domain: str, rule: Block, *, limit: int) -> list[int]:
    """Put a rule on accounts of a domain that do not bear it yet; their ids."""
    column = "suspended_at" if rule.severity == "suspend" else "silenced_at"
    records = await conn.fetch(
        f"""
        update accounts set {column} = $2, version = version + 1
        where id in (select id from accounts where {_BELOW} and {column} is null limit $3)
        returning id
        """,
        domain, rule.judged_at, limit,
    )  # fmt: skip
    return [record[0] for record in records]


async def blocks(conn: Conn) -> list[Block]:
    """All rules, by domain."""
    return structs(Block, await conn.fetch(f"select {_COLUMNS} from domain_blocks order by domain"))


async def rules_for(conn: Conn, domains: Sequence[str]) -> dict[str, Block]:
    """For each of the domains that a rule concerns, the strictest one; a closer one wins among equals. What any of them
    rejects is rejected."""
    asked = {domain: ancestry(domain) for domain in domains}
    names = sorted({name for line in asked.values() for name in line})
    found = {
        rule.domain: rule
        for rule in structs(
            Block, await conn.fetch(f"select {_COLUMNS} from domain_blocks where domain = any($1)", names)
        )
    }
    strictness = ("noop", "silence", "suspend")
    result = {}
    for domain, line in asked.items():
        matching = [found[name] for name in line if name in found]
        if matching:
            result[domain] = msgspec.structs.replace(
                max(matching, key=lambda rule: strictness.index(rule.severity)),
                reject_media=any(rule.reject_media for rule in matching),
                reject_reports=any(rule.reject_reports for rule in matching),
            )
    return result


async def allow(conn: Conn, domain: str) -> bool:
    """False when it was on the list already. Emits `AllowListChanged`."""
    done = await conn.fetchval(
        "insert into domain_allows (domain) values (lower($1)) on conflict do nothing returning id", domain
    )
    if done is not None:
        await events.emit(conn, events.AllowListChanged(domain.lower()))
    return done is not None


async def allow_of(conn: Conn, domain: str) -> Allow | None:
    return struct(
        Allow, await conn.fetchrow(f"select {columns(Allow)} from domain_allows where domain = lower($1)", domain)
    )


async def allow_by_id(conn: Conn, allow_id: int) -> Allow | None:
    return struct(Allow, await conn.fetchrow(f"select {columns(Allow)} from domain_allows where id = $1", allow_id))


async def allows_page(conn: Conn, page: Page) -> list[Allow]:
    """The allow-list, newest first."""
    records = await conn.fetch(
        f"select {columns(Allow)} from domain_allows where id < $1 and id > $2 order by id {page.order} limit $3",
        page.below, page.above, page.size,
    )  # fmt: skip
    return page.arrange(structs(Allow, records))


async def disallow(conn: Conn, domain: str) -> bool:
    """False when it was not on the list. Emits `AllowListChanged`."""
    done = await conn.fetchval("delete from domain_allows where domain = lower($1) returning id", domain)
    if done is not None:
        await events.emit(conn, events.AllowListChanged(domain.lower()))
    return done is not None


async def allowed(conn: Conn, domains: Sequence[str]) -> set[str]:
    """Those of the domains that the allow-list names, itself or a parent."""
    asked = {domain: ancestry(domain) for domain in domains}
    names = sorted({name for line in asked.values() for name in line})
    records = await conn.fetch("select domain from domain_allows where domain = any($1)", names)
    listed = {record[0] for record in records}
    return {domain for domain, line in asked.items() if listed.intersection(line)}


async def allows(conn: Conn) -> list[str]:
    records = await conn.fetch("select domain from domain_allows order by domain")
    return [record[0] for record in records]
