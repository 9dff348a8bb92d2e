"""Activities that somebody passed on (ActivityPub 7.1.2): never believed, but a reason to look at the origin."""

from federation import resolve
from federation.context import Fed
from federation.errors import Gone
from federation.http.fetch import NotFound
from federation.vocab.activity import Activity
from storage import accounts, inbox, statuses
from storage.statuses import Status
from storage.visibility import PRIVATE


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
    except (Gone, NotFound):
        # A post for followers is never shown to us as a server: its absence there proves nothing.
        if envelope.type == "Delete" and known is not None and known.visibility < PRIVATE:
            await _forget(fed, known)


async def _forget(fed: Fed, known: Status) -> None:
    async with fed.db.transaction() as conn:
        author = await accounts.by_id(conn, known.account_id)
        if author is not None and not author.is_local:
            await inbox.bury(conn, known.uri, actor_uri=author.uri)
            await statuses.delete(conn, known.id)
