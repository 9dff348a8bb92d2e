"""Web sites for tests: hosts on the in-memory network that serve what a test puts there."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.support.network import Network
from tests.support.servers import Node, drain


class Website:
    """`pages` maps paths, with their query, to answers; `asked` lists every path that was asked for."""

    def __init__(self, network: Network, host: str) -> None:
        self.host = host
        self.pages: dict[str, Response] = {}
        self.asked: list[str] = []
        network.apps[host] = self._app

    def url(self, path: str) -> str:
        return f"https://{self.host}{path}"

    def has(
        self, path: str, body: str | bytes, kind: str = "text/html", *, status: int = 200, location: str | None = None
    ) -> str:
        """Serve something at a path; its address."""
        headers = {"Content-Type": kind, **({"Location": location} if location else {})}
        self.pages[path] = Response(body, status, headers)
        return self.url(path)

    def page(self, path: str, head: str, body: str = "") -> str:
        """An HTML page."""
        return self.has(path, f"<!doctype html><html lang=en><head>{head}</head><body>{body}</body></html>")

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        self.asked.append(path)
        await self.pages.get(path, Response("not here", 404))(scope, receive, send)


async def later(*nodes: Node) -> None:
    """Run everything, what is due some time later included."""
    for _ in range(2):
        await drain(*nodes)
        for node in nodes:
            async with node.db.transaction() as conn:
                await conn.execute("update jobs set run_at = now() where failed_at is null and holder is null")
    await drain(*nodes)
