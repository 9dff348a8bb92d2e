"""`fedi network`: networks that may not join, or not even look. The way back in for staff that shut itself out."""

import click

from fedi import errors
from fedi.cli import session
from fedi.services import gates, staff
from fedi.services.staff import OPERATOR
from storage import ip_blocks
from storage.paging import Page

MOST = 10_000


@click.group("network")
def group() -> None:
    """Networks that staff has blocked.

    The admin API calls them IP blocks.
    """


@group.command("list")
@session.as_json
def list_(as_json: bool) -> None:
    """Show them, newest first."""

    async def work() -> list[ip_blocks.Block]:
        async with session.opened() as app, app.db.read() as conn:
            return await ip_blocks.page(conn, Page(MOST))

    found = session.run(work())
    if as_json:
        session.print_json(found)
    elif found:
        session.print_table(("NETWORK", "RULE", "COMMENT"), [(row.ip, row.severity, row.comment) for row in found])
    else:
        click.echo("No network is blocked.")


@group.command()
@click.argument("network")
def unblock(network: str) -> None:
    """Remove the rule for a network."""

    async def work() -> str:
        name = gates.network(network)
        async with session.opened() as app, app.db.transaction() as conn:
            if not await ip_blocks.remove_network(conn, name):
                raise errors.Invalid(f"there is no rule for {name}")
            await staff.note(conn, OPERATOR, "ip.unblock", name)
        return name

    click.echo(f"{session.run(work())}: no rule")
