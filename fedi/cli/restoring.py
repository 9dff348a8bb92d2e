"""`fedi resume-delivery` and `hold-delivery`: after a backup was put back."""

import click

from fedi.cli import session
from storage import restored


@click.command("resume-delivery")
@click.option(
    "--send-waiting",
    is_flag=True,
    help="Send what waited, too: for data that were only moved, with the server stopped, so that nothing is lost.",
)
def resume_delivery(send_waiting: bool) -> None:
    """Send again, after a backup was restored.

    A server on restored data sends nothing to others, no mail and no notifications, until this is said. What waited
    when the backup was made may have been sent since, so it is not sent again; `fedi delivery show` lists it as
    expired.
    """

    async def work() -> str:
        async with session.opened() as app, app.db.transaction() as conn:
            found = await restored.resume(conn, send_waiting=send_waiting)
            if found is None:
                return "Nothing is held back."
            await session.note(conn, "delivery.resume", send_waiting=send_waiting, before=found.before)
            fate = "to be sent" if send_waiting else "not sent again"
            return f"{found.before} deliveries from before: {fate}; {found.after} from since then: to be sent"

    click.echo(session.run(work()))


@click.command("hold-delivery")
def hold_delivery() -> None:
    """Send nothing: the data are an old copy.

    It ends with `fedi resume-delivery`. What pg_restore has put back is noticed without this. Say it before the first
    start when the files of the database, or of the whole machine, were put back.
    """

    async def work() -> str:
        async with session.opened() as app, app.db.transaction() as conn:
            if not await restored.hold(conn):
                return "It is held back already."
            await session.note(conn, "delivery.hold")
            return "Nothing is sent until fedi resume-delivery."

    click.echo(session.run(work()))
