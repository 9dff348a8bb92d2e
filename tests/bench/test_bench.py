"""The load tool starts, and its sink counts rightly. What it measures is nobody's business here."""

import inspect
import re
from pathlib import Path

import httpx
import pytest

from bench import __main__ as bench
from bench import sink

pytestmark = pytest.mark.anyio


def test_every_line_of_its_manual_is_measured() -> None:
    manual = (Path(bench.__file__).parent / "README.md").read_text()
    described = set(re.findall(r"^\| ([a-z][a-z -]+[a-z]) \|", manual, re.MULTILINE)) - {"line", "what goes wrong"}
    measured = set(re.findall(r'(?:measure|note)\(\s*"([^"]+)"', inspect.getsource(bench)))
    assert described == measured
    assert bench.Line("x", 10, 2.0, 0.05).cpu_ms == pytest.approx(5)


async def test_the_sink_tells_new_activities_from_known_ones() -> None:
    transport = httpx.ASGITransport(sink.Sink("PEM"))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.2:1") as client:
        actor = (await client.get("/users/7")).json()
        assert actor["publicKey"]["publicKeyPem"] == "PEM"
        for _time in range(2):
            assert (await client.post(actor["inbox"], json={"id": "https://a.test/1"})).status_code == 202
        assert (await client.get("/stats")).json() == {"posts": 2, "distinct": 1}
        assert (await client.get("/received")).json() == {"127.0.0.2:1/users/7/inbox": ["https://a.test/1"] * 2}
