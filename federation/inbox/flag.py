"""Flag: another server's moderators or people report somebody here."""

from federation import policy
from federation.http.addresses import parse_url
from federation.inbox.box import Box
from storage import accounts, collections, reports, statuses

MAX_COMMENT_CHARS = 5000
MAX_STATUSES = 200


async def reported(box: Box) -> None:
    """One report for each local account that is named; posts and collections go with their author."""
    named = [ref.id for ref in box.activity.objects if ref.id is not None]
    async with box.fed.db.transaction() as conn:
        verdict = await policy.verdict(conn, box.fed.site, parse_url(box.actor.uri).authority)
        if verdict.reject_reports:
            return
        people = {row.id for row in (await accounts.by_uris(conn, named)).values() if row.is_local}
        posts = [row for row in (await statuses.by_uris(conn, named)).values() if row.is_local]
        lists = [row for row in (await collections.by_uris(conn, named)).values() if row.is_local]
        people |= {row.account_id for row in posts} | {row.account_id for row in lists}
        for target_id in sorted(people):
            await reports.add(
                conn,
                account_id=box.actor.id,
                target_id=target_id,
                comment=box.activity.content[:MAX_COMMENT_CHARS],
                status_ids=[row.id for row in posts if row.account_id == target_id][:MAX_STATUSES],
                collection_ids=[row.id for row in lists if row.account_id == target_id],
                uri=f"{box.activity.id}#{target_id}" if box.activity.id else None,
            )
