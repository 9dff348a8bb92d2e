"""What staff decides about tags, and about posts, links and publishers that trend."""

import msgspec

from fedi import errors
from fedi.services import staff
from fedi.services.staff import By
from storage import reviews, statuses, tags
from storage.db import Conn


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """None: stays."""

    display_name: str | None = None
    usable: bool | None = None
    listable: bool | None = None
    trendable: bool | None = None


async def change_tag(conn: Conn, who: By, tag_id: int, changes: Changes) -> reviews.Tag:
    """Invalid for a display name that is another tag."""
    row = await _tag(conn, tag_id)
    if changes.display_name is not None and tags.normalise(changes.display_name) != row.name:
        raise errors.Invalid("Display name does not match the tag")
    given = {name: value for name, value in msgspec.structs.asdict(changes).items() if value is not None}
    await reviews.set_tag(conn, msgspec.structs.replace(row, **given))
    await staff.note(conn, who, "tag.update", row.name, **given)
    return await _tag(conn, tag_id)


async def review_tag(conn: Conn, who: By, tag_id: int, *, trendable: bool) -> reviews.Tag:
    row = await _tag(conn, tag_id)
    await reviews.set_tag(conn, msgspec.structs.replace(row, trendable=trendable))
    await staff.note(conn, who, _verb("trend.tag", trendable), row.name)
    return await _tag(conn, tag_id)


async def _tag(conn: Conn, tag_id: int) -> reviews.Tag:
    row = await reviews.tag(conn, tag_id)
    if row is None:
        raise errors.NotFound
    return row


async def review_status(conn: Conn, who: By, status_id: int, *, trendable: bool) -> int:
    """Only public posts can trend."""
    row = await statuses.by_id(conn, status_id)
    if row is None or row.visibility > 0 or row.reblog_of_id is not None:
        raise errors.NotFound
    await reviews.set_status(conn, row.id, trendable=trendable)
    await staff.note(conn, who, _verb("trend.status", trendable), row.uri)
    return row.id


async def review_link(conn: Conn, who: By, link_id: int, *, trendable: bool) -> reviews.LinkReview:
    row = await reviews.link(conn, link_id)
    if row is None:
        raise errors.NotFound
    await reviews.set_link(conn, row.id, trendable=trendable)
    await staff.note(conn, who, _verb("trend.link", trendable), row.url)
    return row


async def review_publisher(conn: Conn, who: By, publisher_id: int, *, trendable: bool) -> reviews.Publisher:
    row = await reviews.publisher(conn, publisher_id)
    if row is None:
        raise errors.NotFound
    await reviews.set_publisher(conn, row.id, trendable=trendable)
    await staff.note(conn, who, _verb("trend.publisher", trendable), row.domain)
    found = await reviews.publisher(conn, row.id)
    assert found is not None
    return found


def _verb(noun: str, trendable: bool) -> str:
    return f"{noun}.{'approve' if trendable else 'reject'}"
