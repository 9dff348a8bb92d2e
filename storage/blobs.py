"""Files: a local directory today. Names are random and ours, so that no client's word ever becomes a path."""

import asyncio
import os
import re
import secrets
from pathlib import Path

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
        await asyncio.to_thread(self._write, self.path(name), data)

    async def delete(self, *names: str) -> None:
        for name in names:
            await asyncio.to_thread(self.path(name).unlink, missing_ok=True)

    def writable(self) -> bool:
        self._root.mkdir(parents=True, exist_ok=True)
        return os.access(self._root, os.W_OK)

    @staticmethod
    def _write(path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
        try:
            with part.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
