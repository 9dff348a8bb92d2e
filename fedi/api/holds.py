"""The undo window: how long one's posts are held back, and not waiting for it. Not of Mastodon; see docs/clients.md."""

import msgspec

from fedi import entities, errors
from fedi.entities.status import Status
from fedi.http.endpoint import Call, NoParams, get, patch, post, put, user
from fedi.services import holds
from storage import account_settings
from storage.db import Conn


class Preferences(msgspec.Struct, frozen=True):
    """`hold_seconds`: 0 for not at all. `hold_locally`: people on this server may read it meanwhile."""

    hold_seconds: int
    hold_locally: bool


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What is not given stays."""

    hold_seconds: int | None = None
    hold_locally: bool | None = None


async def show(call: Call[NoParams]) -> Preferences:
    async with call.read() as conn:
        return await _preferences(conn, call.user.account_id)


async def update(call: Call[Changes]) -> Preferences:
    """For posts from now on."""
    if not 0 <= (call.params.hold_seconds or 0) <= holds.MAX_SECONDS:
        raise errors.Invalid(f"Hold seconds must be between 0 and {holds.MAX_SECONDS}")
    given = {name: value for name, value in msgspec.structs.asdict(call.params).items() if value is not None}
    async with call.app.db.transaction() as conn:
        await account_settings.update(conn, call.user.account_id, account_settings.Changes(**given))
        return await _preferences(conn, call.user.account_id)


async def _preferences(conn: Conn, account_id: int) -> Preferences:
    settings = await account_settings.by_account(conn, account_id)
    if settings is None:
        raise errors.NotFound
    return Preferences(settings.hold_seconds, settings.hold_locally)


async def send(call: Call[NoParams]) -> Status:
    """Let a held post of one's own out now."""
    await holds.send_now(call.app, call.user, call.id())
    async with call.read() as conn:
        return await entities.status(call.app, conn, call.id(), call.viewer_id)


ROUTES = [
    get("/api/v1/fedi/preferences", show, access=user("read:accounts")),
    patch("/api/v1/fedi/preferences", update, access=user("write:accounts"), params=Changes),
    put("/api/v1/fedi/preferences", update, access=user("write:accounts"), params=Changes),
    post("/api/v1/fedi/statuses/:id/send", send, access=user("write:statuses")),
]
