"""What this server is: limits, rules, who runs it, whom it knows."""

import hashlib
from typing import Any

import msgspec

from federation import uris
from fedi import errors
from fedi.entities.instance import Instance, Rule, V1Instance, build, v1
from fedi.http.endpoint import PUBLIC, Call, NoParams, get
from fedi.services import instance as service
from fedi.text import compose
from storage import domains

# The same for everybody, and asked for by every client and crawler at its start.
CACHING = "max-age=300, public"


class Description(msgspec.Struct, frozen=True):
    updated_at: str | None
    content: str


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


async def extended_description(call: Call[NoParams]) -> Description:
    """The operator's words as HTML."""
    _cached(call)
    base = call.app.settings.base_url
    text = call.app.settings.description
    content = compose.render(
        text, content_type="text/markdown", mentions={}, tag_url=lambda name: uris.tag_page(base, name)
    )
    return Description(None, content)


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
    """None: nothing is translated here."""
    _cached(call)
    return {}


ROUTES = [
    get("/api/v2/instance", show, access=PUBLIC),
    get("/api/v1/instance", show_v1, access=PUBLIC),
    get("/api/v1/instance/rules", rules, access=PUBLIC),
    get("/api/v1/instance/peers", peers, access=PUBLIC),
    get("/api/v1/instance/extended_description", extended_description, access=PUBLIC),
    get("/api/v1/instance/domain_blocks", domain_blocks, access=PUBLIC),
    get("/api/v1/instance/translation_languages", translation_languages, access=PUBLIC),
]
