"""The size and shape of the code: small modules, small functions, imports at the top, dependencies in one direction."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("fedi", "federation", "storage")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MAX_MODULE_LINES = 500
MAX_FUNCTION_LINES = 50
MAX_OWN_IMPORTS = 18
# The composition root knows everybody; the tables of routes, effects, jobs and activities are lists of modules.
IMPORTS_MANY = {
    "fedi/app.py",
    "fedi/api/__init__.py",
    "fedi/effects/__init__.py",
    "fedi/jobs.py",
    "federation/inbox/__init__.py",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, Function):
            yield node


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_module_opens_with_what_it_is(path: Path) -> None:
    text = path.read_text()
    assert not text.strip() or ast.get_docstring(ast.parse(text)), f"{_name(path)} has no docstring"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_module_is_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MAX_MODULE_LINES


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_functions_are_small(path: Path) -> None:
    long = {
        function.name: length
        for function in _functions(path)
        if (length := (function.end_lineno or 0) - function.lineno + 1) > MAX_FUNCTION_LINES
    }
    assert not long


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_imports_stand_at_the_top(path: Path) -> None:
    hidden = {
        function.name
        for function in _functions(path)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert not hidden


def _module(package: str, name: str) -> str:
    """The module that `from package import name` reaches: `storage.follows`, but `storage.rows` for `structs`."""
    inside = ROOT / package.replace(".", "/") / name
    return f"{package}.{name}" if inside.is_dir() or inside.with_suffix(".py").exists() else package


@pytest.mark.parametrize("path", [path for path in MODULES if _name(path) not in IMPORTS_MANY], ids=_name)
def test_a_module_knows_few_others(path: Path) -> None:
    imported: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] in PACKAGES:
            imported |= {_module(node.module, name.name) for name in node.names}
    assert len(imported) <= MAX_OWN_IMPORTS, sorted(imported)


def test_most_modules_and_functions_are_far_below_the_limits() -> None:
    modules = sorted(len(path.read_text().splitlines()) for path in MODULES)
    functions = sorted((f.end_lineno or 0) - f.lineno + 1 for path in MODULES for f in _functions(path))
    assert modules[len(modules) * 95 // 100] <= 350
    assert functions[len(functions) * 95 // 100] <= 35
