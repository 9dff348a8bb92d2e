"""The server starts and answers."""

import pytest

from tests.support.servers import Node

pytestmark = pytest.mark.anyio


async def test_health(server: Node) -> None:
    response = await server.client.get("/health")
    assert (response.status_code, response.text) == (200, "OK")


async def test_an_unknown_path_is_a_json_404(server: Node) -> None:
    response = await server.client.get("/api/v1/nothing")
    assert response.status_code == 404
    assert response.json() == {"error": "Record not found"}
