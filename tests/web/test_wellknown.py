"""Files at known places."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.servers import Node

pytestmark = pytest.mark.anyio


async def test_who_finds_a_hole_learns_whom_to_tell(servers: Any) -> None:
    (server,) = await servers("example.test", contact_email="admin@example.test")
    answer = await server.client.get("/.well-known/security.txt")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    said = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert said["Contact"] == "mailto:admin@example.test"
    assert said["Canonical"] == "https://example.test/.well-known/security.txt"
    ends = datetime.fromisoformat(said["Expires"])
    assert datetime.now(UTC) < ends < datetime.now(UTC) + timedelta(days=365)


async def test_without_a_contact_there_is_no_security_file(server: Node) -> None:
    assert (await server.client.get("/.well-known/security.txt")).status_code == 404


async def test_crawlers_may_read_pages(server: Node) -> None:
    answer = await server.client.get("/robots.txt")
    assert answer.text.startswith("User-agent: *\n")
    assert "Disallow: /auth/\n" in answer.text
    assert "Disallow: /\n" not in answer.text


async def test_password_managers_find_where_passwords_are_changed(server: Node) -> None:
    answer = await server.client.get("/.well-known/change-password")
    assert (answer.status_code, answer.headers["location"]) == (302, "/auth/password")
