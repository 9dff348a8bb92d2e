"""`fedi document`: what this server says at length."""

from datetime import UTC, date, datetime
from typing import TextIO

import click

from fedi.cli import session
from storage import documents
from storage.documents import Document, Kind
from storage.errors import Missing

KINDS = click.Choice(["privacy_policy", "terms_of_service", "extended_description"])
DAY = click.DateTime(["%Y-%m-%d"])


@click.group("document")
def group() -> None:
    """Privacy policy, terms of service, extended description."""


@group.command("list")
@session.as_json
def list_(as_json: bool) -> None:
    """Show which there are, and from when each holds."""

    async def work() -> list[Document]:
        async with session.opened(session.load_settings()) as app, app.db.read() as conn:
            return await documents.listed(conn)

    found = session.run(work())
    if as_json:
        session.print_json(found)
        return
    if not found:
        click.echo("There are no documents.")
    for document in found:
        click.echo(f"{document.kind}  {document.effective_date}  {len(document.text)} characters")


@group.command("set")
@click.argument("kind", type=KINDS, metavar="KIND")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--from", "day", type=DAY, help="The day from which it holds, as 2026-08-01; today unless given.")
def set_(kind: Kind, file: TextIO, day: datetime | None) -> None:
    """Publish a text in Markdown, from a file or - for standard input.

    Earlier versions stay readable; one for the same day is replaced.
    """
    try:
        text = session.said(file.read().replace("\0", ""))
    except UnicodeDecodeError as exc:
        raise session.Failed(f"{file.name} is not text in UTF-8") from exc
    effective = _day(day) or datetime.now(UTC).date()

    async def work() -> None:
        async with session.opened(session.load_settings()) as app, app.db.transaction() as conn:
            await documents.put(conn, kind, text, effective)
            await session.note(conn, "document.set", kind, effective_date=effective.isoformat())

    session.run(work())
    click.echo(f"{kind} holds from {effective}")


@group.command()
@click.argument("kind", type=KINDS, metavar="KIND")
@click.argument("day", type=DAY)
def remove(kind: Kind, day: datetime) -> None:
    """Remove the version of a day (`fedi document list`)."""
    effective = day.date()

    async def work() -> None:
        async with session.opened(session.load_settings()) as app, app.db.transaction() as conn:
            if not await documents.remove(conn, kind, effective):
                raise Missing(f"there is no {kind} of {effective}")
            await session.note(conn, "document.remove", kind, effective_date=effective.isoformat())

    session.run(work())
    click.echo(f"{kind} of {effective} removed")


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()
