"""Every operation beyond tier 1, topic by topic, with real state, judged strictly, the writing ones in every encoding;
in one of them also held beside the recorded answers of a real Mastodon.

`pytest -s tests/api/test_walks.py` prints the table.
"""

import importlib
import sys

import pytest

from tests.support import checker, routes
from tests.support.encodings import ENCODINGS
from tests.support.golden import Comparing, succeeded
from tests.support.servers import Node
from tests.support.walk import Walk

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("operation", [each for topic in checker.topics().values() for each in topic])
def test_every_operation_has_a_route_which_says_who_may(operation: str) -> None:
    route = routes.find(operation)
    assert route is not None
    assert route.access.kind != "user" or route.access.scope, "a person's token must hold a scope"


def test_every_route_of_the_api_is_an_operation_that_is_walked_through() -> None:
    """PATCH where there is PUT, and the other way round, is the same one."""
    known = {routes.nameless(each) for each in checker.every_operation()}
    assert [
        f"{route.method} {route.path}"
        for route in routes.API
        if not {routes.nameless(f"{method} {route.path}") for method in _alike(route.method)} & known
    ] == []


def _alike(method: str) -> tuple[str, ...]:
    return ("PUT", "PATCH") if method in ("PUT", "PATCH") else (method,)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("topic", checker.topics())
async def test_every_operation_answers_as_it_must(server: Node, topic: str, encoding: str) -> None:
    walk = Comparing(server) if encoding == "json" else Walk(server, encoding)
    await importlib.import_module(f"tests.api.walks.{topic}").walk(walk)
    operations = checker.topics()[topic]
    sys.stdout.write(f"\n{topic}, {encoding}\n")
    for operation in operations:
        sys.stdout.write(f"  {'ok' if operation in walk.checker.seen else '--'}  {operation}\n")
    assert [each for each in operations if each not in walk.checker.seen] == []
    if isinstance(walk, Comparing):
        assert [each for each in operations if succeeded(each) and each not in walk.compared] == []
