"""Direct threads, as each of their participants sees them."""

from datetime import datetime

import msgspec

from storage.db import Conn
from storage.rows import columns, struct


class Conversation(msgspec.Struct, frozen=True):
    id: int
    account_id: int
    thread_id: int
    participant_ids: list[int]
    last_status_id: int | None
    unread: bool


_COLUMNS = columns(Conversation)


async def by_id(conn: Conn, account_id: int, conversation_id: int) -> Conversation | None:
    """One of the account's own."""
    record = await conn.fetchrow(
        f"select {_COLUMNS} from conversations where id = $2 and account_id = $1", account_id, conversation_id
    )
    return struct(Conversation, record)
