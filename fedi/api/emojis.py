"""Custom emojis that people here may use."""

from fedi.entities import rendering
from fedi.entities.emoji import CustomEmoji
from fedi.http.endpoint import PUBLIC, Call, NoParams, get
from storage import emojis


async def index(call: Call[NoParams]) -> list[CustomEmoji]:
    call.headers["Cache-Control"] = "max-age=300, public"
    async with call.read() as conn:
        rows = await emojis.listed(conn)
    found = [rendering.emoji(call.app.settings.base_url, row) for row in rows]
    return [each for each in found if each is not None]


ROUTES = [get("/api/v1/custom_emojis", index, access=PUBLIC)]
