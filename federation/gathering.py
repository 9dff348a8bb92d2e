"""Posts that are fetched as what surrounds something: public ones only, each believed from its own server only, stored
quietly. What was asked for in vain is not asked for again for a while.
"""

from collections.abc import Sequence

from federation import edits, origins, posts, references, tallies
from federation.budgets import Budget
from federation.context import Fed
from federation.errors import Blocked, Gone, Rejected, Retry, Spent
from federation.vocab import audience, normalise, note, types
from federation.vocab.note import Note
from federation.vocab.types import Ref
from storage import refusals, statuses
from storage.statuses import Status


async def fresh(fed: Fed, listed: Sequence[Ref]) -> tuple[list[Status], list[Ref]]:
    """Of what a collection lists: the posts that we know, and what is worth asking for."""
    subjects = {subject.id or "": subject for item in listed if (subject := references.subject(item)) is not None}
    async with fed.db.read() as conn:
        known = await statuses.by_uris(conn, list(subjects))
        refused = await refusals.among(conn, list(subjects))
    missing = [subject for uri, subject in subjects.items() if uri not in known and uri not in refused]
    return list(known.values()), missing


async def post(
    fed: Fed, item: Ref, budget: Budget, *, listed_by: str, author: str | None = None
) -> tuple[Status | None, bool]:
    """Store a listed post, and whether it is new; None when it cannot be had. `listed_by`: the list, read from its own
    host, whose copies of posts of that host are as good as fetched. `author`: nobody else's is wanted."""
    try:
        parsed = await _parsed(fed, item, budget, listed_by)
        if not _is_public(parsed):
            raise Rejected(f"{parsed.id} is not public")
        if author is not None and parsed.author != author:
            raise Rejected(f"{parsed.id} is not by {author}")
        status_id, created = await posts.store(fed, parsed, quiet=True, fetched=True, climb=False, budget=budget)
    except (Blocked, Spent, Retry):
        return None, False
    except (Rejected, Gone):
        async with fed.db.transaction() as conn:
            await refusals.note(conn, item.id or "")
        return None, False
    async with fed.db.read() as conn:
        stored = await statuses.by_id(conn, status_id)
    if stored is not None:
        await tallies.note(fed, stored, parsed)
    return stored, created


async def again(fed: Fed, status: Status, budget: Budget) -> None:
    """Bring a known remote post and what its server counts up to date, if that answers."""
    try:
        found = await origins.document(fed, status.uri, budget=budget)
        parsed = note.parse(found.body)
        if parsed.id == status.uri:
            await edits.apply(fed, parsed)
            await tallies.read(fed, status, parsed, budget)
    except (Rejected, Retry, Gone):
        return


async def _parsed(fed: Fed, item: Ref, budget: Budget, listed_by: str) -> Note:
    body = item.doc
    if body is None or not normalise.same_host(item.id, listed_by) or not note.is_post(body):
        body = (await origins.document(fed, item.id or "", budget=budget)).body
    if types.primary(body) == "Create":
        made = types.ref(normalise.properties(body).get("object"))
        if made is None or made.id is None:
            raise Rejected("an activity without an object")
        body = (await origins.document(fed, made.id, budget=budget)).body
    return note.parse(body)


def _is_public(parsed: Note) -> bool:
    """What is read from its origin without addresses is as public as its page."""
    return not parsed.is_addressed or any(audience.is_public(uri) for uri in (*parsed.to, *parsed.cc))
