"""A Postgres of our own for those who have none: made, started, found again and stopped under a directory.

For trying out, small servers and tests. It listens only on a Unix socket in a directory closed to other users. Data
live in `<data_dir>/postgres`, its log in `<data_dir>/postgres.log`.
"""

import asyncio
import fcntl
import math
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

import asyncpg
import msgspec

from storage import binaries
from storage.binaries import Binaries, EmbeddedError

__all__ = ["EmbeddedError", "Server", "running"]

NAME = "fedi"  # of the database and of its owner
PORT = 5432  # only a part of the socket's file name
PREVIOUS_STOP_SECONDS = 60
# Long, because after a crash Postgres first repeats what its log holds.
START_SECONDS = 300
STOP_SECONDS = 30
POLL_SECONDS = 0.02
MAX_LOG_BYTES = 10_000_000
MAX_SOCKET_DIRECTORY_CHARS = 80
_LAUNCHER = Path(__file__).with_name("postmaster.py")

# For a small machine that runs the server as well.
_OPTIONS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",
    "effective_cache_size": "512MB",
    "max_wal_size": "512MB",
    "min_wal_size": "80MB",
    "wal_compression": "pglz",
    "random_page_cost": "1.1",
    "autovacuum_max_workers": "2",
    "max_parallel_workers_per_gather": "0",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "lc_messages": "C",
}
# Fast and forgetful: for data that nobody misses after a power cut.
_THROWAWAY_OPTIONS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "1GB"}


class Server:
    """One embedded Postgres. `start` from the main thread: on Linux it lives no longer than the thread that started it.

    If another process already runs one on this directory, `start` shares it and `stop` leaves it alone.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True, max_connections: int = 100) -> None:
        self.data = data_dir.absolute() / "postgres"
        self.log = data_dir.absolute() / "postgres.log"
        self._durable = durable
        self._options = _OPTIONS | {"max_connections": str(max_connections)} | ({} if durable else _THROWAWAY_OPTIONS)
        self._process: subprocess.Popen[bytes] | None = None
        self._sockets: Path | None = None

    async def start(self) -> str:
        """Ready for connections: returns the URL of the database. Raises EmbeddedError."""
        try:
            self.data.parent.mkdir(parents=True, exist_ok=True)
            owner = self._owner()
            with (self.data.parent / "postgres.lock").open("a+") as lock:
                await _acquire(lock.fileno())
                url = await self._found_running()
                if url is None:
                    self._sockets = _socket_directory(owner, lock)
                    url = await self._started(owner, self._sockets)
                return url
        except OSError as exc:
            raise EmbeddedError(f"cannot keep a database in {self.data}: {exc.strerror or exc}") from exc
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Ends the server this object started, after open connections have been cut; nothing is lost."""
        process, self._process = self._process, None
        if process is not None:
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
                process.send_signal(number)
                if await _exit(process, STOP_SECONDS):
                    break
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = None

    async def exited(self) -> None:
        """Returns when the server this object started has ended, which before `stop` means that it broke.

        Of one that another process started nothing is heard: never returns.
        """
        if self._process is None:
            await asyncio.Event().wait()
        else:
            await _exit(self._process, math.inf, poll_seconds=1)

    async def _found_running(self) -> str | None:
        """URL of a server another process of ours runs here. Waits for one that is just starting or stopping."""
        deadline = time.monotonic() + PREVIOUS_STOP_SECONDS
        while (previous := _previous(self.data)) is not None:
            if not _is_postgres(previous.pid):
                # Left by a crash: the process is gone, or its number now belongs to another program.
                (self.data / "postmaster.pid").unlink(missing_ok=True)
                return None
            with suppress(OSError, asyncpg.PostgresError, TimeoutError):
                connection = await asyncpg.connect(_url(previous.sockets, NAME), timeout=5)
                await connection.close()
                return _url(previous.sockets, NAME)
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"a Postgres from before (process {previous.pid}) still holds {self.data} but does not answer: "
                    f"end it (kill -INT {previous.pid}) and start again"
                )
            await asyncio.sleep(POLL_SECONDS)
        return None

    async def _started(self, owner: pwd.struct_passwd, sockets: Path) -> str:
        version = self.data / "PG_VERSION"
        found = binaries.find(int(version.read_text()) if version.exists() else None)
        found = binaries.for_user(found, owner.pw_uid, owner.pw_gid)
        if not version.exists():
            await self._create(found, owner)
        options = self._options | {"unix_socket_directories": str(sockets)}
        if found.major >= 18:
            options["io_method"] = "sync"  # three processes fewer; no loss at this size
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        command = [str(found.directory / "postgres"), "-D", "{data}", *arguments]
        self._process = self._launch(command, self.data, owner)
        await self._answering(sockets)
        return _url(sockets, NAME)

    def _owner(self) -> pwd.struct_passwd:
        """Whom Postgres runs as: ourselves; if we are root, whom the data belong to, else postgres or nobody."""
        held_by = self.data.stat().st_uid if self.data.exists() else None
        if os.geteuid() != 0:
            if held_by not in (None, os.geteuid()):
                raise EmbeddedError(
                    f"{self.data} belongs to user {held_by}: start as that user (root if root made it), "
                    "or choose another FEDI_DATA_DIR"
                )
            return _account(os.geteuid())
        if held_by:
            return _account(held_by)
        for name in ("postgres", "nobody"):
            with suppress(KeyError):
                owner = pwd.getpwnam(name)
                if held_by == 0:  # restored from a backup by root
                    for path in [self.data, *self.data.rglob("*")]:
                        os.chown(path, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
                return owner
        raise EmbeddedError("Postgres cannot run as root, and there is neither a user postgres nor nobody to run it as")

    async def _create(self, found: Binaries, owner: pwd.struct_passwd) -> None:
        """An empty cluster, made beside its place and moved there whole, so that a crash leaves no half of it."""
        draft = self.data.with_name("postgres.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        os.chown(draft, owner.pw_uid, owner.pw_gid)
        command = [str(found.directory / "initdb"), "-D", "{data}", "-U", NAME, "-A", "trust", "-E", "UTF8"]
        if found.major >= 17:
            command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        else:
            command += ["--locale=C.UTF-8"]
        if not self._durable:
            command += ["--no-sync"]
        elif found.major >= 17 and sys.platform == "linux":
            command += ["--sync-method=syncfs"]
        process = self._launch(command, draft, owner)
        while not await _exit(process, START_SECONDS):
            process.kill()
        if process.returncode != 0:
            raise EmbeddedError(f"cannot create a database in {self.data}: {self._last_words()}")
        draft.rename(self.data)

    def _launch(self, command: list[str], directory: Path, owner: pwd.struct_passwd) -> subprocess.Popen[bytes]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        identity = [str(os.getpid()), str(owner.pw_uid), str(owner.pw_gid)]
        if self.log.exists() and self.log.stat().st_size > MAX_LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with open(self.log, "ab", opener=_for_us_alone) as log:
            # A session of its own: Ctrl-C in the terminal is for us, and Postgres must outlive our last transaction.
            return subprocess.Popen(  # noqa: S603
                [sys.executable, "-I", "-S", str(_LAUNCHER), *identity, str(directory), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment | {"LC_ALL": "C"},
                cwd="/",
                start_new_session=True,
            )

    async def _answering(self, sockets: Path) -> None:
        """Waits until Postgres takes connections, and makes the database in it the first time."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                raise EmbeddedError(f"Postgres did not start: {self._last_words()}")
            # Refused, no socket yet, or "the database system is starting up".
            with suppress(OSError, asyncpg.CannotConnectNowError, TimeoutError):
                connection = await asyncpg.connect(_url(sockets, "postgres"), timeout=5)
                try:
                    if not await connection.fetchval("select true from pg_database where datname = $1", NAME):
                        await connection.execute(f"create database {NAME}")
                finally:
                    await connection.close()
                return
            await asyncio.sleep(POLL_SECONDS)
        raise EmbeddedError(f"Postgres did not become ready in {START_SECONDS} s; see {self.log}")

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-30:]
        causes = [re.sub(r"^.*?(FATAL|PANIC|error|Error):\s*", "", line) for line in lines if _CAUSE.search(line)]
        return f"{causes[-1] if causes else 'no reason given'} (see {self.log})"


@asynccontextmanager
async def running(data_dir: Path, *, durable: bool = True) -> AsyncIterator[str]:
    """The URL of an embedded database that runs inside the block."""
    server = Server(data_dir, durable=durable)
    url = await server.start()
    try:
        yield url
    finally:
        await server.stop()


class _Previous(msgspec.Struct, frozen=True):
    pid: int
    sockets: Path


_CAUSE = re.compile(r"FATAL|PANIC|[Ee]rror:")
_SOCKET_PREFIX = "fedi-postgres-"


def _previous(data: Path) -> _Previous | None:
    """What postmaster.pid says: written at start, removed at a clean stop. Line 1 process, line 5 socket directory."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None
    pid = int(lines[0]) if lines and lines[0].lstrip("-").isdigit() else 0
    return _Previous(pid=abs(pid), sockets=Path(lines[4]) if len(lines) > 4 else Path("/nonexistent"))


def _is_postgres(pid: int) -> bool:
    """Not only whether the process is there: after a restart its number may belong to another program."""
    if sys.platform == "linux":
        with suppress(OSError):
            name, _, state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")
            return name.endswith("(postgres") and not state.startswith("Z")
        return False
    asked = subprocess.run(["ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return "postgres" in asked.stdout


def _socket_directory(owner: pwd.struct_passwd, notes: TextIO) -> Path:
    """A new directory that only `owner` may enter; its path is noted, so that after a crash the next start removes it.

    Not below the data: socket paths have about 100 characters, and not every file system of data can hold sockets.
    """
    notes.seek(0)
    left = Path(notes.read().strip() or "/nonexistent")
    if left.name.startswith(_SOCKET_PREFIX):
        shutil.rmtree(left, ignore_errors=True)
    base = tempfile.gettempdir()
    if len(base) > MAX_SOCKET_DIRECTORY_CHARS - len(_SOCKET_PREFIX) - 8 or os.geteuid() == 0:
        base = "/tmp"  # noqa: S108 (mkdtemp makes a new directory, for its owner only)
    sockets = Path(tempfile.mkdtemp(prefix=_SOCKET_PREFIX, dir=base))
    os.chown(sockets, owner.pw_uid, owner.pw_gid)
    notes.truncate(0)
    notes.write(f"{sockets}\n")
    return sockets


def _url(sockets: Path, database: str) -> str:
    return f"postgresql://{NAME}@/{database}?host={quote(str(sockets))}&port={PORT}"


def _for_us_alone(path: str, flags: int) -> int:
    """The log may quote data."""
    return os.open(path, flags, mode=0o600)


def _account(user: int) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(user)
    except KeyError:
        raise EmbeddedError(f"user {user} has no entry in /etc/passwd, which Postgres needs") from None


async def _acquire(lock: int) -> None:
    """Waits for another process that is starting a server on the same directory."""
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        await asyncio.sleep(POLL_SECONDS)


async def _exit(process: subprocess.Popen[bytes], seconds: float, *, poll_seconds: float = POLL_SECONDS) -> bool:
    deadline = time.monotonic() + seconds
    while process.poll() is None:
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(poll_seconds)
    return True
