"""Small disks in memory, which are full soon. Making one takes root and a system that lets it mount."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

BALLAST = "ballast"


def possible(directory: Path) -> bool:
    """Whether there can be any here."""
    try:
        with volume(directory / "try", megabytes=1):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


@contextlib.contextmanager
def volume(directory: Path, *, megabytes: int) -> Iterator[Path]:
    """A disk of that size at `directory`; what was there before is there again afterwards."""
    directory.mkdir(parents=True, exist_ok=True)
    _mount("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "fedi-test", str(directory))
    try:
        yield directory
    finally:
        _mount("umount", "--lazy", str(directory))


def grow(directory: Path, *, megabytes: int) -> None:
    _mount("mount", "-o", f"remount,size={megabytes}m", str(directory))


def fill(directory: Path) -> Path:
    """Until not a byte more goes in; the file to delete for room."""
    path = directory / BALLAST
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            with contextlib.suppress(OSError):
                while file.write(bytes(size)) == size:
                    pass
    return path


def _mount(*command: str) -> None:
    if os.geteuid() != 0:
        raise PermissionError("only root mounts")
    subprocess.run(command, check=True, capture_output=True)
