"""The profile directory: people who want to be found."""

import msgspec

from fedi import entities
from fedi.entities.account import Account
from fedi.http.endpoint import PUBLIC, Call, get
from storage import directory

# Whoever pages further than this is not looking for somebody.
MAX_OFFSET = 10_000


class DirectoryParams(msgspec.Struct, frozen=True):
    limit: int = 40
    offset: int = 0
    order: str = "active"
    local: bool = False


async def index(call: Call[DirectoryParams]) -> list[Account]:
    """By what they last posted, or `order=new`: by when they came, or became known here."""
    params = call.params
    async with call.read() as conn:
        found = await directory.account_ids(
            conn,
            call.viewer_id,
            order="new" if params.order == "new" else "active",
            local=params.local,
            limit=min(abs(params.limit), 80),
            offset=min(max(params.offset, 0), MAX_OFFSET),
        )
        return await entities.accounts(call.app, conn, found, call.viewer_id)


ROUTES = [get("/api/v1/directory", index, access=PUBLIC, params=DirectoryParams)]
