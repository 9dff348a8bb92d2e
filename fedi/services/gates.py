"""Who may come to the door: rules about e-mail addresses and networks, made by staff and asked when somebody joins.

Networks without access are kept out before any route: see `http/guard.py`.
"""

import hashlib
import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from fedi import errors
from fedi.context import App
from fedi.http import guard
from fedi.services import domain_rules, exchangers, staff
from fedi.services.staff import By
from storage import email_blocks, ip_blocks
from storage.db import Conn
from storage.ip_blocks import Severity

MAX_COMMENT_CHARS = 2000
# Whoever shuts out more than that has made a mistake.
LEAST_PREFIX = {4: 8, 6: 16}


class Verdict(msgspec.Struct, frozen=True):
    """What the rules say about somebody who wants to join. `met`: rules about the domain of the address."""

    refused: bool = False
    approval: bool = False
    met: tuple[int, ...] = ()


def canonical(address: str) -> str:
    """An address as most providers read it: without dots and what follows a plus in its first part."""
    name, _, domain = address.strip().lower().partition("@")
    return f"{name.replace('.', '').partition('+')[0]}@{domain}"


def canonical_hash(address: str) -> str:
    return hashlib.sha256(canonical(address).encode()).hexdigest()


async def hosts(app: App, address: str) -> tuple[str, ...]:
    """Who takes the mail of an address, where there are rules that could be about them. Not inside a transaction."""
    async with app.db.read() as conn:
        asked = await email_blocks.any_domain(conn)
    return await exchangers.of_address(app, address) if asked else ()


async def on_address(conn: Conn, address: str, exchanging: Sequence[str]) -> Verdict:
    """What is said about an address's domain, or about who takes its mail: see `hosts`."""
    found = await email_blocks.matching(conn, [_domain(address), *exchanging])
    if not found:
        return Verdict()
    lenient = all(each.allow_with_approval for each in found)
    return Verdict(refused=not lenient, approval=lenient, met=tuple(each.id for each in found))


async def is_known_evil(conn: Conn, address: str) -> bool:
    """Whether this very address is blocked, in whatever spelling."""
    return bool(await email_blocks.canonicals_of(conn, canonical_hash(address)))


async def on_network(conn: Conn, ip: str | None) -> Verdict:
    found = await ip_blocks.severities(conn, ip) if ip is not None else set()
    return Verdict(refused=bool(found & {"sign_up_block", "no_access"}), approval="sign_up_requires_approval" in found)


async def count_attempt(app: App, met: tuple[int, ...], ip: str | None) -> None:
    """Staff sees how often a rule about a domain was met."""
    if met:
        async with app.db.transaction() as conn:
            await email_blocks.count_attempt(conn, met, ip=ip)


def _domain(address: str) -> str:
    try:
        return domain_rules.normal(address.rpartition("@")[2])
    except errors.Invalid:
        return ""


# ---------------------------------------------------------------- rules


async def block_domain(conn: Conn, who: By, domain: str, *, allow_with_approval: bool) -> int:
    name = domain_rules.normal(domain)
    block_id = await email_blocks.add_domain(conn, name, allow_with_approval=allow_with_approval)
    await staff.note(conn, who, "email_domain.block", name, allow_with_approval=allow_with_approval)
    return block_id


async def unblock_domain(conn: Conn, who: By, block_id: int) -> None:
    name = await email_blocks.remove_domain(conn, block_id)
    if name is None:
        raise errors.NotFound
    await staff.note(conn, who, "email_domain.unblock", name)


async def block_hash(conn: Conn, who: By, hashed: str) -> int:
    """Invalid when it is blocked already. The log names the hash, not the address."""
    block_id = await email_blocks.add_canonical(conn, hashed)
    if block_id is None:
        raise errors.Invalid("Canonical email hash has already been taken")
    await staff.note(conn, who, "canonical_email.block", hashed)
    return block_id


async def unblock_hash(conn: Conn, who: By, block_id: int) -> None:
    hashed = await email_blocks.remove_canonical(conn, block_id)
    if hashed is None:
        raise errors.NotFound
    await staff.note(conn, who, "canonical_email.unblock", hashed)


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """A rule about a network. `own`: the address of whoever makes it."""

    ip: str
    severity: Severity
    comment: str = ""
    expires_at: datetime | None = None
    own: str | None = None


def network(text: str) -> str:
    """An address or a network as it is stored. Invalid for what is none, or far too large."""
    try:
        found = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError as exc:
        raise errors.Invalid("Ip is not an address or a network") from exc
    mapped = found.network_address.ipv4_mapped if isinstance(found, ipaddress.IPv6Network) else None
    if mapped is not None and found.prefixlen >= 96:
        found = ipaddress.ip_network((mapped, found.prefixlen - 96), strict=False)
    if found.prefixlen < LEAST_PREFIX[found.version]:
        raise errors.Invalid("Ip is too large a network")
    return str(found)


def _checked(rule: Network) -> None:
    if len(rule.comment) > MAX_COMMENT_CHARS:
        raise errors.Invalid(f"Comment is too long (maximum is {MAX_COMMENT_CHARS} characters)")
    if rule.severity == "no_access" and rule.own is not None:
        own, shut = ipaddress.ip_address(rule.own), ipaddress.ip_network(rule.ip)
        if own.version == shut.version and own in shut:
            raise errors.Invalid("Ip is your own: you would lock yourself out")


def expiry(seconds: int | None) -> datetime | None:
    """Moment after which a rule is void; None for good."""
    if not seconds:
        return None
    if seconds < 0 or seconds > 100 * 365 * 86400:
        raise errors.Invalid("Expires in is out of range")
    return datetime.now(UTC) + timedelta(seconds=seconds)


async def block_network(conn: Conn, who: By, rule: Network) -> int:
    _checked(rule)
    block_id = await ip_blocks.add(
        conn, rule.ip, severity=rule.severity, comment=rule.comment, expires_at=rule.expires_at
    )
    await staff.note(conn, who, "ip.block", rule.ip, severity=rule.severity, comment=rule.comment)
    return block_id


async def change_network(conn: Conn, who: By, before: ip_blocks.Block, rule: Network) -> None:
    _checked(rule)
    changed = msgspec.structs.replace(
        before, ip=rule.ip, severity=rule.severity, comment=rule.comment, expires_at=rule.expires_at
    )
    await ip_blocks.update(conn, changed)
    await staff.note(conn, who, "ip.update", rule.ip, severity=rule.severity, comment=rule.comment)


async def unblock_network(conn: Conn, who: By, block_id: int) -> None:
    found = await ip_blocks.remove(conn, block_id)
    if found is None:
        raise errors.NotFound
    await staff.note(conn, who, "ip.unblock", found)


def changed(app: App) -> None:
    """After the commit: the guard of every process reads the list of networks again."""
    app.bus.publish(guard.TOPIC, None)


async def tidy(app: App) -> None:
    """Scheduled: forget rules that are over and attempts long past."""
    async with app.db.transaction() as conn:
        await ip_blocks.forget_expired(conn)
        await email_blocks.forget_attempts(conn)
