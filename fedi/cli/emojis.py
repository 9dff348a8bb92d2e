"""`fedi emoji`: the custom emojis of this server."""

import sys
from pathlib import Path

import click
import msgspec

from fedi import errors
from fedi.cli import session
from fedi.services import emojis
from storage import emojis as rows
from storage.bundles import Emoji
from storage.errors import Missing


class Line(msgspec.Struct, frozen=True):
    shortcode: str
    category: str | None


@click.group("emoji")
def group() -> None:
    """Custom emojis of this server."""


@group.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", help="Shortcode; the name of the file if left out.")
@click.option("--category", help="Heading in pickers.")
def add(files: tuple[Path, ...], name: str | None, category: str | None) -> None:
    """Add pictures as emojis, or replace them. blob_cat.png becomes :blob_cat:."""
    if name and len(files) > 1:
        raise click.UsageError("--name is for one file")
    refused: list[str] = []

    async def work() -> None:
        async with session.opened() as app:
            with click.progressbar(files, label="Adding", file=sys.stderr, hidden=len(files) == 1) as pictures:
                for path in pictures:
                    shortcode = name or path.stem
                    try:
                        await emojis.add(app, shortcode, path.read_bytes(), category)
                    except errors.Invalid as exc:
                        refused.append(f"{path}: {exc.message}")
                        continue
                    async with app.db.transaction() as conn:
                        await session.note(conn, "emoji.add", shortcode)

    session.run(work())
    for line in refused:
        click.echo(line, err=True)
    added = len(files) - len(refused)
    if refused:
        raise session.Failed(f"{len(refused)} of {len(files)} not added")
    click.echo(f":{name or files[0].stem}: is there" if len(files) == 1 else f"{added} emojis are there")


@group.command("list")
@session.as_json
def list_(as_json: bool) -> None:
    """List them."""

    async def work() -> list[Emoji]:
        async with session.opened() as app, app.db.read() as conn:
            return await rows.listed(conn)

    listed = [Line(row.shortcode, row.category) for row in session.run(work())]
    if as_json:
        session.print_json(listed)
    elif listed:
        session.print_table(("SHORTCODE", "CATEGORY"), [(line.shortcode, line.category or "-") for line in listed])
    else:
        click.echo("There are no custom emojis.")


@group.command()
@click.argument("shortcodes", nargs=-1, required=True)
def remove(shortcodes: tuple[str, ...]) -> None:
    """Remove emojis; texts that use them show the shortcode again."""

    async def work() -> None:
        async with session.opened() as app:
            for shortcode in (given.strip(":") for given in shortcodes):
                if not await emojis.remove(app, shortcode):
                    raise Missing(f"there is no emoji :{shortcode}:")
                async with app.db.transaction() as conn:
                    await session.note(conn, "emoji.remove", shortcode)
                click.echo(f":{shortcode}: is gone")

    session.run(work())
