"""`fedi warning-preset`: words that moderators use again and again when they warn somebody."""

import click

from fedi.cli import session
from fedi.services import staff
from fedi.services.staff import OPERATOR
from storage import moderation
from storage.errors import Missing


@click.group("warning-preset")
def group() -> None:
    """Texts for warnings, for the apps of moderators."""


@group.command("list")
@session.as_json
def list_(as_json: bool) -> None:
    """Show them."""

    async def work() -> list[moderation.Preset]:
        async with session.opened() as app, app.db.read() as conn:
            return await moderation.presets(conn)

    found = session.run(work())
    if as_json:
        session.print_json(found)
        return
    if not found:
        click.echo("There are no texts for warnings.")
    for preset in found:
        click.echo(f"{preset.id}  {preset.title}: {preset.text}")


@group.command()
@click.argument("title")
@click.argument("text")
def add(title: str, text: str) -> None:
    """Add one."""
    title, text = session.said(title), session.said(text)

    async def work() -> int:
        async with session.opened() as app, app.db.transaction() as conn:
            preset_id = await moderation.add_preset(conn, title, text)
            await staff.note(conn, OPERATOR, "warning_preset.add", str(preset_id), title=title)
            return preset_id

    click.echo(f"preset {session.run(work())} added")


@group.command()
@click.argument("preset_id", type=session.ID)
def remove(preset_id: int) -> None:
    """Remove one by its number."""

    async def work() -> None:
        async with session.opened() as app, app.db.transaction() as conn:
            if not await moderation.remove_preset(conn, preset_id):
                raise Missing(f"there is no preset {preset_id}")
            await staff.note(conn, OPERATOR, "warning_preset.remove", str(preset_id))

    session.run(work())
    click.echo(f"preset {preset_id} removed")
