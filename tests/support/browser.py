"""A browser without JavaScript: cookies, links by hand, and forms filled in as they stand on the page."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
from selectolax.lexbor import LexborHTMLParser, LexborNode

from tests.support import servers


class Browser:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.response = httpx.Response(204)

    @property
    def html(self) -> str:
        return self.response.text

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def location(self) -> str:
        return self.response.headers["location"]

    async def open(self, path: str, **kwargs: Any) -> httpx.Response:
        """Go to a page, without following where it sends one."""
        self.response = await self.client.get(path, **kwargs)
        return self.response

    async def follow(self) -> httpx.Response:
        """Go where the last answer sends one."""
        return await self.open(self.location)

    def form(self, action: str) -> dict[str, str]:
        """The fields of a form of the current page, as a browser would send them untouched."""
        form = self._form(action)
        fields = {}
        for field in form.css("input, textarea"):
            if field.attributes.get("type") == "checkbox" and "checked" not in field.attributes:
                continue
            if name := field.attributes.get("name"):
                fields[name] = field.attributes.get("value") or field.text() or ""
        return fields

    def _form(self, action: str) -> LexborNode:
        for form in LexborHTMLParser(self.html).css("form"):
            if form.attributes.get("action") == action:
                return form
        raise AssertionError(f"no form for {action} on this page: {self.html[-2000:]}")

    async def submit(
        self, action: str, values: dict[str, str] | None = None, *, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Fill in and send a form of the current page, from the same origin as browsers say it."""
        sent = {"Sec-Fetch-Site": "same-origin", "Origin": str(self.client.base_url).rstrip("/"), **(headers or {})}
        self.response = await self.client.post(action, data={**self.form(action), **(values or {})}, headers=sent)
        return self.response

    async def log_in(self, login: str, password: str = servers.PASSWORD, *, path: str = "/auth/log_in") -> None:
        await self.open(path)
        await self.submit("/auth/log_in", {"login": login, "password": password})
        assert self.status == 303, self.html

    async def grant(self, url: str, login: str, password: str = servers.PASSWORD) -> str:
        """Let an application in: log in where its link leads, allow it; the address that the browser is sent to."""
        await self.open(url)
        assert self.status == 302, self.html
        await self.follow()
        await self.submit("/auth/log_in", {"login": login, "password": password})
        assert self.status == 303, self.html
        await self.follow()
        await self.submit("/oauth/authorize", {"decision": "allow"})
        assert self.status == 302, self.html
        return self.location


@contextlib.asynccontextmanager
async def browser(node: servers.Node) -> AsyncIterator[Browser]:
    transport = httpx.ASGITransport(node.server.asgi, client=("192.0.2.7", 50000))
    async with httpx.AsyncClient(transport=transport, base_url=node.base_url) as client:
        yield Browser(client)
