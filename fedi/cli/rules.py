"""`fedi rule`: what people agree to when they sign up here."""

import click

from fedi.cli import session
from storage import rules
from storage.errors import Missing


@click.group("rule")
def group() -> None:
    """The rules of this server."""


@group.command("list")
@session.as_json
def list_(as_json: bool) -> None:
    """Show them in order."""

    async def work() -> list[rules.Rule]:
        async with session.opened(session.load_settings()) as app, app.db.read() as conn:
            return await rules.listed(conn)

    found = session.run(work())
    if as_json:
        session.print_json(found)
        return
    if not found:
        click.echo("There are no rules.")
    for rule in found:
        click.echo(f"{rule.id}  {rule.text}" + (f"  ({rule.hint})" if rule.hint else ""))


@group.command()
@click.argument("text")
@click.option("--hint", default="", help="A line that explains it.")
def add(text: str, hint: str) -> None:
    """Add one at the end."""
    text = session.said(text)

    async def work() -> int:
        async with session.opened(session.load_settings()) as app, app.db.transaction() as conn:
            rule_id = await rules.add(conn, text, hint)
            await session.note(conn, "rule.add", str(rule_id), text=text)
            return rule_id

    click.echo(f"rule {session.run(work())} added")


@group.command()
@click.argument("rule_id", type=session.ID)
def remove(rule_id: int) -> None:
    """Remove one by its number (`fedi rule list`)."""

    async def work() -> None:
        async with session.opened(session.load_settings()) as app, app.db.transaction() as conn:
            if not await rules.remove(conn, rule_id):
                raise Missing(f"there is no rule {rule_id}")
            await session.note(conn, "rule.remove", str(rule_id))

    session.run(work())
    click.echo(f"rule {rule_id} removed")
