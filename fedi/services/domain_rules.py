"""Rules about other servers, as staff makes them. What a rule does to what we hold is the business of `domains.py`."""

from typing import Any
from urllib.parse import urlsplit

import msgspec

from federation.http.addresses import ascii_host
from federation.http.errors import BadUrl
from fedi import errors
from fedi.config import Settings
from fedi.services import staff
from fedi.services.staff import By
from storage import domains
from storage.db import Conn
from storage.domains import Block, Severity


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule says."""

    severity: Severity = "silence"
    reject_media: bool = False
    reject_reports: bool = False
    public_comment: str | None = None
    private_comment: str | None = None
    obfuscate: bool = False


def normal(text: str) -> str:
    """A host name in any script, or an address copied from a browser, as it is stored. Invalid for anything else."""
    try:
        text = text.strip()
        if "://" in text:
            return ascii_host(urlsplit(text).hostname or "")
        return ascii_host(text.removeprefix("@").rstrip("/").partition(":")[0])
    except (BadUrl, ValueError) as exc:
        raise errors.Invalid("Domain is not a valid domain name") from exc


def is_own(settings: Settings, domain: str) -> bool:
    ours = {settings.account_domain.partition(":")[0], settings.web_domain.partition(":")[0]}
    return domain in ours or any(name.endswith(f".{domain}") for name in ours)


async def block(conn: Conn, settings: Settings, who: By, domain: str, terms: Terms) -> Block:
    """Write or change the rule for a domain."""
    if is_own(settings, domain):
        raise errors.Invalid("Domain is this server")
    before = await domains.by_domain(conn, domain)
    said: dict[str, Any] = msgspec.structs.asdict(terms)  # Any: fields of the struct
    await domains.block(conn, domain, **said)
    await staff.note(conn, who, "domain.update" if before else "domain.block", domain, **said)
    made = await domains.by_domain(conn, domain)
    assert made is not None
    return made


async def unblock(conn: Conn, who: By, domain: str) -> bool:
    done = await domains.unblock(conn, domain)
    if done:
        await staff.note(conn, who, "domain.unblock", domain)
    return done


async def allow(conn: Conn, who: By, domain: str) -> None:
    if await domains.allow(conn, domain):
        await staff.note(conn, who, "domain.allow", domain)


async def disallow(conn: Conn, who: By, domain: str) -> bool:
    done = await domains.disallow(conn, domain)
    if done:
        await staff.note(conn, who, "domain.disallow", domain)
    return done


def stricter(terms: Terms, than: Block) -> bool:
    """Whether nothing of an existing rule would be lost below it."""
    order = ("noop", "silence", "suspend")
    if terms.severity == "suspend" and than.severity != "suspend":
        return True
    return (
        order.index(terms.severity) > order.index(than.severity)
        and (terms.reject_media or not than.reject_media)
        and (terms.reject_reports or not than.reject_reports)
    )
