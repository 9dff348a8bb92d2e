"""`fedi subscriptions`: addresses of people who read accounts here by e-mail."""

import click

from fedi.cli import session
from fedi.services import subscriptions as service
from fedi.services.staff import OPERATOR
from storage import email_subscriptions as rows
from storage import users
from storage.errors import Missing


@click.group("subscriptions")
def group() -> None:
    """Readers by e-mail."""


@group.command("list")
@session.as_json
def listing(as_json: bool) -> None:
    """How many addresses each account has. The addresses themselves are shown to nobody."""

    async def work() -> list[rows.Audience]:
        async with session.opened() as app, app.db.read() as conn:
            return await rows.audiences(conn)

    found = session.run(work())
    if as_json:
        session.print_json(found)
    elif found:
        table = [(each.username, each.confirmed, each.unconfirmed) for each in found]
        session.print_table(("ACCOUNT", "CONFIRMED", "UNCONFIRMED"), table)
    else:
        click.echo("Nobody is read by e-mail.")


@group.command()
@click.argument("username", required=False)
@click.option("--email", "address", help="Of one reader: whatever they have subscribed to ends.")
def erase(username: str | None, address: str | None) -> None:
    """Forget all addresses of an account, or one address everywhere."""
    if (username is None) == (address is None):
        raise click.UsageError("give either an account or --email")

    async def work() -> int:
        async with session.opened() as app, app.db.transaction() as conn:
            if address is not None:
                return await service.erase_address(conn, OPERATOR, address)
            user = await users.by_username(conn, username or "")
            if user is None:
                raise Missing(f"there is no account called {username}")
            return await service.erase(conn, OPERATOR, user.username, user.account_id)

    click.echo(f"{session.run(work())} forgotten")
