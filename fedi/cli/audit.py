"""`fedi audit`: what operators and staff did."""

from datetime import datetime
from typing import Any

import click
import msgspec
import orjson

from fedi.cli import session
from storage import audit, users


class Line(msgspec.Struct, frozen=True):
    """An entry as it is shown. `actor`: cli, or the name of somebody of the staff; of somebody who is gone the id.

    Any: what JSON holds.
    """

    id: str
    at: datetime
    actor: str
    action: str
    target: str
    detail: dict[str, Any]


@click.group("audit")
def group() -> None:
    """The log of what operators and staff did."""


@group.command("list")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many, newest first.")
@click.option("--action", help="Only those whose action begins so, for example account. or domain.block.")
@click.option("--target", help="Only what was done to this account, domain, report or tag.")
@session.as_json
def list_(limit: int, action: str | None, target: str | None, as_json: bool) -> None:
    """Show it, newest first."""

    async def work() -> list[Line]:
        async with session.opened() as app, app.db.read() as conn:
            entries = await audit.latest(conn, limit=limit, action=action, target=target)
            ids = [int(entry.actor) for entry in entries if entry.actor != audit.CLI]
            names = await users.names(conn, ids)
            return [_line(entry, names) for entry in entries]

    lines = session.run(work())
    if as_json:
        session.print_json(lines)
    elif lines:
        heads = ("WHEN", "WHO", "WHAT", "TO", "DETAIL")
        session.print_table(heads, [_cells(line) for line in lines])
    else:
        click.echo("Nothing has been recorded.")


def _line(entry: audit.Entry, names: dict[int, str]) -> Line:
    actor = entry.actor if entry.actor == audit.CLI else names.get(int(entry.actor), entry.actor)
    return Line(str(entry.id), entry.created_at, actor, entry.action, entry.target, orjson.loads(entry.detail))


def _cells(line: Line) -> tuple[str, ...]:
    when = line.at.isoformat(sep=" ", timespec="seconds").removesuffix("+00:00")
    detail = " ".join(f"{name}={value}" for name, value in line.detail.items())
    return (when, line.actor, line.action, line.target, detail.replace("\n", " "))
