"""Former states of edited posts. `statuses.edit` writes them."""

from datetime import datetime

import msgspec

from storage.db import Conn
from storage.rows import columns, structs


class Described(msgspec.Struct, frozen=True):
    """An attachment with the description it had then."""

    id: int
    description: str | None = None


class Edit(msgspec.Struct, frozen=True):
    """How a post read from `created_at` on."""

    id: int
    status_id: int
    content: str
    spoiler_text: str
    sensitive: bool
    media: str  # JSON: see `media_of`
    poll_options: list[str] | None
    emojis: list[str]
    created_at: datetime


_COLUMNS = columns(Edit)


def media_of(edit: Edit) -> list[Described]:
    return msgspec.json.decode(edit.media, type=list[Described])


async def of_status(conn: Conn, status_id: int) -> list[Edit]:
    """Former states, oldest first, without the present one."""
    records = await conn.fetch(f"select {_COLUMNS} from status_edits where status_id = $1 order by id", status_id)
    return structs(Edit, records)
