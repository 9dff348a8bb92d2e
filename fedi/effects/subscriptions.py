"""New posts go to those who read by e-mail: some minutes later, so that several come in one letter."""

from datetime import UTC, datetime, timedelta

from fedi.effects.context import Context
from storage import email_subscriptions, events, jobs

DELAY = timedelta(minutes=5)


async def post(ctx: Context, event: events.StatusCreated) -> None:
    account_id = await email_subscriptions.hold(ctx.conn, event.status_id)
    if account_id is not None:
        await jobs.enqueue(
            ctx.conn,
            email_subscriptions.SEND_JOB,
            {"account_id": account_id},
            key=str(account_id),
            run_at=datetime.now(UTC) + DELAY,
        )
