"""Delete: a post, an account or a stamp is gone. Remembered, since the Delete may overtake the Create."""

from federation.context import Fed
from federation.errors import Rejected
from federation.inbox import collection
from federation.inbox.box import Box
from storage import accounts, collection_items, inbox, jobs, quotes, statuses


async def anything(box: Box) -> None:
    for ref in box.activity.objects:
        if ref.id is not None:
            await post(box, ref.id)


async def post(box: Box, uri: str) -> None:
    if not box.owns(uri):
        raise Rejected("it lives on another server")
    async with box.fed.db.transaction() as conn:
        await inbox.lock(conn, uri)
        known = await statuses.by_uri(conn, uri)
        if known is not None and known.account_id != box.actor.id:
            raise Rejected("somebody else's post")
        await inbox.bury(conn, uri, actor_uri=box.actor.uri)
        await quotes.refuse_approved(conn, uri, quoted_account_id=box.actor.id)
        await collection_items.revoke_approved(conn, uri, account_id=box.actor.id)
        if known is not None:
            await statuses.delete(conn, known.id)
        else:
            await collection.gone(conn, box.actor, uri)


async def account(fed: Fed, uri: str) -> None:
    """An account elsewhere ended: hidden at once, and what it left removed in small steps by a job."""
    async with fed.db.transaction() as conn:
        known = await accounts.by_uri(conn, uri)
        if known is None or known.is_local:
            return
        await accounts.suspend(conn, known.id)
        await jobs.enqueue(conn, "purge_account", {"account_id": known.id}, queue="slow", key=str(known.id))
