"""Notification requests for a reader: rows in, entities out, loaded together."""

from collections.abc import Sequence

from fedi.context import App
from fedi.entities import bundle
from fedi.entities.bundle import Wanted
from fedi.entities.notification_request import NotificationRequest, Parts, build
from storage.db import Conn
from storage.notification_requests import Request


async def notification_requests(
    app: App, conn: Conn, rows: Sequence[Request], viewer_id: int
) -> list[NotificationRequest]:
    """In the order given, without people who are gone. A last post that the reader may not see any more is null."""
    wanted = Wanted(status_ids=[row.last_status_id for row in rows], account_ids={row.from_account_id for row in rows})
    loaded = await bundle.load(app, conn, viewer_id, wanted)
    return [
        build(
            Parts(row.id, row.created_at, row.updated_at, row.notifications_count),
            account=loaded.accounts[row.from_account_id],
            last_status=loaded.statuses.get(row.last_status_id),
        )
        for row in rows
        if row.from_account_id in loaded.accounts
    ]
