"""Uploads: an image is ready when it is answered; videos, animations and sound are looked at, and converted by a job.

The original waits as a blob of its own, which no address leads to, until the job is done. A killed process loses
nothing: the job is a row, and is run again.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
from starlette.datastructures import UploadFile

from fedi import errors
from fedi.config import Settings
from fedi.context import App
from fedi.http.endpoint import User
from fedi.services import clips, images
from fedi.services.clip_order import Converted, Demuxer, Probed
from fedi.services.image_order import Rendition
from fedi.services.media import ORIGINALS, Description, describe, focus_of, limited_description
from storage import blobs, jobs, media

FILES = "posts"  # the directory of files


async def upload(
    app: App, user: User, file: UploadFile, said: Description, *, thumbnail: UploadFile | None = None, wait: bool
) -> int:
    """Keep a file; the id of the attachment. `Invalid` for what is no image, video or sound, or beyond the limits.

    `wait`: until it is converted. Else a job does that.
    """
    text = limited_description(app.settings, said.description)
    focus_x, focus_y = focus_of(said.focus)
    demuxer = await _demuxer(app.settings, file)
    async with _Made(app) as made:
        if demuxer is None:
            new = await _image(app, user.account_id, file, made, wait)
        else:
            new = await _clip(app, user.account_id, file, demuxer, made, wait)
        if thumbnail is not None:
            new, former = _shown_as(new, await _thumbnail(app, thumbnail, made)), new.preview_file
            await app.blobs.delete(*filter(None, [former]))
        new = msgspec.structs.replace(new, description=text or None, focus_x=focus_x, focus_y=focus_y)
        async with app.db.transaction() as conn:
            media_id = await media.create(conn, new)
            if new.state == "processing":
                await jobs.enqueue(conn, media.CONVERT_JOB, {"id": media_id}, queue="media", key=str(media_id))
    return media_id


async def redescribe(
    app: App, user: User, media_id: int, said: Description, *, thumbnail: UploadFile | None = None
) -> None:
    """Say something else about a file that no post holds yet, or show it by another still."""
    if thumbnail is None:
        await describe(app, user, media_id, said)
        return
    async with _Made(app) as made:
        await describe(app, user, media_id, said, preview=await _thumbnail(app, thumbnail, made))


@contextlib.asynccontextmanager
async def stills(app: App, files: Mapping[int, UploadFile]) -> AsyncIterator[dict[int, media.Preview]]:
    """By attachment, what is to be shown instead of it; removed again if it is refused in here."""
    async with _Made(app) as made:
        yield {media_id: await _thumbnail(app, file, made) for media_id, file in files.items()}


async def convert(app: App, payload: dict[str, Any]) -> None:
    """Job: make of an original what every browser plays."""
    async with app.db.read() as conn:
        row = (await media.by_ids(conn, [payload["id"]])).get(payload["id"])
    if row is None or row.original_file is None or row.demuxer is None:
        return
    try:
        with await asyncio.to_thread(app.blobs.path(row.original_file).open, "rb") as file:
            demuxer = msgspec.convert(row.demuxer, Demuxer)
            async with clips.converted(app, file, demuxer) as (converted, path), _Made(app) as made:
                clip = await _kept(converted, path, made)
                async with app.db.transaction() as conn:
                    if not await media.finish(conn, row.id, clip):
                        raise errors.NotFound  # it was removed meanwhile, and so is what was made of it
    except (errors.Invalid, FileNotFoundError) as exc:
        reason = exc.message if isinstance(exc, errors.Invalid) else "The file is gone"
        async with app.db.transaction() as conn:
            await media.fail(conn, row.id, reason)
    except errors.NotFound:
        return


class _Made:
    """The blobs that are being made: removed again when it is refused in the end, or there is no room for all of them.

    Not when the database fails: it may have committed a row that holds them.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._names: list[str] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(exc, errors.Problem) or (isinstance(exc, OSError) and exc.errno in blobs.FULL):
            await asyncio.shield(self._app.blobs.delete(*self._names))

    async def rendition(self, rendition: Rendition) -> str:
        name = await images.store(self._app, FILES, rendition)
        self._names.append(name)
        return name

    async def clip(self, converted: Converted, path: Path) -> str:
        self._names.append(name := blobs.new_name(FILES, clips.SUFFIXES[converted.content_type]))
        await self._app.blobs.adopt(name, path)
        return name

    async def original(self, file: UploadFile) -> str:
        self._names.append(name := blobs.new_name(ORIGINALS, ""))
        await self._app.blobs.copy(name, file.file)
        return name


async def _demuxer(settings: Settings, file: UploadFile) -> Demuxer | None:
    """What opens the file, unless it is an image. `Invalid` when it is empty, or too large for what it is."""
    await file.seek(0)
    demuxer = clips.sniff(await file.read(clips.HEAD_BYTES))
    _check_size(file, settings.image_max_bytes if demuxer is None else settings.video_max_bytes)
    return demuxer


def _check_size(file: UploadFile, most: int) -> None:
    if not file.size:
        raise errors.Invalid("File can't be blank")
    if file.size > most:
        raise errors.Invalid(f"File must be smaller than {most // 1024} kB")


async def _image(app: App, account_id: int, file: UploadFile, made: _Made, wait: bool) -> media.New:
    picture = await images.photo(file.file, max_pixels=app.settings.image_max_pixels)
    if isinstance(picture, images.Moving):
        return await _clip(app, account_id, file, "gif", made, wait)
    preview = picture.still or picture.full
    return media.New(
        account_id=account_id,
        type="image",
        file=await made.rendition(picture.full),
        preview_file=await made.rendition(preview),
        content_type=picture.full.content_type,
        preview_content_type=preview.content_type,
        file_size=len(picture.full.data),
        width=picture.full.width,
        height=picture.full.height,
        preview_width=preview.width,
        preview_height=preview.height,
        blurhash=picture.blurhash,
    )


async def _clip(app: App, account_id: int, file: UploadFile, demuxer: Demuxer, made: _Made, wait: bool) -> media.New:
    probed = await clips.probe(app.settings, file.file, demuxer)
    new = await _looked_at(probed, account_id, made)
    if not wait:
        return msgspec.structs.replace(
            new, state="processing", original_file=await made.original(file), demuxer=demuxer, file_size=file.size
        )
    async with clips.converted(app, file.file, demuxer) as (converted, path):
        clip = await _kept(converted, path, made)
    return msgspec.structs.replace(
        new,
        file=clip.file,
        content_type=clip.content_type,
        file_size=clip.file_size,
        width=clip.width or new.width,
        height=clip.height or new.height,
        duration=clip.duration,
        bitrate=clip.bitrate,
    )


async def _looked_at(probed: Probed, account_id: int, made: _Made) -> media.New:
    new = media.New(
        account_id=account_id,
        type=probed.kind,
        width=probed.width,
        height=probed.height,
        duration=probed.duration,
        frame_rate=probed.frame_rate,
        bitrate=probed.bitrate,
    )
    if probed.preview is None:
        return new
    return _shown_as(new, await _still(probed.preview, probed.blurhash, made))


async def _kept(converted: Converted, path: Path, made: _Made) -> media.Clip:
    size = (await asyncio.to_thread(path.stat)).st_size
    return media.Clip(
        file=await made.clip(converted, path),
        content_type=converted.content_type,
        file_size=size,
        width=converted.width,
        height=converted.height,
        duration=converted.duration,
        bitrate=converted.bitrate,
    )


async def _thumbnail(app: App, file: UploadFile, made: _Made) -> media.Preview:
    _check_size(file, app.settings.image_max_bytes)
    picture = await images.thumbnail(file.file, max_pixels=app.settings.image_max_pixels)
    return await _still(picture.full, picture.blurhash, made)


async def _still(rendition: Rendition, blurhash: str | None, made: _Made) -> media.Preview:
    return media.Preview(
        file=await made.rendition(rendition),
        content_type=rendition.content_type,
        width=rendition.width,
        height=rendition.height,
        blurhash=blurhash,
    )


def _shown_as(new: media.New, preview: media.Preview) -> media.New:
    return msgspec.structs.replace(
        new,
        preview_file=preview.file,
        preview_content_type=preview.content_type,
        preview_width=preview.width,
        preview_height=preview.height,
        blurhash=preview.blurhash,
    )
