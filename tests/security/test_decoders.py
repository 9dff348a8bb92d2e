"""Whatever a decoder does to its process, the server goes on and learns only that nothing came of it."""

import time
from pathlib import Path

import pytest

from fedi.services import decoding

pytestmark = pytest.mark.anyio

MODULE = "tests.support.decoder"


@pytest.mark.parametrize("what", ["crash", "spin", "hang", "eat"])
async def test_nothing_comes_of_a_decoder_that_goes_wrong(what: str) -> None:
    began = time.monotonic()
    assert await decoding.run(MODULE, what.encode(), b"", seconds=5 if what == "spin" else 2) == b""
    assert time.monotonic() - began < 15


async def test_a_decoder_can_write_no_file_it_was_not_allowed(tmp_path: Path) -> None:
    path = tmp_path / "made"
    assert await decoding.run(MODULE, b"write", str(path).encode(), seconds=20) == b""
    assert not path.exists() or path.stat().st_size == 0


async def test_a_decoder_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEDI_SECRET_KEY", "x" * 40)
    names = (await decoding.run(MODULE, b"secrets", b"", seconds=20)).decode().split()
    assert {"PATH", "PYTHONPATH"} <= set(names) <= {"PATH", "PYTHONPATH", "LC_CTYPE"}


async def test_a_decoder_reads_a_file_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    with path.open("rb") as file:
        file.read(2)
        assert await decoding.run(MODULE, b"", file, seconds=20) == b"cba"
    assert await decoding.run(MODULE, b"", b"abc", seconds=20) == b"cba"
