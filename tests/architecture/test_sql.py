"""The text of a query is made of the code alone: values are always `$n`."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(path for package in ("fedi", "federation", "storage") for path in (ROOT / package).rglob("*.py"))
METHODS = {"execute", "executemany", "fetch", "fetchrow", "fetchval", "prepare", "cursor"}
_SQL = re.compile(r"\s*(select|insert|update|delete|with|create|alter|drop|lock|set)\b", re.IGNORECASE)
_CONSTANT = re.compile(r"(\w+\.)?_?[A-Z][A-Z0-9_]*")

_FIELDS = "names of a struct's fields, and numbers of placeholders"
# Module and expression: why it may stand there although it is neither a constant nor a choice between literals.
JUSTIFIED = {
    ("storage/account_settings.py", "sets"): _FIELDS,
    ("storage/accounts.py", "names"): _FIELDS,
    ("storage/accounts.py", "places"): _FIELDS,
    ("storage/accounts.py", "sets"): _FIELDS,
    ("storage/accounts.py", "', '.join(names)"): _FIELDS,
    ("storage/accounts.py", "', '.join((f'a.{name}' for name in changing))"): _FIELDS,
    ("storage/accounts.py", "', '.join((f'excluded.{name}' for name in changing))"): _FIELDS,
    ("storage/accounts.py", "', '.join((f'{name} = excluded.{name}' for name in changing))"): _FIELDS,
    ("storage/media.py", "places"): _FIELDS,
    ("storage/users.py", "', '.join((f'u.{name}' for name in _OWN))"): _FIELDS,
    ("storage/measures.py", "_wide(_EVER[key], below)"): "a text of the module, or the same with one condition wider",
    ("storage/measures.py", "_wide(_DAILY[key], below)"): "the same",
    ("storage/migrations.py", "script"): "a file of this repository",
    ("storage/follows.py", "table"): "one of two names that _table_for returns",
    ("storage/viewings.py", "own"): "a query of storage/bundles.py",
    ("storage/search.py", "matches"): "one of the fragments that _matches returns",
}


class Module:
    """The functions of a module, and what may stand in its queries."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.tree = ast.parse(text)
        self.inside: dict[ast.AST, ast.FunctionDef | ast.AsyncFunctionDef] = {}
        for function in ast.walk(self.tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                self.inside.update((node, function) for node in ast.walk(function))

    def faults(self) -> Iterator[str]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.JoinedStr) and _is_query(node):
                for part in node.values:
                    if isinstance(part, ast.FormattedValue) and not self.is_code(part.value):
                        yield f"{self.name}:{node.lineno} {{{ast.unparse(part.value)}}}"
            elif isinstance(node, ast.Call) and _runs(node) and not self.is_code(node.args[0]):
                yield f"{self.name}:{node.lineno} {ast.unparse(node.args[0])[:80]}"

    def is_code(self, value: ast.expr) -> bool:
        """Whether a text can only be what the code says, whatever anybody sends."""
        text = ast.unparse(value)
        if (self.name, text) in JUSTIFIED or _CONSTANT.fullmatch(text) or text.endswith(".order"):
            return True
        match value:
            case ast.Constant():
                return True
            case ast.JoinedStr():
                return all(isinstance(part, ast.Constant) or self.is_code(part.value) for part in value.values)  # type: ignore[attr-defined]
            case ast.IfExp():
                return self.is_code(value.body) and self.is_code(value.orelse)
            case ast.BinOp():
                return self.is_code(value.left) and self.is_code(value.right)
            case ast.Tuple() | ast.List():
                return all(self.is_code(item) for item in value.elts)
            case ast.Subscript():  # a choice out of a table of literals
                return self.is_code(value.value)
            case ast.Call():
                own = ast.unparse(value.func) in ("columns", "rows.columns") or ast.unparse(value.func).startswith("_")
                return own and all(
                    self.is_code(argument) or ast.unparse(argument)[:1].isupper() for argument in value.args
                )
            case ast.Name():
                return self._name_is_code(value)
        return False

    def _name_is_code(self, name: ast.Name) -> bool:
        """A local that is only ever given such texts, or the parameter of a private function that is."""
        function = self.inside.get(name)
        if function is None:
            return False
        given = [node for node in ast.walk(function) if name.id in _targets(node)]
        if given:
            return all(self.is_code(_source(node)) for node in given)
        names = [argument.arg for argument in function.args.args]
        if not function.name.startswith("_") or name.id not in names:
            return False
        place = names.index(name.id)
        calls = [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Call) and ast.unparse(node.func) == function.name
        ]
        return bool(calls) and all(len(call.args) > place and self.is_code(call.args[place]) for call in calls)


def _is_query(text: ast.JoinedStr) -> bool:
    first = text.values[0]
    return isinstance(first, ast.Constant) and _SQL.match(str(first.value)) is not None


def _runs(call: ast.Call) -> bool:
    if not call.args or not isinstance(call.func, ast.Attribute) or call.func.attr not in METHODS:
        return False
    return ast.unparse(call.func.value).rpartition(".")[2] in ("conn", "connection", "_conn", "_connection")


def _targets(node: ast.AST) -> set[str]:
    match node:
        case ast.Assign():
            targets = node.targets
        case ast.AnnAssign() | ast.For() | ast.comprehension():
            targets = [node.target]
        case _:
            return set()
    return {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}


def _source(node: ast.AST) -> ast.expr:
    match node:
        case ast.For() | ast.comprehension():
            return node.iter
        case ast.Assign():
            return node.value
        case ast.AnnAssign() if node.value is not None:
            return node.value
    raise TypeError(f"{node} gives nothing")


TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text() for path in MODULES}


def test_no_query_holds_what_somebody_sent() -> None:
    assert [fault for name, text in TEXTS.items() for fault in Module(name, text).faults()] == []


def test_every_exception_is_needed() -> None:
    for module, expression in JUSTIFIED:
        letters = re.sub(r"\W+", "", expression)
        assert letters in re.sub(r"\W+", "", TEXTS[module]), (module, expression)


@pytest.mark.parametrize(
    "body",
    [
        "await conn.fetch(f'select 1 from x where name = {name}')",
        "await conn.fetch('select 1 from x where name = ' + name)",
        "await conn.fetch('select %s' % name)",
        "await conn.fetch('select {}'.format(name))",
        "await conn.fetch(name)",
        "text = f'select {name}'\n    await conn.fetch(text)",
        "part = 'a' if name else name\n    await conn.fetch(f'select {part}')",
        "await _look(conn, name)",
    ],
)
def test_what_somebody_sent_would_be_seen(body: str) -> None:
    look = "async def _look(conn, part):\n    await conn.fetch(f'select {part}')\n\n"
    text = f"{look}async def find(conn, name):\n    {body}\n"
    assert list(Module("storage/x.py", text).faults()) != []


@pytest.mark.parametrize(
    "body",
    [
        "await conn.fetch(f'select {_COLUMNS} from x where name = $1', name)",
        "order = 'asc' if name else 'desc'\n    await conn.fetch(f'select 1 order by 1 {order}')",
        "for table in ('a', 'b'):\n        await conn.fetch(f'select 1 from {table}')",
        "await _look(conn, 'a')",
    ],
)
def test_what_the_code_says_is_fine(body: str) -> None:
    look = "async def _look(conn, part):\n    await conn.fetch(f'select {part}')\n\n" if "_look" in body else ""
    assert list(Module("storage/x.py", f"{look}async def find(conn, name):\n    {body}\n").faults()) == []


def test_rows_to_lock_are_chosen_once() -> None:
    """A subquery may be run again for every row of the statement around it, and then skips what it has locked itself:
    more rows than its limit. A materialized one is run once."""
    lock = r"(skip locked|\blimit [^()]*for (no key )?update)"
    chosen = [text for path in MODULES for text in _texts(path) if re.search(lock, text)]
    changing = [text for text in chosen if re.search(r"\b(update \w+ set|delete from)\b", text)]
    assert changing
    assert [text for text in changing if not re.search(rf"as materialized \((?:(?!\bin \().)*{lock}", text)] == []


def _texts(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield " ".join(node.value.split())
        elif isinstance(node, ast.JoinedStr):
            yield " ".join(ast.unparse(node).replace("\\n", " ").split())
