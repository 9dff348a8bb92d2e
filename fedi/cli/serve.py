"""`fedi serve`, `web`, `worker` and `migrate`."""

import click

from fedi import __version__, config, database, logs, serving
from fedi.cli import session
from fedi.config import Settings
from fedi.context import App
from fedi.serving import Interrupted, Parts
from fedi.services import signup
from storage import migrations


@click.command()
def serve() -> None:
    """Run the whole server: web, worker and streaming in one process."""
    _run(Parts(web=True, worker=True))


@click.command()
def web() -> None:
    """Run web and streaming only; `fedi worker` does the rest.

    Both need a database of their own right: with the embedded one, whoever started it ends it for the others.
    """
    _run(Parts(web=True, worker=False))


@click.command()
def worker() -> None:
    """Run the worker only: federation, notifications, scheduled things. There may be several."""
    _run(Parts(web=False, worker=True))


@click.command()
def migrate() -> None:
    """Bring the database to what this version needs.

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
    for warning in config.unknown_variables():
        click.echo(f"Warning: {warning}", err=True)
    for_people = settings.log_format == "text"
    if for_people:
        click.echo(f"Fedi {__version__} is starting …")

    async def ready(app: App) -> None:
        if for_people:
            await _tell_people(app, parts)
        else:
            logs.ready(app.settings.base_url, parts.web, parts.worker)

    try:
        session.run(serving.run(settings, parts, progress=session.progress, ready=ready))
    except Interrupted:
        raise session.Failed("stopped before it was ready") from None
    if for_people:
        click.echo("Stopped.")


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
