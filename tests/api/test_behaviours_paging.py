"""Pages of every list: for any cursors and any limit the very rows that belong there, and links that lead on."""

import itertools
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import listings
from tests.support.listings import Listing
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

ROWS = 7
_LINK = re.compile(r'<([^<>]+)>; rel="(next|prev)"')


class Listed(msgspec.Struct, frozen=True):
    """A list: what it holds, newest first, and the cursor of each row."""

    path: str
    ids: list[str]
    cursors: list[int]
    known: Listing


class Scene(msgspec.Struct, frozen=True):
    alice: Person
    lists: list[Listed]


PAGED = [each for each in listings.LISTINGS if each.pages]


@pytest.fixture
async def scene(server: Node) -> Scene:
    """As many rows in each list as it takes to have pages."""
    alice, names = await listings.scene(server, ROWS)
    return Scene(alice, [await _known(alice, each.path.format(**names), each) for each in PAGED])


async def _known(person: Person, path: str, known: Listing) -> Listed:
    """The whole list at once, then row by row along the links, which tells the cursors."""
    every = [listings.ident(each) for each in _rows(await person.call("GET", _with(path, limit=40)))]
    ids, cursors, target = list[str](), list[int](), _with(path, limit=1)
    while target:
        answer = await person.call("GET", target)
        rows, links = _rows(answer), _links(answer)
        if not rows:
            break
        ids += [listings.ident(each) for each in rows]
        cursors += [int(links["prev"]["min_id"])]
        target = links["next"]["target"] if "next" in links else ""
    assert len(every) >= 5, path
    assert ids == every, path
    assert cursors == sorted(set(cursors), reverse=True), path
    return Listed(path, ids, cursors, known)


def _rows(answer: httpx.Response) -> list[Any]:
    return listings.items(answer.json())


def _with(path: str, **params: object) -> str:
    """The path with further parameters."""
    query = "&".join(f"{name}={value}" for name, value in params.items() if value is not None)
    return f"{path}{'&' if '?' in path else '?'}{query}" if query else path


def _links(answer: Any) -> dict[str, dict[str, str]]:
    """By relation: the query of each link, and `target`, its path with query."""
    found = {}
    header = answer.headers.get("link", "")
    for url, relation in _LINK.findall(header):
        parts = urlsplit(url)
        assert url.startswith(str(answer.request.url.copy_with(query=None, fragment=None)))
        found[relation] = {
            **{name: values[-1] for name, values in parse_qs(parts.query).items()},
            "target": f"{parts.path}?{parts.query}",
        }
    assert list(found) == [each for each in ("next", "prev") if each in found], "next comes before prev"
    assert len(found) == header.count("rel="), header
    return found


def expected(
    cursors: Sequence[int], *, limit: int, max_id: int | None, since_id: int | None, min_id: int | None
) -> list[int]:
    """Indices of the rows of that page."""
    lower = since_id if min_id is None else min_id
    fitting = [
        index
        for index, cursor in enumerate(cursors)
        if (max_id is None or cursor < max_id) and (lower is None or cursor > lower)
    ]
    size = min(abs(limit), 40)
    if min_id is None or size == 0:
        return fitting[:size]
    return fitting[-size:]


NEAR = st.tuples(st.integers(0, ROWS), st.sampled_from([-1, 0, 1]))
CURSOR = st.one_of(st.none(), NEAR, st.sampled_from([0, 1, 2**63 - 1, 2**63, 10**40]))


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    which=st.integers(0, len(PAGED) - 1),
    limit=st.integers(-3, ROWS + 3),
    max_id=CURSOR,
    since_id=CURSOR,
    min_id=CURSOR,
)
async def test_a_page_holds_what_belongs_there(
    scene: Scene, which: int, limit: int, max_id: Any, since_id: Any, min_id: Any
) -> None:
    listed = scene.lists[which]
    at = {name: _at(listed, each) for name, each in (("max_id", max_id), ("since_id", since_id), ("min_id", min_id))}
    answer = await scene.alice.call("GET", _with(listed.path, limit=limit, **at))
    assert answer.status_code == 200, answer.text
    if limit == 0 and listed.known.everything_at_zero:
        assert [listings.ident(each) for each in _rows(answer)] == listed.ids
        return
    wanted = expected(listed.cursors, limit=limit, **at)
    assert [listings.ident(each) for each in _rows(answer)] == [listed.ids[index] for index in wanted]
    links = _links(answer)
    if not wanted:
        assert links == {}
        return
    assert int(links["prev"]["min_id"]) == listed.cursors[wanted[0]]
    assert "since_id" not in links["prev"]
    assert ("next" in links) == (not listed.known.ends or len(wanted) == abs(limit))
    if "next" in links:
        assert int(links["next"]["max_id"]) == listed.cursors[wanted[-1]]


def _at(listed: Listed, cursor: Any) -> int | None:
    """A cursor at or beside a row of this list."""
    if isinstance(cursor, tuple):
        index, beside = cursor
        return int(listed.cursors[min(index, len(listed.cursors) - 1)] + beside)
    return None if cursor is None else int(cursor)


async def test_links_lead_through_the_whole_list_and_back(scene: Scene) -> None:
    for listed, limit in itertools.product(scene.lists, (2, 3)):
        down, target = list[list[str]](), _with(listed.path, limit=limit)
        while target:
            answer = await scene.alice.call("GET", target)
            page, links = [listings.ident(each) for each in _rows(answer)], _links(answer)
            if not page:
                break
            down.append(page)
            before, target = links["prev"]["target"], links.get("next", {}).get("target", "")
            kept = parse_qs(urlsplit(listed.path).query)
            assert kept.items() <= parse_qs(urlsplit(before).query).items()
        assert [each for page in down for each in page] == listed.ids, listed.path
        up = [down[-1]]
        while True:
            answer = await scene.alice.call("GET", before)
            page = [listings.ident(each) for each in _rows(answer)]
            if not page:
                break
            up.insert(0, page)
            before = _links(answer)["prev"]["target"]
        assert [each for page in up for each in page] == listed.ids, listed.path


async def test_filters_do_not_shorten_pages(server: Node) -> None:
    """Clients take a short page for the end, so what is hidden is made up for."""
    alice, bob, carol = [await server.person(name) for name in ("alice", "bob", "carol")]
    for number in range(6):
        await bob.posts(f"@alice {number}")
        await carol.posts(f"@alice {number}")
    await drain(server)
    await alice.post(f"/api/v1/accounts/{carol.id}/mute")
    for path in ("/api/v1/timelines/public", "/api/v1/notifications"):
        assert len(await alice.get(path, limit=5)) == 5, path


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/api/v1/timelines/home", 40),
        ("/api/v1/notifications", 80),
        ("/api/v1/accounts/search?q=a", 80),
        ("/api/v2/search?q=a", 40),
        ("/api/v1/trends/tags", 20),
    ],
)
async def test_too_high_a_limit_is_the_highest(server: Node, path: str, most: int) -> None:
    alice = await server.person("alice")
    assert (await alice.call("GET", _with(path, limit=most + 1))).status_code == 200
    assert (await alice.call("GET", _with(path, limit=10**30))).status_code == 200
