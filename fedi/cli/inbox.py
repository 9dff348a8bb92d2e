"""`fedi inbox`: activities of other servers that could not be handled."""

from collections.abc import Awaitable, Callable, Sequence

import click
import orjson

from fedi import errors
from fedi.cli import session
from fedi.entities.parked import ParkedActivity, parked
from fedi.services import ledger as verbs
from fedi.services.staff import OPERATOR, By
from storage import parked as rows
from storage.db import Conn
from storage.paging import Page

Verb = Callable[[Conn, By, Sequence[int] | None], Awaitable[int]]


@click.group("inbox")
def group() -> None:
    """What is received: what waits, and what failed."""


@group.command("list")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many, newest first.")
@session.as_json
def list_(limit: int, as_json: bool) -> None:
    """Activities that failed again and again and were put aside."""

    async def work() -> list[ParkedActivity]:
        async with session.opened() as app, app.db.read() as conn:
            return [parked(row, whole=False) for row in await rows.page(conn, Page(limit))]

    found = session.run(work())
    if as_json:
        session.print_json(found)
    elif found:
        heads = ("ID", "FAILED", "TYPE", "ACTOR", "TRIES", "ERROR")
        session.print_table(heads, [_cells(each) for each in found])
    else:
        click.echo("Everything was handled.")


@group.command()
@click.argument("number", type=session.ID, metavar="ID")
@session.as_json
def show(number: int, as_json: bool) -> None:
    """One of them: what it says, and with what it failed."""

    async def work() -> ParkedActivity | None:
        async with session.opened() as app, app.db.read() as conn:
            row = await rows.by_id(conn, number)
            return parked(row, whole=True) if row is not None else None

    found = session.run(work())
    if found is None:
        raise session.Failed(f"there is no activity {number} that failed")
    if as_json:
        session.print_json(found)
        return
    session.print_fields(
        [
            ("id", found.id),
            ("type", found.type),
            ("actor", found.actor),
            ("uri", found.uri),
            ("received", found.received_at),
            ("failed", found.failed_at),
            ("tries", found.attempts),
            ("error", found.error),
        ]
    )
    click.echo(orjson.dumps(found.body, option=orjson.OPT_INDENT_2).decode())
    click.echo(found.trace or "There is no traceback.")


@group.command()
@session.as_json
def waiting(as_json: bool) -> None:
    """How much of which server is not handled yet."""

    async def work() -> list[rows.Waiting]:
        async with session.opened() as app, app.db.read() as conn:
            return await rows.waiting(conn)

    found = session.run(work())
    if as_json:
        session.print_json(found)
    elif found:
        session.print_table(
            ("SERVER", "WAITING", "OLDEST"),
            [(each.source, each.waiting, f"{each.oldest_at:%Y-%m-%d %H:%M:%S}") for each in found],
        )
    else:
        click.echo("Nothing waits.")


_chosen = session.with_options(
    click.argument("ids", type=session.ID, nargs=-1, metavar="ID…"),
    click.option("--all", "all_", is_flag=True, help="All there are."),
)


@group.command()
@_chosen
def replay(ids: tuple[int, ...], all_: bool) -> None:
    """Handle some of them again, or all."""
    click.echo(f"{_apply(verbs.replay, ids, all_)} to be handled again")


@group.command()
@_chosen
def drop(ids: tuple[int, ...], all_: bool) -> None:
    """Forget some of them, or all."""
    click.echo(f"{_apply(verbs.drop, ids, all_)} dropped")


def _apply(verb: Verb, ids: tuple[int, ...], all_: bool) -> int:
    if bool(ids) == all_:
        raise click.UsageError("name some, or give --all")

    async def work() -> int:
        async with session.opened() as app, app.db.transaction() as conn:
            return await verb(conn, OPERATOR, None if all_ else list(ids))

    try:
        return session.run(work())
    except session.Failed as exc:
        if not isinstance(exc.__cause__, errors.NotFound):
            raise
        what = "no activity that failed" if all_ else f"no failed activity {' or '.join(map(str, ids))}"
        raise session.Failed(f"there is {what}") from exc


def _cells(each: ParkedActivity) -> tuple[object, ...]:
    error = each.error if len(each.error) <= 60 else f"{each.error[:59]}…"
    return (each.id, each.failed_at[:19].replace("T", " "), each.type, each.actor, each.attempts, error)
