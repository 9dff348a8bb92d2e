"""Somebody's way through the client API: each answer is judged strictly, each writing call sent in one encoding."""

from collections.abc import Mapping
from typing import Any

from tests.support import checker
from tests.support.encodings import encoded
from tests.support.servers import Node, Person


class Walk:
    """Somebody's way through the whole API in one encoding."""

    def __init__(self, server: Node, encoding: str) -> None:
        self.server = server
        self.encoding = encoding
        self.checker = checker.Checker()
        self.asked: dict[str, int] = {}

    async def call(
        self, person: Person | None, method: str, path: str, body: Mapping[str, Any] | None = None, **files: Any
    ) -> Any:
        """Call, judge, and give back what came."""
        headers = {"Authorization": f"Bearer {person.token}"} if person else {}
        encoding = "query" if method == "GET" else self.encoding
        kwargs = encoded(body or {}, encoding, files) if body or files else {}
        response = await self.server.client.request(method, path, headers=headers, **kwargs)
        return self.judge(method, path, response, user=person is not None)

    def judge(self, method: str, path: str, response: Any, *, user: bool | None = None) -> Any:
        assert response.status_code < 400, f"{method} {path}: {response.status_code} {response.text[:300]}"
        is_json = "json" in response.headers.get("content-type", "")
        answer = response.json() if is_json else response.text
        violations = self.checker.check(method, path, response.status_code, answer, user=user if is_json else None)
        assert violations == [], f"{method} {path}"
        return answer

    async def get(self, person: Person | None, path: str, **params: Any) -> Any:
        return await self.call(person, "GET", path, params)

    async def post(self, person: Person, path: str, body: Mapping[str, Any] | None = None, **files: Any) -> Any:
        return await self.call(person, "POST", path, body, **files)

    async def some(self, person: Person | None, path: str, **params: Any) -> list[Any]:
        """A list that must not be empty."""
        found = await self.get(person, path, **params)
        assert found, f"{path} is empty"
        return list(found)
