"""What commands say: help that fits a terminal, one line for whatever was given wrong, a sentence where nothing is."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from fedi.cli import main
from tests.cli.conftest import Fedi

pytestmark = pytest.mark.anyio

HUGE = str(10**30)
NOT_UTF8 = b"caf\xe9".decode(errors="surrogateescape")


def groups(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(command, click.Group):
        yield path
        for name, each in command.commands.items():
            yield from groups(each, (*path, name))


@pytest.mark.parametrize("path", [path for path in groups(main) if path == () or len(path) == 1])
async def test_help_cuts_no_sentence(path: tuple[str, ...], fedi: Fedi) -> None:
    said = (await fedi(*path, "--help")).stdout
    assert max(map(len, said.splitlines())) <= 80
    if not path:
        assert "..." not in said.partition("Commands:")[2]


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (("rule", "remove", HUGE), 2, "not in the range"),
        (("announcement", "delete", HUGE), 2, "not in the range"),
        (("warning-preset", "remove", HUGE), 2, "not in the range"),
        (("appeal", "reject", HUGE), 2, "not in the range"),
        (("inbox", "show", HUGE), 2, "not in the range"),
        (("inbox", "drop", HUGE), 2, "not in the range"),
        (("inbox", "drop", "5"), 1, "there is no failed activity 5"),
        (("inbox", "replay", "--all"), 1, "there is no activity that failed"),
        (("invite", "create", "--uses", HUGE), 2, "not in the range"),
        (("rule", "add", " "), 1, "the text is empty"),
        (("warning-preset", "add", "Spam", ""), 1, "the text is empty"),
        (("rule", "add", NOT_UTF8), 2, "is not UTF-8"),
        (("audit", "list", "--target", NOT_UTF8), 2, "is not UTF-8"),
        (("role", "create", "helper", "--position", HUGE), 1, "Error: Position must be"),
        (("account", "create", "zoe", "--email", "nonsense"), 1, "'nonsense' is not an e-mail address"),
        (("move", "to", "ghost", "x@far.example"), 1, "there is no account called ghost"),
        (("domain", "block", "http://", "--yes"), 2, "is not a domain"),
        (("domain", "block", "http://[", "--yes"), 2, "is not a domain"),
    ],
)
async def test_what_is_given_wrong_is_said_in_one_line(
    command: tuple[str, ...], code: int, words: str, fedi: Fedi
) -> None:
    result = await fedi(*command)
    assert result.exit_code == code, result.output
    assert words in result.stderr
    assert "database said" not in result.stderr


async def test_a_document_is_text(fedi: Fedi, tmp_path: Path) -> None:
    path = tmp_path / "terms.md"
    path.write_bytes(b"\x89PNG\r\n")
    result = await fedi("document", "set", "terms_of_service", str(path))
    assert (result.exit_code, result.stderr) == (1, f"Error: {path} is not text in UTF-8\n")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("rule", "list"), "There are no rules."),
        (("document", "list"), "There are no documents."),
        (("warning-preset", "list"), "There are no texts for warnings."),
        (("appeal", "list"), "No appeal waits."),
        (("appeal", "list", "--decided"), "No appeal was decided."),
        (("delivery", "hosts", "far.example"), "Nothing waits for far.example."),
        (("delivery", "hosts", "far.example", "--failed"), "far.example took everything it was sent."),
    ],
)
async def test_where_nothing_is_they_say_so(command: tuple[str, ...], words: str, fedi: Fedi) -> None:
    result = await fedi(*command)
    assert (result.exit_code, result.stdout) == (0, f"{words}\n")


async def test_a_role_is_changed_only_if_something_is_to_change(fedi: Fedi) -> None:
    assert (await fedi("role", "create", "helper")).exit_code == 0
    result = await fedi("role", "change", "helper")
    assert (result.exit_code, "say what is to change" in result.stderr) == (2, True)
    assert (await fedi("role", "remove", "helper")).stdout == "helper is removed; nobody had it\n"


async def test_roles_fit_a_terminal(fedi: Fedi) -> None:
    lines = (await fedi("role", "list")).stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert "delete_user_data" in "".join(lines)


@pytest.mark.parametrize("address", ["http://Far.example/about", "https://far.example:8443/@eve", "far.example/"])
async def test_a_domain_may_be_copied_from_a_browser(address: str, fedi: Fedi) -> None:
    assert (await fedi("domain", "block", address, "--yes")).stdout == "far.example: suspend\n"
