"""`fedi relay`: servers that pass public posts on to each other's federated timelines."""

import click

from federation import relays as federation
from federation.errors import FederationError
from fedi.cli import session
from storage import relays

address = click.argument("address")


@click.group("relay")
def group() -> None:
    """Relays, which pass public posts on.

    Each sends us the public posts of all its servers, and them ours.
    """


@group.command()
@address
def add(address: str) -> None:
    """Subscribe to the relay at ADDRESS.

    An address that ends in /inbox is asked for everything public, as Mastodon does; any other is taken for the relay's
    actor, which is followed, as Pleroma does. Its operator may have to agree.
    """

    async def work() -> None:
        async with session.opened() as app:
            try:
                await federation.subscribe(app.fed, address)
            except FederationError as exc:
                raise session.Failed(str(exc)) from exc
            async with app.db.transaction() as conn:
                await session.note(conn, "relay.add", address)

    session.run(work())
    click.echo(f"{address} is asked")


@group.command()
@address
def remove(address: str) -> None:
    """Leave the relay with this inbox or actor. What it has sent stays."""

    async def work() -> bool:
        async with session.opened() as app, app.db.transaction() as conn:
            relay = await relays.find(conn, address)
            if relay is None:
                return False
            await federation.unsubscribe(conn, app.fed.site, relay)
            await session.note(conn, "relay.remove", address)
            return True

    if not session.run(work()):
        raise session.Failed(f"{address} is no relay of this server")
    click.echo(f"{address} is left")


@group.command("list")
@session.as_json
def list_(as_json: bool) -> None:
    """List relays and whether they have agreed; `silent` have not answered for a week."""

    async def work() -> list[relays.Relay]:
        async with session.opened() as app, app.db.read() as conn:
            return await relays.listed(conn)

    found = session.run(work())
    if as_json:
        session.print_json([{"inbox": row.inbox, "actor": row.actor_uri, "state": row.condition} for row in found])
    elif found:
        rows = [(row.inbox, row.actor_uri or "-", row.condition, f"{row.created_at:%Y-%m-%d}") for row in found]
        session.print_table(("INBOX", "ACTOR", "STATE", "SINCE"), rows)
    else:
        click.echo("There are no relays.")
