"""`fedi announcement`: words of the operators to everybody here."""

import sys
from datetime import datetime

import click

from fedi.cli import session
from fedi.services import announcements
from storage import announcements as rows

moment = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"])


@click.group("announcement")
def group() -> None:
    """Announcements: words of yours to everybody here."""


@group.command()
@click.argument("text")
@click.option("--starts", type=moment, help="When what it announces begins, in the time of this machine.")
@click.option("--ends", type=moment, help="When that ends; the announcement is not shown after it.")
@click.option("--all-day", is_flag=True, help="Show only the dates.")
@session.as_json
def create(text: str, starts: datetime | None, ends: datetime | None, all_day: bool, as_json: bool) -> None:
    """Publish TEXT now (- reads it from standard input)."""
    words = sys.stdin.read() if text == "-" else text

    async def work() -> int:
        async with session.opened() as app:
            announcement_id = await announcements.create(
                app, words, starts_at=_local(starts), ends_at=_local(ends), all_day=all_day
            )
            async with app.db.transaction() as conn:
                await session.note(conn, "announcement.create", str(announcement_id))
            return announcement_id

    announcement_id = session.run(work())
    if as_json:
        session.print_json({"id": str(announcement_id)})
    else:
        click.echo(f"published as {announcement_id}")


@group.command("list")
@session.as_json
def list_(as_json: bool) -> None:
    """List all announcements, newest first."""

    async def work() -> list[rows.Announcement]:
        async with session.opened() as app, app.db.read() as conn:
            return await rows.listed(conn)

    listed = session.run(work())
    if as_json:
        session.print_json([{"id": str(row.id), "text": row.text, "ends_at": row.ends_at} for row in listed])
    elif listed:
        session.print_table(
            ("ID", "STARTS", "ENDS", "TEXT"),
            [(row.id, _when(row.starts_at), _when(row.ends_at), _short(row.text)) for row in listed],
        )
    else:
        click.echo("There are no announcements.")


@group.command()
@click.argument("announcement_id", metavar="ID", type=session.ID)
def delete(announcement_id: int) -> None:
    """Take an announcement back."""

    async def work() -> bool:
        async with session.opened() as app, app.db.transaction() as conn:
            done = await rows.delete(conn, announcement_id)
            if done:
                await session.note(conn, "announcement.delete", str(announcement_id))
            return done

    if not session.run(work()):
        raise session.Failed(f"there is no announcement {announcement_id}")
    click.echo(f"{announcement_id} is gone")


def _local(value: datetime | None) -> datetime | None:
    return value.astimezone() if value else None


def _when(value: datetime | None) -> str:
    return f"{value.astimezone():%Y-%m-%d %H:%M}" if value else "-"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 70 else line[:69] + "…"
