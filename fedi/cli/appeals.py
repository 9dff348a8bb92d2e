"""`fedi appeal`: what people say against decisions of moderators, and the answers."""

from collections.abc import Awaitable, Callable

import click

from fedi.cli import session
from fedi.context import App
from fedi.services import appeals as service
from fedi.services.staff import OPERATOR, By
from storage import appeals
from storage.db import Conn


@click.group("appeal")
def group() -> None:
    """Appeals against decisions about accounts."""


@group.command("list")
@click.option("--decided", is_flag=True, help="Those that were decided, latest first, instead of those that wait.")
@session.as_json
def list_(decided: bool, as_json: bool) -> None:
    """Show those that wait, oldest first."""

    async def work() -> list[appeals.Appeal]:
        async with session.opened() as app, app.db.read() as conn:
            return await appeals.listed(conn, decided=decided)

    found = session.run(work())
    if as_json:
        session.print_json(found)
        return
    if not found:
        click.echo(f"No appeal {'was decided' if decided else 'waits'}.")
    for each in found:
        click.echo(f"{each.id}  @{each.username}, {each.action} of {each.struck_at:%Y-%m-%d}, {each.state}")
        click.echo(f"  said: {each.said}\n  appeal: {each.text}" if each.said else f"  appeal: {each.text}")


@group.command()
@click.argument("appeal_id", type=session.ID)
def approve(appeal_id: int) -> None:
    """Take the decision back, by the number of the appeal (`fedi appeal list`)."""
    _decide(service.approve, appeal_id)
    click.echo(f"appeal {appeal_id} approved")


@group.command()
@click.argument("appeal_id", type=session.ID)
def reject(appeal_id: int) -> None:
    """Let the decision stand."""
    _decide(service.reject, appeal_id)
    click.echo(f"appeal {appeal_id} rejected")


def _decide(verb: Callable[[Conn, App, By, int], Awaitable[None]], appeal_id: int) -> None:
    async def work() -> None:
        async with session.opened() as app, app.db.transaction() as conn:
            await verb(conn, app, OPERATOR, appeal_id)

    session.run(work())
