"""`fedi secret`: what depends on the server's secret, when there is another one."""

from pathlib import Path

import click

from federation.vault import CannotOpen
from fedi import database, secret
from fedi.cli import session
from fedi.services import sealing
from storage.db import Database


@click.group("secret")
def group() -> None:
    """Another secret than before.

    The private keys of the accounts are sealed with it (FEDI_SECRET_KEY, or secret_key in the data directory). Stop the
    server, set the new secret, run one of these, and start it again.
    """


@group.command("reseal")
@click.option(
    "--old", "old", required=True, type=click.Path(path_type=Path), help="File that holds the secret of before."
)
def reseal(old: Path) -> None:
    """Seal the keys with the new secret."""

    async def work() -> int:
        settings = session.load_settings()
        async with database.ready(settings, session.progress) as available:
            db = await Database(available.url, size=2).open()
            try:
                return await sealing.reseal(db, secret.old_vault(old), secret.vault(settings))
            except CannotOpen:
                raise session.Failed(f"the secret in {old} is not the one that the keys were sealed with") from None
            finally:
                await db.close()

    click.echo(f"{session.run(work())} keys are sealed with the new secret")


@group.command("replace-keys")
@click.option("--yes", is_flag=True, help="Do not ask.")
def replace_keys(yes: bool) -> None:
    """The old secret is lost: new keys for every account here.

    Other servers take them when they hear of an account next; some refuse new keys until their operator agrees.
    """
    if not yes:
        click.confirm("All accounts here get new keys. Is the old secret really lost?", abort=True)

    async def work() -> int:
        settings = session.load_settings()
        async with database.ready(settings, session.progress) as available:
            db = await Database(available.url, size=2).open()
            try:
                return await sealing.replace_all(db, secret.vault(settings))
            finally:
                await db.close()

    click.echo(f"{session.run(work())} accounts have new keys")
