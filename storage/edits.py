"""Former states of edited posts. `statuses.edit` writes them."""

from datetime import datetime

import msgspec

from storage.bundles import EMOJIS
from storage.db import Conn
from storage.rows import structs


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
    created_at: datetime
    quoted_uri: str | None  # None: it quoted nothing
    emojis: str | None  # JSON: `bundles.Emoji`


def media_of(edit: Edit) -> list[Described]:
    return msgspec.json.decode(edit.media, type=list[Described])


async def of_status(conn: Conn, status_id: int) -> list[Edit]:
    """Former states, oldest first, without the present one."""
    records = await conn.fetch(
        f"""
        select d.id, d.status_id, d.content, d.spoiler_text, d.sensitive, d.media, d.poll_options, d.created_at,
            d.quoted_uri,
            case when d.emojis <> '{{}}' then {EMOJIS % "d"} end as emojis
        from status_edits d join accounts a on a.id = d.account_id where d.status_id = $1 order by d.id
        """,
        status_id,
    )
    return structs(Edit, records)
