"""Who may call the API of the staff: the right scope and a role with the permission, both, on every route."""

from collections.abc import Sequence

import pytest

from fedi.http import scopes
from fedi.http.endpoint import Endpoint
from storage import roles
from tests.api.walks.admin import EVERYTHING
from tests.support import checker, routes
from tests.support.servers import Node, Person

pytestmark = pytest.mark.anyio

ROUTES = [route for route in routes.API if "/admin/" in route.path]
OUTSIDE = "This action is outside the authorized scopes"
NOT_ALLOWED = "This action is not allowed"


async def refused(server: Node, person: Person | None, wanted: Sequence[Endpoint], status: int, error: str) -> None:
    headers = {"Authorization": f"Bearer {person.token}"} if person else {}
    for route in wanted:
        path = route.path.replace(":id", "1")
        response = await server.client.request(route.method, path, headers=headers)
        assert (response.status_code, response.json()["error"]) == (status, error), f"{route.method} {path}"


def test_there_are_59_operations_of_mastodons_and_each_names_scope_and_permission() -> None:
    assert len(checker.topics()["admin"]) == 59
    assert len([route for route in ROUTES if route.method != "PATCH" and "/fedi/" not in route.path]) == 59
    for route in ROUTES:
        assert route.access.kind == "user"
        assert route.access.permissions
        read = route.method == "GET" or route.path.endswith(("/test", "/measures", "/dimensions", "/retention"))
        assert route.access.scope.startswith("admin:read" if read else "admin:write"), route.path


async def test_nobody_without_a_token(server: Node) -> None:
    await refused(server, None, ROUTES, 401, "The access token is invalid")


async def test_no_plain_user_whatever_the_token_holds(server: Node) -> None:
    await refused(server, await server.person("alice", scopes=EVERYTHING), ROUTES, 403, NOT_ALLOWED)


async def test_no_owner_whose_token_lacks_the_scope(server: Node) -> None:
    owner = await server.person("owner", role="owner", scopes="read write follow push profile")
    await refused(server, owner, ROUTES, 403, OUTSIDE)


@pytest.mark.parametrize("missing", sorted({route.access.scope for route in ROUTES}))
async def test_each_scope_is_needed_by_itself(server: Node, missing: str) -> None:
    """With every scope but one and what contains it."""
    others = [each for each in scopes.ALL if not scopes.covers([each], missing)]
    owner = await server.person("owner", role="owner", scopes=" ".join(others))
    await refused(server, owner, [route for route in ROUTES if route.access.scope == missing], 403, OUTSIDE)


@pytest.mark.parametrize("role", ["moderator", "admin", "owner"])
async def test_a_role_reaches_what_its_permissions_name_and_nothing_else(server: Node, role: str) -> None:
    person = await server.person("staff", role=role, scopes=EVERYTHING)
    async with server.db.read() as conn:
        held = await roles.by_name(conn, role)
    assert held is not None
    closed = [route for route in ROUTES if not held.rank.may(route.access.permissions)]
    await refused(server, person, closed, 403, NOT_ALLOWED)
    for route in ROUTES:
        if route not in closed:
            response = await person.call(route.method, route.path.replace(":id", "1"))
            assert response.status_code != 403, f"{route.method} {route.path}"
    assert bool(closed) is (role == "moderator")


async def test_a_role_is_shown_with_its_permissions(server: Node) -> None:
    for name, permissions in (("user", 65536), ("moderator", 66844), ("owner", 8388607)):
        person = await server.person(f"a_{name}", role=name)
        shown = (await person.get("/api/v1/accounts/verify_credentials"))["role"]
        assert int(shown["permissions"]) == permissions
        assert shown["highlighted"] is (name != "user")
