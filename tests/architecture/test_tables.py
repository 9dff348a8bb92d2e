"""The four tables are complete: every route says who may call it, every event has effects, every job a function."""

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

import federation.routes
from federation import inbox
from fedi import api, web
from fedi.effects import EFFECTS
from fedi.http import limits, scopes
from fedi.http.endpoint import Endpoint
from fedi.jobs import JOBS, SCHEDULE
from fedi.streaming import endpoint as streaming
from storage import events

ROOT = Path(__file__).parents[2]
API: list[Endpoint] = [*api.ROUTES, *streaming.ROUTES]
# Events whose effects are elsewhere on purpose: none.
WITHOUT_EFFECTS: set[type[events.Event]] = set()


def _label(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


@pytest.mark.parametrize("endpoint", [*API, *web.ROUTES], ids=_label)
def test_a_route_says_who_may_call_it(endpoint: Endpoint) -> None:
    asked = endpoint.access.scope.split("|") if endpoint.access.scope else []
    assert not scopes.unknown(asked)
    assert endpoint.limit in limits.FAMILIES
    assert inspect.iscoroutinefunction(endpoint.handler)
    if endpoint.path.startswith("/api/") and endpoint.method != "GET" and endpoint.access.kind == "user":
        assert asked, "a route that changes something for a person needs a scope"


def test_no_route_is_declared_twice() -> None:
    routes = [(endpoint.method, endpoint.path) for endpoint in [*API, *web.ROUTES]]
    assert len(routes) == len(set(routes))


def test_put_and_patch_are_the_same() -> None:
    by_method = {
        method: {(endpoint.path, endpoint.handler) for endpoint in API if endpoint.method == method}
        for method in ("PUT", "PATCH")
    }
    assert by_method["PUT"] == by_method["PATCH"]


@pytest.mark.parametrize("kind", list(events.KINDS.values()), ids=lambda kind: kind.__name__)
def test_an_event_has_effects(kind: type[events.Event]) -> None:
    assert kind in EFFECTS
    assert EFFECTS[kind] or kind in WITHOUT_EFFECTS


def test_effects_and_handlers_are_functions_of_their_own_name() -> None:
    for effects in EFFECTS.values():
        labels = [f"{effect.__module__}.{effect.__name__}" for effect in effects]
        assert len(labels) == len(set(labels)), "a failed effect is found again by its name"
        assert all(inspect.iscoroutinefunction(effect) for effect in effects)
    assert all(inspect.iscoroutinefunction(handler) for handler in inbox.HANDLERS.values())
    assert all(inspect.iscoroutinefunction(route.handler) for route in federation.routes.ROUTES)


def _enqueued() -> Iterator[tuple[str, str]]:
    """(place, job name) of every call of `jobs.enqueue` and `jobs.enqueue_many`. Events and single effects, whose names
    are made at run time, are the worker's own."""
    for path in [path for package in ("fedi", "federation", "storage") for path in (ROOT / package).rglob("*.py")]:
        place = path.relative_to(ROOT).as_posix()
        if place in ("storage/events.py", "fedi/worker.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("jobs.enqueue", "jobs.enqueue_many"):
                yield f"{place}:{node.lineno}", _value(place, node.args[1])


def _value(place: str, expression: ast.expr) -> str:
    """What a literal, a constant of the module, or one of another module (`distribute.JOB`) stands for."""
    module: object = importlib.import_module(place.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    if isinstance(expression, ast.Constant):
        return str(expression.value)
    for name in ast.unparse(expression).split("."):
        module = getattr(module, name)
    return str(module)


def test_every_job_that_is_left_has_a_function() -> None:
    left = dict(_enqueued())
    assert len(left) >= 10, "the search finds nothing any more"
    for path, name in left.items():
        assert name in JOBS, f"{path} leaves a job {name!r}"


def test_jobs_and_schedules_are_coroutines() -> None:
    functions = [*JOBS.values(), *(function for _, function in SCHEDULE)]
    assert all(inspect.iscoroutinefunction(function) for function in functions)
