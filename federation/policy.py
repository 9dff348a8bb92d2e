"""One question about another server: may this reach us, and how much of it. Also asked before we send."""

from collections.abc import Sequence

import msgspec

from federation.context import Site
from storage import domains
from storage.db import Conn


class Verdict(msgspec.Struct, frozen=True):
    """`allowed`: anything at all. `limited`: kept, but shown only to those who follow."""

    allowed: bool
    limited: bool = False
    reject_media: bool = False
    reject_reports: bool = False


OPEN = Verdict(allowed=True)
CLOSED = Verdict(allowed=False)


async def verdicts(conn: Conn, site: Site, hosts: Sequence[str]) -> dict[str, Verdict]:
    """The verdict on each host."""
    rules = await domains.rules_for(conn, hosts)
    listed = await domains.allowed(conn, hosts) if site.mode == "allowlist" else set(hosts)
    result = {}
    for host in hosts:
        rule = rules.get(host)
        if host not in listed or (rule is not None and rule.severity == "suspend"):
            result[host] = CLOSED
        elif rule is None:
            result[host] = OPEN
        else:
            result[host] = Verdict(True, rule.severity == "silence", rule.reject_media, rule.reject_reports)
    return result


async def verdict(conn: Conn, site: Site, host: str) -> Verdict:
    return (await verdicts(conn, site, [host]))[host]
