"""Block: somebody elsewhere wants nothing to do with somebody here."""

from federation.inbox.box import Box
from storage import accounts, blocks, inbox


async def blocked(box: Box) -> None:
    async with box.fed.db.transaction() as conn:
        target = await accounts.by_uri(conn, box.object_id)
        if target is None or not target.is_local:
            return
        if box.activity.id is not None and await inbox.buried(conn, box.activity.id, actor_uri=box.actor.uri):
            return
        await blocks.add(conn, box.actor.id, target.id, uri=box.activity.id)
