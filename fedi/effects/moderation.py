"""What moderation decides reaches rows that are already there, and other servers."""

from datetime import UTC, datetime, timedelta

from federation import outbound
from fedi.effects.context import Context
from storage import accounts, events, jobs, purging

ENFORCE_JOB = "enforce_domain"
FORGIVE_JOB = "forgive_domain"
TURN_AWAY_JOB = "turn_away_account"
ALIGN_JOB = "align_with_allow_list"
# What was on its way in when a rule was made has arrived by then.
AGAIN = timedelta(minutes=2)


async def domain(ctx: Context, event: events.DomainJudged) -> None:
    """In a job: a domain may have any number of accounts."""
    if event.ended is None:
        await jobs.enqueue(ctx.conn, ENFORCE_JOB, {"domain": event.domain}, queue="slow", key=event.domain)
    else:
        payload = {"domain": event.domain, "ended": event.ended.isoformat()}
        await jobs.enqueue(ctx.conn, FORGIVE_JOB, payload, queue="slow")
    later = datetime.now(UTC) + AGAIN
    await jobs.enqueue(ctx.conn, ENFORCE_JOB, {"domain": event.domain}, queue="slow", run_at=later)


async def allow_list(ctx: Context, event: events.AllowListChanged) -> None:
    """As a job, for the same reason."""
    await jobs.enqueue(ctx.conn, ALIGN_JOB, {}, queue="slow", key="")
    await jobs.enqueue(ctx.conn, ALIGN_JOB, {}, queue="slow", run_at=datetime.now(UTC) + AGAIN)


async def suspension(ctx: Context, event: events.AccountSuspended) -> None:
    account = await accounts.by_id(ctx.conn, event.account_id)
    if account is not None and account.is_local:
        await outbound.account_updated(ctx.conn, ctx.fed.site, account)
    elif account is not None:
        # Its server knows nothing of the suspension and would go on showing our posts to it.
        await jobs.enqueue(ctx.conn, TURN_AWAY_JOB, {"account_id": account.id}, queue="slow", key=str(account.id))


async def deletion(ctx: Context, event: events.AccountDeleted) -> None:
    """Others are told once; then what is left here goes in small steps, of which they hear nothing more."""
    account = await accounts.by_id(ctx.conn, event.account_id)
    if account is not None:
        await outbound.account_deleted(ctx.conn, ctx.fed.site, account)
        await jobs.enqueue(ctx.conn, purging.JOB, {"account_id": account.id}, queue="slow", key=str(account.id))


async def restoration(ctx: Context, event: events.AccountUnsuspended) -> None:
    account = await accounts.by_id(ctx.conn, event.account_id)
    if account is not None and account.is_local:
        await outbound.account_updated(ctx.conn, ctx.fed.site, account)
