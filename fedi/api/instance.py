"""What this server is: limits, rules, who runs it, whom it knows."""

import hashlib
from datetime import UTC, datetime, time
from typing import Any

import msgspec

from fedi import errors
from fedi.entities.instance import Instance, Rule, V1Instance, build, v1
from fedi.http.endpoint import PUBLIC, Call, NoParams, get
from fedi.services import instance as service
from fedi.services import translation
from fedi.text import language_names, mentions
from storage import activity, domains

# The same for everybody, and asked for by every client and crawler at its start.
CACHING = "max-age=300, public"


MAX_PEERS = 10


class PeerParams(msgspec.Struct, frozen=True):
    q: str = ""


class Language(msgspec.Struct, frozen=True):
    code: str
    name: str


class Week(msgspec.Struct, frozen=True):
    """Decimal strings, by tradition; `week` is the Monday in seconds since 1970."""

    week: str
    statuses: str
    logins: str
    registrations: str


class DomainBlock(msgspec.Struct, frozen=True):
    domain: str
    digest: str
    severity: str
    comment: str


def _cached(call: Call[Any]) -> None:
    # Any: whatever its parameters were.
    call.headers["Cache-Control"] = CACHING


async def show(call: Call[NoParams]) -> Instance:
    _cached(call)
    return build(await service.parts(call.app))


async def show_v1(call: Call[NoParams]) -> V1Instance:
    _cached(call)
    return v1(await service.parts(call.app))


async def rules(call: Call[NoParams]) -> tuple[Rule, ...]:
    _cached(call)
    async with call.read() as conn:
        return await service.listed_rules(conn)


async def peers(call: Call[NoParams]) -> tuple[str, ...]:
    _cached(call)
    async with call.read() as conn:
        return (await service.counts(call.app, conn)).peers


async def domain_blocks(call: Call[NoParams]) -> list[DomainBlock]:
    """Whom this server limits, for the people on it: a public list invites attacks on those who keep it."""
    if call.viewer_id is None:
        raise errors.NotFound
    async with call.read() as conn:
        found = [rule for rule in await domains.blocks(conn) if rule.severity != "noop"]
    return [
        DomainBlock(
            domain=_obfuscated(rule.domain) if rule.obfuscate else rule.domain,
            digest=hashlib.sha256(rule.domain.encode()).hexdigest(),
            severity=rule.severity,
            comment=rule.public_comment or "",
        )
        for rule in found
    ]


def _obfuscated(domain: str) -> str:
    """Enough of it to be recognised by who knows it: the middle third is stars, dots stay."""
    start, end = len(domain) // 3, len(domain) - len(domain) // 3
    return "".join("*" if start <= place < end and char != "." else char for place, char in enumerate(domain))


async def translation_languages(call: Call[NoParams]) -> dict[str, list[str]]:
    """From which into which posts can be translated; none when nothing is translated here."""
    found = await translation.pairs(call.app)
    _cached(call)
    return found


async def languages(call: Call[NoParams]) -> list[Language]:
    """Those that people may post in."""
    _cached(call)
    return [Language(code, name) for code, name in language_names.NAMES.items()]


async def activity_by_week(call: Call[NoParams]) -> list[Week]:
    """The last twelve weeks, the current one first."""
    _cached(call)
    async with call.read() as conn:
        rows = await activity.weeks(conn)
    return [
        Week(
            week=str(int(datetime.combine(row.monday, time(), UTC).timestamp())),
            statuses=str(row.statuses),
            logins=str(row.people),
            registrations=str(row.registrations),
        )
        for row in rows
    ]


async def search_peers(call: Call[PeerParams]) -> list[str]:
    """Known servers whose name begins so, then those with it somewhere."""
    text = call.params.q.strip().lower()
    if not text:
        return []
    text = mentions.normalise_domain(text) or text
    async with call.read() as conn:
        known = (await service.counts(call.app, conn)).peers
    found = [each for each in known if text in each]
    return sorted(found, key=lambda each: (not each.startswith(text), each))[:MAX_PEERS]


ROUTES = [
    get("/api/v2/instance", show, access=PUBLIC),
    get("/api/v1/instance", show_v1, access=PUBLIC),
    get("/api/v1/instance/rules", rules, access=PUBLIC),
    get("/api/v1/instance/peers", peers, access=PUBLIC),
    get("/api/v1/instance/activity", activity_by_week, access=PUBLIC),
    get("/api/v1/instance/languages", languages, access=PUBLIC),
    get("/api/v1/peers/search", search_peers, access=PUBLIC, params=PeerParams),
    get("/api/v1/instance/domain_blocks", domain_blocks, access=PUBLIC),
    get("/api/v1/instance/translation_languages", translation_languages, access=PUBLIC),
]
