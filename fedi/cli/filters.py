"""`fedi filters`: somebody's filters as a file, out and in."""

from typing import BinaryIO

import click

from fedi.cli import session
from fedi.context import App
from fedi.services import filter_files
from fedi.services.filter_files import Portable
from storage import accounts
from storage.errors import Missing


@click.group("filters")
def group() -> None:
    """Filters of a local account, to be kept or taken along."""


@group.command("export")
@click.argument("username")
def export(username: str) -> None:
    """Print them as JSON."""

    async def work() -> list[Portable]:
        async with session.opened(session.load_settings()) as app:
            return await filter_files.dump(app, await _account_id(app, username))

    session.print_json(session.run(work()))


@group.command("import")
@click.argument("username")
@click.argument("file", type=click.File("rb"))
def import_(username: str, file: BinaryIO) -> None:
    """Add those of a file (- is standard input) that the account does not have yet."""
    content = file.read()

    async def work() -> tuple[int, int]:
        async with session.opened(session.load_settings()) as app:
            found = filter_files.parse(content)
            account_id = await _account_id(app, username)
            added, left = await filter_files.load(app, account_id, found)
            async with app.db.transaction() as conn:
                await session.note(conn, "filters.import", username, added=added)
            return added, left

    added, left = session.run(work())
    click.echo(
        f"{added} {'filter' if added == 1 else 'filters'} added"
        + (f", {left} were there already or have ended" if left else "")
    )


async def _account_id(app: App, username: str) -> int:
    async with app.db.read() as conn:
        found = await accounts.by_handle(conn, username.removeprefix("@"), app.settings.account_domain)
    if found is None or not found.is_local:
        raise Missing(f"there is no account {username} here")
    return found.id
