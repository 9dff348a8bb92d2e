"""Changes of a profile, for other servers: an Update each, but not one for every key that somebody types."""

from datetime import UTC, datetime, timedelta

from federation import outbound
from fedi.effects.context import Context
from storage import accounts, activities, events, jobs, moves

# Others are told of changes at most this often.
SECONDS = 30
JOB = "tell_profile"  # payload {"account_id": …}


async def changed(ctx: Context, event: events.AccountUpdated) -> None:
    """At once, and what changes soon after that in one piece; but that it has moved is told before its Move, and that
    it is back as soon."""
    account = await accounts.by_id(ctx.conn, event.account_id)
    if account is None or not account.is_local:
        return
    settled = account.moved_to_id is None and await moves.latest(ctx.conn, account.id) is None
    if settled and await activities.lately(ctx.conn, account.uri, seconds=SECONDS):
        soon = datetime.now(UTC) + timedelta(seconds=SECONDS)
        await jobs.enqueue(ctx.conn, JOB, {"account_id": account.id}, key=str(account.id), run_at=soon)
        return
    await outbound.account_updated(ctx.conn, ctx.fed.site, account)
