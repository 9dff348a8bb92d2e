"""`fedi filters`: out of one account and into another."""

import json

import pytest

from tests.cli.conftest import Fedi

pytestmark = pytest.mark.anyio

FILE = [
    {
        "title": "Drinks", "context": ["home", "public"], "filter_action": "hide", "expires_at": None,
        "keywords": [{"keyword": "coffee", "whole_word": True}, {"keyword": "te", "whole_word": False}], "statuses": [],
    },
    {
        "title": "For a time", "context": ["thread"], "filter_action": "blur", "expires_at": "2099-01-01T00:00:00Z",
        "keywords": [], "statuses": ["https://far.test/unknown"],
    },
    {"title": "Long ago", "context": ["home"], "expires_at": "2001-01-01T00:00:00Z", "keywords": []},
]  # fmt: skip


async def test_filters_are_taken_along(fedi: Fedi) -> None:
    for name in ("alice", "bob"):
        assert (await fedi("account", "create", name, "--email", f"{name}@mail.test")).exit_code == 0
    done = await fedi("filters", "import", "alice", "-", stdin=json.dumps(FILE))
    assert done.stdout == "2 filters added, 1 were there already or have ended\n"
    shown = (await fedi("filters", "export", "@alice")).stdout
    found = json.loads(shown)
    assert found[0] == FILE[0]
    assert (found[1]["filter_action"], found[1]["expires_at"][:7], found[1]["statuses"]) == ("blur", "2098-12", [])
    assert (await fedi("filters", "import", "bob", "-", stdin=shown)).stdout == "2 filters added\n"
    assert (await fedi("filters", "import", "bob", "-", stdin=shown)).stdout.startswith("0 filters added, 2 were")
    assert json.loads((await fedi("filters", "export", "bob")).stdout)[0] == FILE[0]


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (("export", "nobody"), "", "there is no account nobody here"),
        (("import", "nobody", "-"), "[]", "there is no account nobody here"),
        (("import", "nobody", "-"), "{", "This is no file of filters"),
        (("import", "nobody", "-"), '[{"title": "x"}]', "missing required field `context`"),
    ],
)
async def test_what_cannot_be_is_said(fedi: Fedi, arguments: tuple[str, ...], stdin: str, said: str) -> None:
    done = await fedi("filters", *arguments, stdin=stdin)
    assert done.exit_code == 1
    assert said in done.stderr
