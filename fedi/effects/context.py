"""What an effect is given: the transaction that removes its event, and a list of live messages sent after commit."""

import msgspec

from federation.context import Fed
from storage import consents, statuses
from storage.db import Conn
from storage.statuses import Status

TOPIC = "stream"  # of the bus


class Message(msgspec.Struct, frozen=True, array_like=True):
    """A live message: to whoever listens to one of the channels. Ids only; the listener's process loads the rest.

    Channels: `user:ID`, `notifications:ID`, `direct:ID`, `public`, `public:local`, `public:remote` (each also with
    `:media`), `hashtag:NAME`, `hashtag:local:NAME`, `list:ID`, `token:ID`.
    """

    channels: tuple[str, ...]
    event: str  # update, status.update, delete, notification, conversation, filters_changed, announcement, …, close
    id: int  # of the status, notification, conversation, …; for what has none, any
    detail: str = ""  # of announcement.reaction: its name


class Context(msgspec.Struct, frozen=True):
    """The first argument of every effect."""

    conn: Conn
    fed: Fed
    stream: list[Message]
    read: dict[int, Status | None] = {}  # by `status`

    async def status(self, status_id: int) -> Status | None:
        """A row that several effects of one event begin with, read once: they change none of it."""
        if status_id not in self.read:
            self.read[status_id] = await statuses.by_id(self.conn, status_id)
        return self.read[status_id]

    async def sent_status(self, status_id: int) -> Status | None:
        """The same, if it is one of ours that is not held back."""
        found = await self.status(status_id)
        return found if found is not None and found.is_local and found.held_until is None else None

    async def told_status(self, status_id: int) -> Status | None:
        """The same, if no author elsewhere has to agree to it before others hear of it."""
        found = await self.sent_status(status_id)
        return None if found is None or await consents.waits(self.conn, found.uri) else found
