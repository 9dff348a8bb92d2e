"""A Postgres of somebody's own, to be restarted, killed and frozen."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

from storage import embedded, migrations


class Postgres:
    """In a directory, migrated, at one address as long as it is there."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.server = embedded.Server(directory)
        self.url = ""

    async def start(self) -> None:
        """At the same address as before: its sockets are found through a link."""
        url, first = urlsplit(await self.server.start()), not self.url
        [sockets] = parse_qs(url.query)["host"]
        link = self.directory / "sockets"
        link.unlink(missing_ok=True)
        link.symlink_to(sockets)
        self.url = urlunsplit(url._replace(query=url.query.replace(quote(sockets), quote(str(link)))))
        if first:
            await migrations.upgrade(self.url)

    async def restart(self, *, crash: bool) -> None:
        if crash:
            for pid in self.pids():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        await self.server.stop()
        await self.start()

    def pids(self) -> list[int]:
        """The server and all of its processes."""
        first = int((self.server.data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        return [first, *(int(child) for child in children)]

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        pids = self.pids()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
