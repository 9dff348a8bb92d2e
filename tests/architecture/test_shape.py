"""The size and shape of the code: small modules, small functions, imports at the top, dependencies in one direction."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("fedi", "federation", "storage")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MAX_MODULE_LINES = 500
MAX_FUNCTION_LINES = 50
MAX_OWN_IMPORTS = 20
# The composition root knows everybody; the tables of routes, effects, jobs and activities are lists of modules.
IMPORTS_MANY = {
    "fedi/app.py",
    "fedi/api/__init__.py",
    "fedi/cli/__init__.py",
    "fedi/web/__init__.py",
    "fedi/effects/__init__.py",
    "fedi/jobs.py",
    "federation/inbox/__init__.py",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def _functions(path: Path) -> list[tuple[str, Function, int]]:
    """(where and what, the function, its lines)."""
    found = [node for node in ast.walk(_parsed(path)) if isinstance(node, Function)]
    return [(f"{_name(path)}: {each.name}", each, (each.end_lineno or 0) - each.lineno + 1) for each in found]


def test_modules_open_with_what_they_are() -> None:
    silent = [_name(path) for path in MODULES if _parsed(path).body and not ast.get_docstring(_parsed(path))]
    assert silent == []


def test_modules_are_small() -> None:
    lines = {_name(path): len(path.read_text().splitlines()) for path in MODULES}
    assert len(lines) > 400
    assert {name: count for name, count in lines.items() if count > MAX_MODULE_LINES} == {}


def test_functions_are_small() -> None:
    long = {name: lines for path in MODULES for name, _, lines in _functions(path) if lines > MAX_FUNCTION_LINES}
    assert long == {}


def test_imports_stand_at_the_top() -> None:
    hidden = {
        name
        for path in MODULES
        for name, function, _ in _functions(path)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert hidden == set()


def _module(package: str, name: str) -> str:
    """The module that `from package import name` reaches: `storage.follows`, but `storage.rows` for `structs`."""
    inside = ROOT / package.replace(".", "/") / name
    return f"{package}.{name}" if inside.is_dir() or inside.with_suffix(".py").exists() else package


def _imported(path: Path) -> set[str]:
    imported: set[str] = set()
    for node in ast.walk(_parsed(path)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] in PACKAGES:
            imported |= {_module(node.module, name.name) for name in node.names}
    return imported


def test_modules_know_few_others() -> None:
    known = {_name(path): _imported(path) for path in MODULES if _name(path) not in IMPORTS_MANY}
    assert {name: others for name, others in known.items() if len(others) > MAX_OWN_IMPORTS} == {}


def test_most_modules_and_functions_are_far_below_the_limits() -> None:
    modules = sorted(len(path.read_text().splitlines()) for path in MODULES)
    functions = sorted(lines for path in MODULES for _, _, lines in _functions(path))
    assert modules[len(modules) * 95 // 100] <= 350
    assert functions[len(functions) * 95 // 100] <= 35
