"""What Mastodon 4.6 answers, by `facts/endpoints.tsv`, beside what is here: routed, scoped alike, walked through.

`pytest -s tests/api/test_endpoints.py` prints the table. That each answer is right is for `test_coverage` and
`test_walks` to see.
"""

import csv
import sys
from pathlib import Path

import msgspec
import pytest

from fedi.http import scopes
from fedi.http.endpoint import Endpoint
from tests.support import checker, routes


class Fact(msgspec.Struct, frozen=True):
    """A line. `access`: public, token (also an application's), user, or page."""

    method: str
    path: str
    tier: str
    access: str
    scopes: frozenset[str]

    @property
    def operation(self) -> str:
        return f"{self.method} {self.path}"


def _facts() -> list[Fact]:
    path = Path(checker.__file__).parent / "facts" / "endpoints.tsv"
    with path.open(newline="") as lines:
        return [
            Fact(method, path, tier, access, frozenset(filter(None, alternatives.split("|"))))
            for method, path, tier, access, alternatives in list(csv.reader(lines, delimiter="\t"))[1:]
        ]


FACTS = _facts()
ABSENT = {
    "GET /api/v1/donation_campaigns": "Mastodon gGmbH asks for donations with it",
    "GET /api/v1/annual_reports": "no reports are made of years, as wrapstodon: null says",
    "GET /api/v1/annual_reports/:year": "the same",
    "GET /api/v1/annual_reports/:year/state": "the same",
    "POST /api/v1/annual_reports/:year/generate": "the same",
    "POST /api/v1/annual_reports/:year/read": "the same",
}
# A token's own scopes are asked for by the handler, because there are several ways to give one.
STREAMS = "/api/v1/streaming"
# `follow` stands for reading and writing follows, mutes and blocks wherever they are asked for.
WIDER = {
    "GET /api/v1/accounts/relationships", "GET /api/v1/accounts/familiar_followers", "POST /api/v1/statuses/:id/mute",
    "POST /api/v1/statuses/:id/unmute",
}  # fmt: skip
OTHERWISE = {
    "GET /api/v1/statuses/:id/source": "only its author has it",
    "GET /api/v1/statuses/:id/quotes": "only its author has them",
    "PUT /api/v1/statuses/:id/interaction_policy": "only its author sets it",
    "POST /api/v1/statuses/:id/quotes/:quoting_status_id/revoke": "only the quoted one may",
    "GET /api/v1/accounts/:id/identity_proofs": "reading asks for a scope of reading",
    "GET /api/v1/emails/check_confirmation": "who is not confirmed yet asks it",
}


def _route(fact: Fact) -> Endpoint | None:
    return routes.find(fact.operation.replace("/nodeinfo/2.0", "/nodeinfo/:version"))


def test_what_is_absent_has_a_reason_and_is_absent() -> None:
    absent = {fact.operation for fact in FACTS if fact.method != "WS" and _route(fact) is None}
    assert absent == set(ABSENT)


@pytest.mark.parametrize(
    "fact",
    [fact for fact in FACTS if fact.path.startswith("/api/") and fact.operation not in ABSENT],
    ids=lambda fact: fact.operation,
)
def test_it_asks_for_what_mastodon_asks_for(fact: Fact) -> None:
    route = _route(fact)
    if route is None or fact.path.startswith(STREAMS) or fact.operation in OTHERWISE:
        return
    accepted = {each for each in scopes.ALL if route.access.scope and scopes.covers([each], route.access.scope)}
    assert accepted == fact.scopes | ({"follow"} if fact.operation in WIDER else set())
    assert route.access.kind == fact.access


def test_everything_is_walked_through() -> None:
    walked = {each for topic in checker.topics().values() for each in topic} | set(checker.operations())
    known = {routes.nameless(each) for each in walked}
    lines, missing = [], []
    for fact in FACTS:
        seen = routes.nameless(fact.operation) in known or _alias(fact) in known
        lines.append(f"{'walked' if seen else ABSENT.get(fact.operation, '--'):8} {fact.tier} {fact.operation}")
        if not seen and fact.operation not in ABSENT:
            missing.append(fact.operation)
    sys.stdout.write("\n".join(["", *lines, ""]))
    assert missing == []


def _alias(fact: Fact) -> str:
    """PUT and PATCH are one, and `v1_alpha` is an old name of `v1`."""
    method = {"PUT": "PATCH", "PATCH": "PUT"}.get(fact.method, fact.method)
    return routes.nameless(f"{method} {fact.path}").replace("/v1_alpha/", "/v1/")
