"""`fedi serve`, `web`, `worker` and `migrate`."""

import logging

import click

from fedi import __version__, config_sources, database, logs, serving
from fedi.cli import session
from fedi.config import Settings
from fedi.context import App
from fedi.services import signup
from fedi.serving import Interrupted, Parts
from storage import migrations, users

log = logging.getLogger("fedi")


@click.command()
def serve() -> None:
    """Run the server: web, worker and streaming in one process."""
    _run(Parts(web=True, worker=True))


@click.command()
def web() -> None:
    """Run web and streaming only.

    `fedi worker` does the rest.
    For several processes on a database of your own (FEDI_DATABASE_URL). The embedded one ends with the process that
    started it: with that, use `fedi serve`.
    """
    _run(Parts(web=True, worker=False))


@click.command()
def worker() -> None:
    """Run the worker only.

    It does what requests leave behind: federation, notifications, mail. There may be several.
    """
    _run(Parts(web=False, worker=True))


@click.command()
def migrate() -> None:
    """Bring the database up to date.

    The server does this by itself for the embedded database, and refuses to start on another that is behind.
    """
    settings = session.load_settings()
    changed = session.run(_migrate(settings))
    click.echo(f"schema {migrations.latest()}{'' if changed else ', nothing to do'}")


async def _migrate(settings: Settings) -> bool:
    async with database.available(settings, session.progress) as available:
        return await migrations.upgrade(available.url, session.progress)


def _run(parts: Parts) -> None:
    settings = session.load_settings()
    logs.configure(settings.log_level, settings.log_format)
    for warning in config_sources.unknown_variables():
        click.echo(f"Warning: {warning}", err=True)
    for_people = settings.log_format == "text"
    if for_people:
        click.echo(f"Fedi {__version__} is starting …")

    async def ready(app: App) -> None:
        if for_people:
            await _tell_people(app, parts)
        else:
            await _tell_machines(app, parts)

    try:
        session.run(serving.run(settings, parts, progress=session.progress, ready=ready))
    except Interrupted:
        raise session.Failed("stopped before it was ready") from None
    if for_people:
        click.echo("Stopped.")


async def _tell_machines(app: App, parts: Parts) -> None:
    """No owner link: logs are read by many. `fedi account create --role owner` and `fedi account owner-link` remain."""
    async with app.db.read() as conn:
        empty = not await users.any_exist(conn)
    log.info("ready", extra={"address": app.settings.base_url, "web": parts.web, "worker": parts.worker})
    if empty:
        log.warning("there is no account yet: fedi account owner-link prints a link to make the first one")


async def _tell_people(app: App, parts: Parts) -> None:
    settings = app.settings
    lines = []
    if parts.web:
        lines.append(("Address", click.style(settings.base_url, bold=True)))
        link = await signup.owner_link(app)
        if link is not None:
            lines.append(("First account", f"{link}\nOpen this link once to sign up as the owner of this server."))
    data = settings.data_dir.absolute()
    lines.append(("Data", f"{data}" if settings.database_url else f"{data} (with the database)"))
    if settings.media_dir.absolute() != data / "media":
        lines.append(("Media", str(settings.media_dir.absolute())))
    if settings.metrics_listen != "off":
        lines.append(("Metrics", f"http://{settings.metrics_listen}/metrics"))
    click.echo()
    for name, text in lines:
        first, *more = text.split("\n")
        click.echo(f"  {name:14} {first}")
        for line in more:
            click.echo(f"  {'':14} {line}")
    click.echo("\nStop with Ctrl-C.\n")
