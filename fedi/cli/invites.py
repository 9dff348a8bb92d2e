"""`fedi invite`: links that let people sign up where sign-up is not open."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import click

from fedi.cli import session
from storage import invites, users
from storage.errors import Missing


@click.group("invite")
def group() -> None:
    """Invitations to sign up."""


@group.command()
@click.option("--uses", type=click.IntRange(1, 1_000_000), help="How many people may use it; any number if left out.")
@click.option("--days", type=click.IntRange(min=1, max=3650), help="How long it is valid; for ever if left out.")
@click.option("--by", "username", help="Who invites: it is worth nothing once they are disabled or suspended.")
@session.as_json
def create(uses: int | None, days: int | None, username: str | None, as_json: bool) -> None:
    """Make an invitation and print its link."""
    settings = session.load_settings()
    expires_at = datetime.now(UTC) + timedelta(days=days) if days else None

    async def work() -> str:
        async with session.opened(settings) as app, app.db.transaction() as conn:
            user = await users.by_username(conn, username) if username else None
            if username and user is None:
                raise Missing(f"there is no account called {username}")
            code = await invites.create(conn, user_id=user.id if user else None, max_uses=uses, expires_at=expires_at)
            await session.note(conn, "invite.create", username or "", uses=uses, days=days)
            return code

    code = session.run(work())
    link = f"{settings.base_url}/auth/sign_up?{urlencode({'invite': code})}"
    if as_json:
        session.print_json({"code": code, "link": link, "max_uses": uses, "expires_at": expires_at})
    else:
        click.echo(link)
        if settings.registrations == "closed":
            click.echo("Nobody can use it now: FEDI_REGISTRATIONS is closed.", err=True)
