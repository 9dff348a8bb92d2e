"""Jobs and scheduled work that belong to no single service: adapters to federation, and sweeping up."""

import functools
from datetime import timedelta
from typing import Any

from federation import budgets, featuring, inbox, outbound
from federation.errors import Gone, Rejected
from fedi.context import App
from fedi.services import sweeping
from storage import (
    accounts,
    activities,
    activity,
    keys,
    moderation,
    purging,
    rate_limits,
    severances,
    tagged_collections,
    thread_refreshes,
    translations,
)
from storage import inbox as arrivals

KEPT_DAYS = 30
# An activity may have thousands of deliveries, which go with it.
ACTIVITIES_STEP = 50
ARRIVALS_STEP = 10_000
RATE_LIMITS_STEP = 10_000
KEYS_STEP = 1000
REFRESHES_STEP = 1000
SEVERED_STEP = 1000
REFRESHES_KEPT = timedelta(days=1)


async def handle_inbox(app: App, payload: dict[str, Any]) -> None:
    """An activity that arrived."""
    await inbox.dispatch(app.fed, payload)


async def poll_counts(app: App, payload: dict[str, Any]) -> None:
    """Tell others how a poll of ours stands."""
    async with app.db.transaction() as conn:
        asked = await outbound.local_status(conn, payload["status_id"])
        if asked is not None:
            await outbound.status_updated(conn, app.fed.site, asked)


async def tell_profile(app: App, payload: dict[str, Any]) -> None:
    """Tell others what has changed of a profile of ours since they were told last."""
    async with app.db.transaction() as conn:
        account = await accounts.by_id(conn, payload["account_id"])
        if account is not None and account.is_local and not await moderation.is_buried(conn, account.id):
            await outbound.account_updated(conn, app.fed.site, account)


async def purge_account(app: App, payload: dict[str, Any]) -> None:
    """Remove what a deleted account has left, step by step."""
    more = True
    while more:
        async with app.db.transaction() as conn:
            more = await purging.step(conn, payload["account_id"])


async def part_account(app: App, payload: dict[str, Any]) -> None:
    """End every follow of an account that is gone, step by step."""
    more = True
    while more:
        async with app.db.transaction() as conn:
            more = await purging.part(conn, payload["account_id"])


async def sweep(app: App) -> None:
    """Forget what no longer serves: old activities with their deliveries, translations, windows of rate limits, how
    threads were completed, who was lost by old blocks, keys that others replaced."""
    done = functools.partial(sweeping.until_done, app)
    await done(lambda c, n: activities.sweep(c, days=KEPT_DAYS, limit=n), step=ACTIVITIES_STEP)
    async with app.db.transaction() as conn:
        await activity.forget(conn)
        await translations.forget(conn, days=KEPT_DAYS)
    async with app.db.transaction() as conn:
        await keys.drop_replaced(conn, limit=KEYS_STEP)
    await done(lambda c, n: arrivals.forget(c, days=KEPT_DAYS, limit=n), step=ARRIVALS_STEP)
    await done(lambda c, n: rate_limits.forget(c, limit=n), step=RATE_LIMITS_STEP)
    await done(lambda c, n: thread_refreshes.prune(c, older_than=REFRESHES_KEPT, limit=n), step=REFRESHES_STEP)
    await done(lambda c, n: severances.forget(c, limit=n), step=SEVERED_STEP)


async def read_shared_collection(app: App, payload: dict[str, Any]) -> None:
    """Job: read a collection of another server that posts share."""
    try:
        with budgets.of_chain(payload.get("chain")):
            found = await featuring.fetched(app.fed, payload["uri"])
    except Gone as exc:
        raise Rejected(str(exc)) from exc
    async with app.db.transaction() as conn:
        await tagged_collections.link(conn, payload["uri"], found.id)
