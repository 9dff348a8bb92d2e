"""One question about another server: may this reach us, and how much of it. Also asked before we send."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from federation.context import Site
from federation.http.addresses import parse_url
from federation.http.errors import BadUrl
from storage import domains
from storage.db import Conn


class Verdict(msgspec.Struct, frozen=True):
    """`allowed`: anything at all. `limited`: kept, but shown only to those who follow."""

    allowed: bool
    limited: bool = False
    reject_media: bool = False
    reject_reports: bool = False
    since: datetime | None = None  # the mark that its accounts bear while the rule holds


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
            limited = rule.severity == "silence"
            since = rule.judged_at if limited else None
            result[host] = Verdict(True, limited, rule.reject_media, rule.reject_reports, since)
    return result


async def verdict(conn: Conn, site: Site, host: str) -> Verdict:
    return (await verdicts(conn, site, [host]))[host]


async def may_be_read(conn: Conn, site: Site, url: str) -> bool:
    """Whether a page of the web may be looked at. In allowlist mode too: what is limited there is whom we federate
    with, not what people link to."""
    try:
        host = parse_url(url).authority
    except BadUrl:
        return False
    rule = (await domains.rules_for(conn, [host])).get(host)
    return rule is None or rule.severity != "suspend"


async def together(conn: Conn, site: Site, hosts: Sequence[str]) -> Verdict:
    """The verdict on what belongs to several hosts: the domain of a handle and the host of its actor."""
    found = list((await verdicts(conn, site, sorted(set(hosts)))).values())
    return Verdict(
        all(each.allowed for each in found),
        any(each.limited for each in found),
        any(each.reject_media for each in found),
        any(each.reject_reports for each in found),
        next((each.since for each in found if each.since is not None), None),
    )
