"""What the documents name is there: files, headings, commands with their options, targets of make, settings."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from fedi import config_sources
from fedi.cli import main

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("bench/*.md")])
EXAMPLES = [ROOT / name for name in ("compose.yaml", ".env.example", "deploy/fedi.service", "fedi.example.toml")]
TOP_LEVEL = {path.name for path in ROOT.iterdir()}
NOT_OURS = {".venv", "data"}  # made by running

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"^ *```[^\n]*\n(.*?)^ *```|`([^`\n]+)`", re.DOTALL | re.MULTILINE)
_OURS = re.compile(r"^(?:\.venv/bin/|/opt/fedi/bin/|docker compose exec(?: -T)? web )?fedi ([a-z].*)$")


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


documents = pytest.mark.parametrize("path", DOCUMENTS, ids=_name)


@documents
def test_links_lead_somewhere(path: Path) -> None:
    for target in _LINK.findall(path.read_text()):
        if "://" in target:
            continue
        file, _, heading = target.partition("#")
        found = (path.parent / file).resolve() if file else path
        assert found.exists(), f"{target} is not there"
        assert not heading or heading in _headings(found), f"{target}: there is no such heading"


@documents
def test_files_that_are_named_exist(path: Path) -> None:
    for words in _commands_and_names(path.read_text()):
        for name in re.findall(r"(?<![\w./*<>-])[\w.-]+/[\w./-]*\w", words):
            top = name.partition("/")[0]
            if top in TOP_LEVEL - NOT_OURS:
                assert (ROOT / name).exists() or (ROOT / f"{name}.py").exists(), f"{name} is not there"


@pytest.mark.parametrize("path", [*DOCUMENTS, *EXAMPLES], ids=_name)
def test_commands_that_are_named_exist(path: Path) -> None:
    text = path.read_text()
    for line in _commands_and_names(text) if path.suffix == ".md" else re.findall(r"`([^`\n]+)`", text):
        command = _OURS.match(line.partition(" # ")[0].strip())
        if command:
            _check(shlex.split(command[1]))


@documents
def test_targets_of_make_that_are_named_exist(path: Path) -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {word for line in _commands_and_names(path.read_text()) for word in re.findall(r"\bmake (\w+)", line)}
    assert named <= targets


@documents
def test_settings_that_are_named_exist(path: Path) -> None:
    known = {setting.name for setting in config_sources.explain({})}
    known |= {f"{name}_FILE" for name in known} | {config_sources.CONFIG_VARIABLE, "FEDI_TEST_DATABASE_URL"}
    assert set(re.findall(r"\bFEDI_[A-Z_]*[A-Z]\b", path.read_text())) <= known


def _headings(path: Path) -> set[str]:
    """As GitHub and others make anchors of them."""
    titles = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def _commands_and_names(text: str) -> Iterator[str]:
    """Every line of a block of code, with what follows a shell's && as its own, and every `word` in a sentence."""
    for block, word in _CODE.findall(text):
        for line in (block or word).splitlines():
            yield from line.split(" && ")


def _check(words: list[str]) -> None:
    """Follows the words through the groups of the command line; what begins with -- must be an option of the last."""
    command: click.Command = main
    for word in words:
        if word.startswith("--"):
            options = {option for parameter in command.params for option in parameter.opts}
            assert word.partition("=")[0] in options | {"--help"}, f"fedi {' '.join(words)}: no {word}"
        elif isinstance(command, click.Group):
            assert word in command.commands, f"fedi {' '.join(words)}: no {word}"
            command = command.commands[word]
