"""Conversations of a reader: rows in, entities out, loaded together."""

from collections.abc import Sequence

from fedi.context import App
from fedi.entities import bundle
from fedi.entities.bundle import Wanted
from fedi.entities.conversation import Conversation, build
from storage import conversations as rows
from storage.db import Conn


async def conversations(app: App, conn: Conn, found: Sequence[rows.Conversation], viewer_id: int) -> list[Conversation]:
    """In the order given. The last status is null where the viewer may no longer see it."""
    people = {viewer_id, *(account_id for row in found for account_id in row.participant_ids)}
    wanted = Wanted(status_ids=[row.last_status_id for row in found], account_ids=people)
    loaded = await bundle.load(app, conn, viewer_id, wanted)
    return [
        build(
            row.id,
            viewer=loaded.accounts[viewer_id],
            others=[loaded.accounts[each] for each in row.participant_ids if each in loaded.accounts],
            unread=row.unread,
            last_status=loaded.statuses.get(row.last_status_id),
        )
        for row in found
    ]
