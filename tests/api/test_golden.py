"""Our answers beside recorded ones of a real Mastodon 4.6.4: the same keys, values of the same JSON types.

`pytest -s` prints how much was compared. Beyond tier 1 it is `test_walks` that compares.
"""

import sys
from typing import Any

import pytest

from tests.api import test_coverage as coverage
from tests.support import checker, clips
from tests.support.golden import Comparing, differences, recorded, succeeded
from tests.support.servers import Node

pytestmark = pytest.mark.anyio


async def test_answers_have_the_shape_of_mastodons(server: Node) -> None:
    walk = Comparing(server)
    await coverage.whole_way(walk)
    await _seen_by_a_person(walk)
    await _being_converted(walk)
    wanted = {each for each in checker.operations() if succeeded(each)}
    sys.stdout.write(f"\n{len(walk.compared)} of {len(wanted)} operations, {walk.compared.total()} answers\n")
    assert wanted - walk.compared.keys() == set()


async def _seen_by_a_person(walk: Comparing) -> None:
    """What the way above looks at as nobody."""
    dora = await walk.server.person("dora")
    await dora.posts("https://example.org/a")
    asked = await dora.posts("?", poll={"options": ["yes", "no"], "expires_in": 3600}, spoiler_text="well")
    for path in (f"statuses/{asked['id']}", f"polls/{asked['poll']['id']}", f"accounts/{dora.id}/statuses"):
        await walk.get(dora, f"/api/v1/{path}")


async def _being_converted(walk: Comparing) -> None:
    """A video, of which there is only a still yet."""
    emil = await walk.server.person("emil")
    said = {"description": "red", "focus": "0.1,0.2"}
    film = await walk.post(emil, "/api/v2/media", said, file=("f.mp4", clips.film(), "video/mp4"))
    await walk.call(emil, "PUT", f"/api/v1/media/{film['id']}", {"description": "dark"})


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/v1/accounts/lookup?acct=nobody", None, 404),
        ("GET", "/api/v1/statuses/0", None, 404),
        ("DELETE", "/api/v1/statuses/1", None, 404),
        ("GET", "/api/v1/timelines/home", None, 401),
        ("POST", "/api/v1/statuses", {"status": "x", "media_ids": ["1"]}, 422),
        ("PATCH", "/api/v1/accounts/update_credentials", {"fields_attributes": [{"name": "a", "value": "b"}] * 7}, 422),
    ],
)
async def test_errors_have_the_shape_of_mastodons(
    server: Node, method: str, path: str, body: dict[str, Any] | None, status: int
) -> None:
    alice = await server.person("alice")
    who = server if status == 401 else alice
    answer = await who.api(method, path, json=body, status=status)
    shape = recorded(checker.find(method, path) or "")[str(status)]
    assert list(differences(shape, answer, path)) == []
