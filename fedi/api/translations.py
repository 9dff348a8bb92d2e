"""A post in the reader's language."""

import msgspec

from fedi.entities.translation import Translation
from fedi.http.endpoint import Call, post, user
from fedi.services import translation


class TranslateParams(msgspec.Struct, frozen=True):
    lang: str | None = None


async def translate(call: Call[TranslateParams]) -> Translation:
    """Into `lang`, or into the language the person reads pages in."""
    return await translation.translate(call.app, call.user, call.id(), call.params.lang)


ROUTES = [
    post(
        "/api/v1/statuses/:id/translate",
        translate,
        access=user("read:statuses"),
        params=TranslateParams,
        limit="translate",
    )
]
