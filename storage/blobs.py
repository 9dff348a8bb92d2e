"""Files: a local directory today. Names are random and ours, so that no client's word ever becomes a path."""

import asyncio
import contextlib
import errno
import os
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import BinaryIO

# No room on the disk, in a quota, or under the limit of a process.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
WORKSHOPS = "work"  # beside the kinds of blobs; what is in it has no name that is served
_NAME = re.compile(r"[a-z0-9][a-z0-9/_.-]{0,200}")


def new_name(kind: str, suffix: str) -> str:
    """A fresh unguessable name below `kind`: `media/3f/3f0c….webp`."""
    token = secrets.token_hex(16)
    return f"{kind}/{token[:2]}/{token}{suffix}"


class Blobs:
    """A directory of files that never change once written."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def path(self, name: str) -> Path:
        """Where a blob lies. `ValueError` for a name that could not be ours."""
        if not _NAME.fullmatch(name) or ".." in name:
            raise ValueError("not a blob name")
        path = (self._root / name).resolve()
        if not path.is_relative_to(self._root):
            raise ValueError("not a blob name")
        return path

    async def put(self, name: str, data: bytes) -> None:
        """Write whole or not at all."""
        await asyncio.to_thread(self._write, self.path(name), lambda file: file.write(data))

    async def copy(self, name: str, source: BinaryIO) -> None:
        """Write what is in an open file, from its beginning, whole or not at all."""

        def fill(file: BinaryIO) -> None:
            source.seek(0)
            shutil.copyfileobj(source, file, 1024 * 1024)

        await asyncio.to_thread(self._write, self.path(name), fill)

    async def adopt(self, name: str, made: Path) -> None:
        """Make a blob of a file that lies in a `workshop`."""
        await asyncio.to_thread(self._adopt, self.path(name), made)

    @contextlib.asynccontextmanager
    async def workshop(self) -> AsyncIterator[Path]:
        """A directory to make files in, gone at the end."""
        path = self._root / WORKSHOPS / secrets.token_hex(16)
        await asyncio.to_thread(path.mkdir, 0o700, parents=True)
        try:
            yield path
        finally:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, path, ignore_errors=True))

    async def older(self, kind: str, *, hours: int) -> list[str]:
        """Names of the blobs of a kind that were written so long ago."""
        return await asyncio.to_thread(self._older, kind, time.time() - 3600 * hours)

    async def tidy(self, *, hours: int) -> None:
        """Remove workshops whose process was killed so long ago."""
        await asyncio.to_thread(self._tidy, time.time() - 3600 * hours)

    async def delete(self, *names: str) -> None:
        for name in names:
            await asyncio.to_thread(self.path(name).unlink, missing_ok=True)

    def writable(self) -> bool:
        self._root.mkdir(parents=True, exist_ok=True)
        return os.access(self._root, os.W_OK)

    @staticmethod
    def _write(path: Path, fill: Callable[[BinaryIO], object]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
        try:
            with part.open("wb") as file:
                fill(file)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    @staticmethod
    def _adopt(path: Path, made: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with made.open("rb") as file:
            os.fsync(file.fileno())
        made.replace(path)

    def _older(self, kind: str, before: float) -> list[str]:
        found = []
        for path in (self._root / kind).glob("*/*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    found.append(str(path.relative_to(self._root)))
        return found

    def _tidy(self, before: float) -> None:
        for path in (self._root / WORKSHOPS).glob("*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    shutil.rmtree(path, ignore_errors=True)
