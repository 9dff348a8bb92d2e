"""Files that come with the software: read once, served from memory, kept by browsers for good."""

import functools
import hashlib
from pathlib import Path

import msgspec
from starlette.responses import Response

from fedi import errors
from fedi.http.endpoint import OPEN, Call, NoParams, get

DIRECTORY = Path(__file__).parent.parent / "static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ico": "image/vnd.microsoft.icon",
    ".webmanifest": "application/manifest+json",
}


class File(msgspec.Struct, frozen=True):
    body: bytes
    type: str
    digest: str


@functools.cache
def _files() -> dict[str, File]:
    files = {}
    for path in DIRECTORY.iterdir():
        if path.suffix in TYPES:
            body = path.read_bytes()
            files[path.name] = File(body, TYPES[path.suffix], hashlib.sha256(body).hexdigest()[:16])
    return files


def url(name: str) -> str:
    """The path of a file, changing with its content. `KeyError` for one that does not exist."""
    return f"/static/{name}?{_files()[name].digest}"


async def show(call: Call[NoParams]) -> Response:
    # With the digest in the query, the answer to this URL never changes.
    return _answer(call, call.path["name"], seconds=31536000 if call.request.url.query else 3600)


async def favicon(call: Call[NoParams]) -> Response:
    return _answer(call, "favicon.ico", seconds=86400)


async def no_avatar(call: Call[NoParams]) -> Response:
    return _answer(call, "missing-avatar.png", seconds=86400)


async def no_header(call: Call[NoParams]) -> Response:
    return _answer(call, "missing-header.png", seconds=86400)


def _answer(call: Call[NoParams], name: str, *, seconds: int) -> Response:
    file = _files().get(name)
    if file is None:
        raise errors.NotFound
    headers = {
        "Cache-Control": f"public, max-age={seconds}",
        "ETag": f'"{file.digest}"',
        "Access-Control-Allow-Origin": "*",
    }
    if call.request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(file.body, headers={**headers, "Content-Type": file.type})


ROUTES = [
    get("/static/:name", show, access=OPEN, limit="none"),
    get("/favicon.ico", favicon, access=OPEN, limit="none"),
    # The paths that Mastodon uses, because clients compare with them.
    get("/avatars/original/missing.png", no_avatar, access=OPEN, limit="none"),
    get("/headers/original/missing.png", no_header, access=OPEN, limit="none"),
]
