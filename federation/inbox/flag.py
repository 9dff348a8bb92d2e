"""Flag: another server's moderators or people report somebody here."""

import re

from federation.inbox.box import Box
from storage import collections, reports

MAX_COMMENT_CHARS = 5000
MAX_STATUSES = 200
MAX_NAMED = 500

_URL = re.compile(r"https?://[^\s<>\"')\]]{1,2000}")


async def reported(box: Box) -> None:
    """One report for each local account that is named; posts and collections go with their author. Some name them in
    the text only."""
    named = [ref.id for ref in box.activity.objects if ref.id is not None]
    named += _URL.findall(box.activity.content[:MAX_COMMENT_CHARS])
    async with box.fed.db.transaction() as conn:
        found = await reports.named(conn, named[:MAX_NAMED], reporter_id=box.actor.id)
        lists = [row for row in (await collections.by_uris(conn, named[:MAX_NAMED])).values() if row.is_local]
        for target_id in sorted({each.account_id for each in found} | {row.account_id for row in lists}):
            posts = [each.status_id for each in found if each.account_id == target_id and each.status_id]
            await reports.add(
                conn,
                account_id=box.actor.id,
                target_id=target_id,
                comment=box.activity.content[:MAX_COMMENT_CHARS],
                status_ids=posts[:MAX_STATUSES],
                collection_ids=[row.id for row in lists if row.account_id == target_id],
                uri=f"{box.activity.id}#{target_id}" if box.activity.id else None,
            )
