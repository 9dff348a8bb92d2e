"""Notifications of a reader: rows in, entities out, loaded together."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from fedi.context import App
from fedi.entities import bundle
from fedi.entities.bundle import Bundle, Wanted
from fedi.entities.notification import Notification
from fedi.entities.notification import Parts as NotificationParts
from fedi.entities.notification import build as build_notification
from storage.db import Conn


class NotificationRow(Protocol):
    """What is needed of a row of `notifications`."""

    @property
    def id(self) -> int: ...
    @property
    def type(self) -> str: ...
    @property
    def from_account_id(self) -> int: ...
    @property
    def status_id(self) -> int | None: ...
    @property
    def group_key(self) -> str | None: ...
    @property
    def created_at(self) -> datetime: ...


async def notifications(app: App, conn: Conn, rows: Sequence[NotificationRow], viewer_id: int) -> list[Notification]:
    """In the order given, without those whose status is gone or hidden by a filter."""
    ids = list(dict.fromkeys(row.status_id for row in rows if row.status_id is not None))
    people = {row.from_account_id for row in rows}
    wanted = Wanted(status_ids=ids, account_ids=people, filter_context="notifications")
    loaded = await bundle.load(app, conn, viewer_id, wanted)
    found = [_notification(row, loaded) for row in rows]
    return [each for each in found if each is not None]


def _notification(row: NotificationRow, loaded: Bundle) -> Notification | None:
    person = loaded.accounts.get(row.from_account_id)
    if person is None:
        return None
    parts = NotificationParts(row.id, row.type, row.created_at, row.group_key)
    return build_notification(parts, account=person, status=loaded.statuses.get(row.status_id or 0))
