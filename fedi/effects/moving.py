"""What follows from an account's move: others are told, people here go along, and leave the old one in the end."""

from federation import moving, profile_news
from fedi.effects.context import Context
from storage import accounts, events, jobs, moves


async def told(ctx: Context, event: events.AccountMoved) -> None:
    """Of one of ours, to its followers elsewhere."""
    found = await accounts.by_ids(ctx.conn, [event.account_id, event.target_id])
    account, target = found.get(event.account_id), found.get(event.target_id)
    if account is not None and account.is_local and target is not None:
        await profile_news.moved(ctx.conn, ctx.fed.site, account, target, event.move_id)


async def carried(ctx: Context, event: events.AccountMoved) -> None:
    payload = {"account_id": event.account_id, "target_id": event.target_id}
    await jobs.enqueue(ctx.conn, moves.CARRY_JOB, payload, queue="slow", key=str(event.account_id))


async def arrived(ctx: Context, event: events.FollowAccepted) -> None:
    """Somebody here follows the account that another one has become."""
    for account_id in await moves.left_behind(ctx.conn, event.account_id, event.target_id):
        await moving.settle(ctx.conn, event.account_id, account_id, event.target_id)
