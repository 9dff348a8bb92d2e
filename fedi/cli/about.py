"""`fedi config` and `fedi version`: what runs here, and how it is set."""

import textwrap

import click

from fedi import __version__, config_sources
from fedi.cli import session
from fedi.config import ConfigError

WIDTH = 100


@click.command("config")
@click.option("--changed", is_flag=True, help="Only what is not a default.")
@session.as_json
def show_config(changed: bool, as_json: bool) -> None:
    """Print every setting.

    Its value (secrets are masked), where that came from, and what it means.
    """
    try:
        settings = config_sources.explain()
    except ConfigError as exc:
        raise session.Failed(str(exc)) from exc
    if changed:
        settings = [setting for setting in settings if setting.source not in ("default", "derived")]
    if as_json:
        session.print_json(settings)
        return
    for warning in config_sources.unknown_variables():
        click.echo(f"Warning: {warning}", err=True)
    for setting in settings:
        click.echo(f"{click.style(setting.name, bold=True)}={setting.value}  [{setting.source}]")
        click.echo(textwrap.fill(setting.doc, WIDTH, initial_indent="    ", subsequent_indent="    "))


@click.command()
@session.as_json
def version(as_json: bool) -> None:
    """Print the version."""
    if as_json:
        session.print_json({"version": __version__})
    else:
        click.echo(__version__)
