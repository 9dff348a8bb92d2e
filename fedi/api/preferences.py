"""How one posts and reads by default."""

from fedi import errors
from fedi.entities.preferences import Preferences
from fedi.http.endpoint import Call, NoParams, get, user
from storage import account_settings


async def show(call: Call[NoParams]) -> Preferences:
    async with call.read() as conn:
        settings = await account_settings.by_account(conn, call.user.account_id)
    if settings is None:
        raise errors.NotFound
    return Preferences(
        visibility=settings.default_privacy,
        sensitive=settings.default_sensitive,
        language=settings.default_language,
        quote_policy=settings.default_quote_policy,
        expand_media=settings.reading_expand_media,
        expand_spoilers=settings.reading_expand_spoilers,
        autoplay_gifs=settings.reading_autoplay_gifs,
    )


ROUTES = [get("/api/v1/preferences", show, access=user("read:accounts"))]
