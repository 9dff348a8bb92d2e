"""Hashtags: names in, entities with a week of history out."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from federation import uris
from fedi.context import App
from fedi.entities.tag import Parts as TagParts
from fedi.entities.tag import Tag, Usage
from fedi.entities.tag import build as build_tag
from storage import bundles
from storage import tags as tag_rows
from storage.db import Conn


async def tags(app: App, conn: Conn, names: Sequence[str | tag_rows.Tag], viewer_id: int | None) -> list[Tag]:
    """In the order given; one that nobody has used yet is there too, with an empty week."""
    wanted = [tag_rows.normalise(each) if isinstance(each, str) else each.name for each in names]
    rows = await bundles.tags(conn, viewer_id, wanted)
    return [_tag(app.settings.base_url, name, rows.get(name), viewer_id) for name in wanted]


def _tag(base_url: str, name: str, row: bundles.Tag | None, viewer_id: int | None) -> Tag:
    usage = bundles.decode(row.usage if row else None, tuple[date, int, int])
    parts = TagParts(
        id=row.id if row else 0,
        name=name,
        url=uris.tag_page(base_url, name),
        usage={day: Usage(people, uses) for day, people, uses in usage},
    )
    return build_tag(
        parts,
        today=datetime.now(UTC).date(),
        following=None if viewer_id is None else row is not None and row.following,
        featuring=row is not None and row.featuring,
    )
