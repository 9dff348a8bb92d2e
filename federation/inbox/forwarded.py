"""Activities that somebody passed on (ActivityPub 7.1.2): never believed, but a reason to look at the origin."""

from federation import resolve
from federation.context import Fed
from federation.errors import Gone, Rejected
from federation.vocab.activity import Activity
from storage import inbox, statuses


async def recheck(fed: Fed, envelope: Activity) -> None:
    """Fetch what it is about: a post that concerns us is stored or updated, one that is gone is deleted."""
    uri = envelope.object_id
    if uri is None:
        return
    async with fed.db.read() as conn:
        known = await statuses.by_uri(conn, uri)
        answers = envelope.object.doc.get("inReplyTo") if envelope.object and envelope.object.doc else None
        wanted = isinstance(answers, str) and await statuses.by_uri(conn, answers) is not None
    if known is None and not wanted:
        return
    try:
        await resolve.status(fed, uri, refresh=True)
    except (Gone, Rejected):
        if known is not None and envelope.type == "Delete" and not known.is_local:
            async with fed.db.transaction() as conn:
                await inbox.bury(conn, uri, actor_uri=envelope.actor or "")
                await statuses.delete(conn, known.id)

