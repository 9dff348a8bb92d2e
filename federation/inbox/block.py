"""Block: somebody elsewhere wants nothing to do with somebody here."""

from federation.inbox.box import Box
from storage import accounts, blocks


async def blocked(box: Box) -> None:
    async with box.fed.db.transaction() as conn:
        target = await accounts.by_uri(conn, box.object_id)
        if target is None or not target.is_local:
            return
        if await box.undone(conn):
            return
        await blocks.add(conn, box.actor.id, target.id, uri=box.activity.id)
