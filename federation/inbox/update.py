"""Update: a profile, a post or a poll changed."""

import contextlib
from datetime import UTC, datetime, timedelta

from federation import actors, edits, resolve
from federation.errors import Rejected
from federation.inbox import collection, create
from federation.inbox.box import Box
from federation.vocab import actor as vocab
from federation.vocab import note, types
from storage import statuses

# The edit of a post that is older, and was not known here, is news to nobody.
NEWS = timedelta(days=1)


async def anything(box: Box) -> None:
    ref = box.activity.object
    if ref is None:
        return
    if ref.id == box.actor.uri or ref.type in types.ACTORS:
        await actor(box)
    elif ref.doc is not None and note.is_post(ref.doc):
        await post(box)
    elif ref.doc is None and ref.id is not None and box.owns(ref.id) and not await collection.updated_by_id(box):
        async with box.fed.db.read() as conn:
            known = await statuses.by_uri(conn, ref.id)
        if known is not None:
            await resolve.status(box.fed, ref.id, refresh=True)


async def actor(box: Box) -> None:
    """Only about itself. It is what its actor signed: what its server shows may be an older one, from a cache. Read
    there only what is incomplete, and what somebody else passed on, who may have kept it for long."""
    ref = box.activity.object
    if ref is None or ref.id != box.actor.uri:
        raise Rejected("an actor may change only itself")
    if ref.doc is not None and not box.passed_on and not vocab.is_stub(ref.doc):
        with contextlib.suppress(Rejected):
            await actors.keep(box.fed, ref.doc)
            return
    await resolve.actor(box.fed, box.actor.uri, refresh=True)


async def post(box: Box) -> None:
    """The author's new version; of an unknown post, the post itself."""
    ref = box.activity.object
    if ref is None or ref.doc is None:
        return
    parsed = note.parse(ref.doc)
    async with box.fed.db.read() as conn:
        known = await statuses.by_uri(conn, parsed.id)
    if known is None:
        if note.vouched(box.activity, parsed):
            parsed = note.addressed(box.activity, parsed)
            await create.store(box, parsed, quiet=parsed.published < datetime.now(UTC) - NEWS)
        return
    if known.account_id != box.actor.id or not box.owns(parsed.id):
        raise Rejected("somebody else's post")
    await edits.apply(box.fed, parsed)
