"""What an effect is given: the transaction that removes its event, and a list of live messages sent after commit."""

import msgspec

from federation.context import Fed
from storage.db import Conn

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
