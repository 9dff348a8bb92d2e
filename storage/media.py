"""Attachments: files of people here, and what remote posts link to. A file belongs to one post at most, for good."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from storage import jobs
from storage.db import Conn
from storage.errors import Conflict
from storage.rows import columns, structs

DELETE_JOB = "delete_files"  # payload {"names": [blob name, …]}
CONVERT_JOB = "convert_media"  # payload {"id": …}
LOOSE_HOURS = 24


class Media(msgspec.Struct, frozen=True):
    """A whole row of `media_attachments`, without its date."""

    id: int
    account_id: int
    status_id: int | None
    type: str
    state: str
    file: str | None
    preview_file: str | None
    content_type: str | None
    preview_content_type: str | None
    file_size: int | None
    width: int | None
    height: int | None
    preview_width: int | None
    preview_height: int | None
    duration: float | None
    focus_x: float | None
    focus_y: float | None
    blurhash: str | None
    description: str | None
    remote_url: str | None
    preview_remote_url: str | None
    original_file: str | None
    demuxer: str | None
    failure: str | None


class New(msgspec.Struct, frozen=True, kw_only=True):
    """An attachment that is to exist: with `file` one of ours, with `remote_url` one of a remote post.

    `processing`, with `original_file` and `demuxer`: one of ours that a job is going to convert.
    """

    account_id: int
    type: str
    state: Literal["ready", "processing"] = "ready"
    file: str | None = None
    preview_file: str | None = None
    content_type: str | None = None
    preview_content_type: str | None = None
    file_size: int | None = None
    width: int | None = None
    height: int | None = None
    preview_width: int | None = None
    preview_height: int | None = None
    duration: float | None = None
    focus_x: float | None = None
    focus_y: float | None = None
    blurhash: str | None = None
    description: str | None = None
    remote_url: str | None = None
    preview_remote_url: str | None = None
    original_file: str | None = None
    demuxer: str | None = None
    frame_rate: str | None = None
    bitrate: int | None = None


class Clip(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an original."""

    file: str
    content_type: str
    file_size: int
    width: int | None
    height: int | None
    duration: float
    bitrate: int


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """A still that somebody chose."""

    file: str
    content_type: str
    width: int
    height: int
    blurhash: str | None


_COLUMNS = columns(Media)
_NEW_COLUMNS = columns(New)


async def create(conn: Conn, new: New) -> int:
    """Insert one that no post holds yet; its id."""
    names = New.__struct_fields__
    places = ", ".join(f"${number}" for number in range(1, len(names) + 1))
    media_id: int = await conn.fetchval(
        f"insert into media_attachments ({_NEW_COLUMNS}) values ({places}) returning id",
        *(getattr(new, name) for name in names),
    )
    return media_id


async def by_ids(conn: Conn, media_ids: Sequence[int]) -> dict[int, Media]:
    """Rows that exist, by id."""
    records = await conn.fetch(f"select {_COLUMNS} from media_attachments where id = any($1)", media_ids)
    return {media.id: media for media in structs(Media, records)}


async def own(conn: Conn, account_id: int, media_ids: Sequence[int], *, lock: bool = False) -> dict[int, Media]:
    """Those of the ids that belong to the account, by id. `lock` until the transaction ends, in the order of ids."""
    records = await conn.fetch(
        f"""
        select {_COLUMNS} from media_attachments where account_id = $1 and id = any($2)
        order by id {"for no key update" if lock else ""}
        """,
        account_id, media_ids,
    )  # fmt: skip
    return {media.id: media for media in structs(Media, records)}


async def finish(conn: Conn, media_id: int, clip: Clip) -> bool:
    """It is converted: the original goes. False when it was removed meanwhile, or finished before."""
    original = await conn.fetchval(
        """
        with before as (
            select id, original_file from media_attachments where id = $1 and state = 'processing' for update)
        update media_attachments m set state = 'ready', original_file = null, demuxer = null, file = $2,
            content_type = $3, file_size = $4, width = coalesce($5, width), height = coalesce($6, height),
            duration = $7, bitrate = $8
        from before where m.id = before.id returning before.original_file
        """,
        media_id, clip.file, clip.content_type, clip.file_size, clip.width, clip.height, clip.duration, clip.bitrate,
    )  # fmt: skip
    await _forget(conn, [original] if original else [])
    return original is not None


async def fail(conn: Conn, media_id: int, reason: str) -> None:
    """It cannot be converted, and never will: the original goes."""
    original = await conn.fetchval(
        """
        with before as (
            select id, original_file from media_attachments where id = $1 and state = 'processing' for update)
        update media_attachments m set state = 'failed', failure = $2, original_file = null, demuxer = null
        from before where m.id = before.id returning before.original_file
        """,
        media_id, reason[:500],
    )  # fmt: skip
    await _forget(conn, [original] if original else [])


async def show(conn: Conn, media_id: int, preview: Preview) -> None:
    """Another still; the former one goes."""
    former = await conn.fetchval(
        """
        with before as (select id, preview_file, file from media_attachments where id = $1 for update)
        update media_attachments m set preview_file = $2, preview_content_type = $3, preview_width = $4,
            preview_height = $5, blurhash = $6
        from before where m.id = before.id returning nullif(before.preview_file, before.file)
        """,
        media_id, preview.file, preview.content_type, preview.width, preview.height, preview.blurhash,
    )  # fmt: skip
    await _forget(conn, [former] if former else [])


async def describe(
    conn: Conn, media_id: int, *, description: str | None, focus_x: float | None, focus_y: float | None
) -> None:
    """Set what a person says about it. `description` None leaves it, "" removes it; a focus of None stays."""
    await conn.execute(
        """
        update media_attachments set description = case when $2::text is null then description else nullif($2, '') end,
            focus_x = coalesce($3, focus_x), focus_y = coalesce($4, focus_y)
        where id = $1
        """,
        media_id, description, focus_x, focus_y,
    )  # fmt: skip


async def release(conn: Conn, media_ids: Sequence[int]) -> None:
    """Let go of the attachments of a post that is about to be deleted: they may be attached again for a day."""
    await conn.execute(
        "update media_attachments set status_id = null, created_at = now() where id = any($1)", media_ids
    )


async def delete(conn: Conn, media_ids: Sequence[int]) -> None:
    """Remove rows, and leave a job that removes their files."""
    records = await conn.fetch(
        "delete from media_attachments where id = any($1) returning file, preview_file, original_file", media_ids
    )
    await _forget(conn, [name for record in records for name in record if name])


async def delete_unattached(conn: Conn, account_id: int, media_id: int) -> bool:
    """Remove an own attachment. False when there is none, `Conflict` when a post holds it."""
    media = (await own(conn, account_id, [media_id], lock=True)).get(media_id)
    if media is None:
        return False
    if media.status_id is not None or await scheduled(conn, [media_id]):
        raise Conflict("Media attachment is currently used by a status")
    await delete(conn, [media_id])
    return True


async def scheduled(conn: Conn, media_ids: Sequence[int]) -> bool:
    """Whether a scheduled post holds one of them."""
    held: bool = await conn.fetchval(
        """
        select exists (select from scheduled_statuses where media_ids && $1::bigint[] and account_id in (
            select account_id from media_attachments where id = any($1)))
        """,
        media_ids,
    )  # fmt: skip
    return held


async def delete_loose(conn: Conn, *, limit: int = 500) -> int:
    """Remove attachments that no post has held for a day; how many."""
    records = await conn.fetch(
        """
        with loose as materialized (
            select m.id from media_attachments m
            where m.status_id is null and m.created_at < now() - make_interval(hours => $1)
              and not exists (select from scheduled_statuses p
                where p.account_id = m.account_id and m.id = any(p.media_ids))
            order by m.created_at limit $2 for update skip locked)
        delete from media_attachments where id in (select id from loose) returning file, preview_file, original_file
        """,
        LOOSE_HOURS, limit,
    )  # fmt: skip
    await _forget(conn, [name for record in records for name in record if name])
    return len(records)


async def without_row(conn: Conn, originals: Sequence[str]) -> list[str]:
    """Those that no attachment waits for."""
    records = await conn.fetch(
        """
        select name from unnest($1::text[]) name
        where not exists (select from media_attachments m where m.original_file = name)
        """,
        originals,
    )
    return [record[0] for record in records]


async def _forget(conn: Conn, names: Sequence[str]) -> None:
    if names:
        await jobs.enqueue(conn, DELETE_JOB, {"names": list(names)}, queue="slow")


def check_attachable(found: dict[int, Media], media_ids: Sequence[int], *, status_id: int | None = None) -> None:
    """`Conflict` unless each id was found, is ready, and is free or already held by `status_id`."""
    for media_id in media_ids:
        media = found.get(media_id)
        if media is None or media.status_id not in (None, status_id):
            raise Conflict("Some of the attachments do not exist or belong to another post")
        if media.state == "processing":
            raise Conflict("Cannot attach files that have not finished processing. Try again in a moment!")
        if media.state != "ready":
            raise Conflict("Cannot attach files that could not be processed")
    if len(media_ids) > 1 and any(found[media_id].type in ("video", "audio") for media_id in media_ids):
        raise Conflict("Cannot attach a video or sound to a post that has other attachments")
