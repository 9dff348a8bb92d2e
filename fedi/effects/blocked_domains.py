"""What a person's block of a whole domain leaves behind: what its people said and did to them. In steps, as it can be
much; until it is gone, requests are not shown."""

from typing import Any

from fedi.context import App
from fedi.effects.context import Context
from storage import collection_items, domain_blocks, events, jobs
from storage.db import Conn

JOB = "forget_domain"
ROWS = 1000
ITEMS = 50


async def block(ctx: Context, event: events.DomainBlocked) -> None:
    await _step(ctx.conn, event.account_id, event.domain)


async def forget(app: App, payload: dict[str, Any]) -> None:
    """Job: the next step; leaves a job for the one after it."""
    async with app.db.transaction() as conn:
        await _step(conn, payload["account_id"], payload["domain"])


async def _step(conn: Conn, account_id: int, domain: str) -> None:
    """Nothing when they have thought better of it meanwhile."""
    if not await domain_blocks.exists(conn, account_id, domain):
        return
    more = await domain_blocks.forget_people(conn, account_id, domain, limit=ROWS)
    parted = await collection_items.part_domain(conn, account_id, domain, limit=ITEMS)
    if more or parted == ITEMS:
        payload = {"account_id": account_id, "domain": domain}
        await jobs.enqueue(conn, JOB, payload, queue="slow", key=f"{account_id} {domain}")
