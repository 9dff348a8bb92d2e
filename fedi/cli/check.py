"""`fedi check`: everything an operator would look at, with an exit code."""

import sys

import click

from fedi import checks, database
from fedi.checks import Finding
from fedi.cli import session
from fedi.config import Settings

_MARKS = {"ok": ("ok", "green"), "warning": ("warning", "yellow"), "error": ("ERROR", "red")}


@click.command()
@click.option("--rows", is_flag=True, help="Compare all rows with each other, too: counters with what they count, …")
@session.as_json
def check(rows: bool, as_json: bool) -> None:
    """Look whether everything is well.

    Database, schema, clock, address, media, queues, other servers. Exit code 1 if something is not.
    """
    findings = session.run(_findings(session.load_settings(), rows=rows, quiet=as_json))
    if as_json:
        session.print_json({"ok": _well(findings), "findings": findings})
    if not _well(findings):
        sys.exit(1)


async def _findings(settings: Settings, *, rows: bool, quiet: bool) -> list[Finding]:
    """Each is printed as soon as it is known: some wait for the network."""
    findings = []
    async with database.available(settings, session.progress) as available:
        async for finding in checks.run(settings, available.url, rows=rows):
            findings.append(finding)
            if not quiet:
                word, colour = _MARKS[finding.state]
                click.echo(f"{click.style(f'{word:8}', fg=colour)} {finding.name:10} {finding.message}")
    return findings


def _well(findings: list[Finding]) -> bool:
    return all(finding.state != "error" for finding in findings)
