"""Attachments: upload, description, and the files themselves.

202 and 206 say that a file is still being converted, 422 that it cannot be:
https://docs.joinmastodon.org/methods/media/
"""

import asyncio

from starlette.datastructures import UploadFile
from starlette.responses import FileResponse, Response

from fedi import access, entities, errors
from fedi.entities.media import MediaAttachment
from fedi.http.endpoint import PUBLIC, Call, NoParams, delete, get, patch, post, put, user
from fedi.services import media, uploads
from fedi.services.media import Description

# What a browser is told a file is, by the suffix we gave it. Anything else is not served.
TYPES = {
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".mp4": "video/mp4",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
}
# A file that some browser took for a document could do nothing, and would not be on our origin.
HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Content-Disposition": "inline",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}


class Change(Description, frozen=True, kw_only=True):
    thumbnail: UploadFile | None = None


class Upload(Change, frozen=True, kw_only=True):
    file: UploadFile | None = None


async def upload(call: Call[Upload]) -> MediaAttachment:
    """An image is ready when this answers, anything else later."""
    return await _upload(call, wait=False)


async def upload_and_wait(call: Call[Upload]) -> MediaAttachment:
    """The first version of the route knows nothing of later."""
    return await _upload(call, wait=True)


async def _upload(call: Call[Upload], *, wait: bool) -> MediaAttachment:
    file = call.params.file
    if file is None:
        raise errors.Invalid("File can't be blank")
    media_id = await uploads.upload(call.app, call.user, file, call.params, thumbnail=call.params.thumbnail, wait=wait)
    made = await _entity(call, media_id)
    if made.url is None:
        call.status = 202
    return made


async def show(call: Call[NoParams]) -> MediaAttachment:
    """Only until a post holds it."""
    async with call.read() as conn:
        row = await access.own_media(conn, call.user.account_id, call.id())
    if row.status_id is not None:
        raise errors.NotFound
    if row.state == "failed":
        raise errors.Unprocessable(row.failure or media.FAILED)
    return await _waiting(call, row.id)


async def describe(call: Call[Change]) -> MediaAttachment:
    await uploads.redescribe(call.app, call.user, call.id(), call.params, thumbnail=call.params.thumbnail)
    return await _waiting(call, call.id())


async def _waiting(call: Call[Change] | Call[NoParams], media_id: int) -> MediaAttachment:
    found = await _entity(call, media_id)
    if found.url is None:
        call.status = 206
    return found


async def destroy(call: Call[NoParams]) -> None:
    await media.delete(call.app, call.user, call.id())


async def _entity(call: Call[Upload] | Call[Change] | Call[NoParams], media_id: int) -> MediaAttachment:
    async with call.read() as conn:
        found = await entities.media(call.app, conn, [media_id])
    if not found:
        raise errors.NotFound
    return found[0]


async def file(call: Call[NoParams]) -> Response:
    """A blob. Its name is random and never reused, so it may be kept for ever."""
    name = f"{call.path['kind']}/{call.path['shard']}/{call.path['name']}"
    try:
        path = call.app.blobs.path(name)
    except ValueError as exc:
        raise errors.NotFound from exc
    content_type = TYPES.get(path.suffix)
    if content_type is None or not await asyncio.to_thread(path.is_file):
        raise errors.NotFound
    return FileResponse(path, media_type=content_type, headers=HEADERS)


ROUTES = [
    post("/api/v1/media", upload_and_wait, access=user("write:media"), params=Upload, limit="media"),
    post("/api/v2/media", upload, access=user("write:media"), params=Upload, limit="media"),
    get("/api/v1/media/:id", show, access=user("write:media")),
    put("/api/v1/media/:id", describe, access=user("write:media"), params=Change, limit="thumbnails"),
    patch("/api/v1/media/:id", describe, access=user("write:media"), params=Change, limit="thumbnails"),
    delete("/api/v1/media/:id", destroy, access=user("write:media")),
    get("/media/:kind/:shard/:name", file, access=PUBLIC, limit="none"),
]
