"""How far a timeline was read, shared between a person's devices."""

import msgspec

from fedi import errors
from fedi.entities.marker import Marker, build
from fedi.http.endpoint import Call, get, post, user
from storage import markers
from storage.errors import Conflict
from storage.markers import Timeline

TIMELINES: tuple[Timeline, ...] = ("home", "notifications")


class Wanted(msgspec.Struct, frozen=True):
    timeline: list[str] = []


class Position(msgspec.Struct, frozen=True):
    last_read_id: int | None = None


class Positions(msgspec.Struct, frozen=True):
    home: Position | None = None
    notifications: Position | None = None


async def show(call: Call[Wanted]) -> dict[str, Marker]:
    """A timeline without a marker, or of another name, has no key."""
    async with call.read() as conn:
        return _answer(await markers.read(conn, call.user.user_id, call.user.account_id, call.params.timeline))


async def write(call: Call[Positions]) -> dict[str, Marker]:
    """Answers with what was written, only."""
    given = {"home": call.params.home, "notifications": call.params.notifications}
    positions: dict[Timeline, int] = {}
    for timeline in TIMELINES:
        position = given[timeline]
        if position is None or position.last_read_id is None:
            continue
        if position.last_read_id < 0:
            raise errors.Invalid("last_read_id is not an id")
        positions[timeline] = position.last_read_id
    user_id, account_id = call.user.user_id, call.user.account_id
    async with call.app.db.transaction() as conn:
        known = await markers.read(conn, user_id, account_id, list(positions))
        try:
            return _answer(await markers.write(conn, user_id, account_id, positions, known))
        except Conflict as exc:
            raise errors.Conflicting(str(exc)) from exc


def _answer(rows: list[markers.Marker]) -> dict[str, Marker]:
    return {row.timeline: build(row.last_read_id, row.version, row.updated_at) for row in rows}


ROUTES = [
    get("/api/v1/markers", show, access=user("read:statuses"), params=Wanted),
    post("/api/v1/markers", write, access=user("write:statuses"), params=Positions),
]
