"""What the operators say at length: description, privacy policy, terms of service."""

from datetime import UTC, datetime

import msgspec

from fedi import errors
from fedi.entities import dates
from fedi.http.endpoint import PUBLIC, Call, NoParams, get
from fedi.services import documents as service
from storage import documents
from storage.documents import Document, Kind

CACHING = "max-age=300, public"


class Description(msgspec.Struct, frozen=True):
    updated_at: str | None
    content: str


class Terms(msgspec.Struct, frozen=True):
    """`succeeded_by`: the day from which the next version holds."""

    effective_date: str
    effective: bool
    content: str
    succeeded_by: str | None


async def extended_description(call: Call[NoParams]) -> Description:
    """The long one, or else the short one of the settings."""
    call.headers["Cache-Control"] = CACHING
    async with call.read() as conn:
        found = await documents.current(conn, "extended_description")
    if found is None:
        return Description(None, service.html(call.app, call.app.settings.description))
    return Description(dates.second(found.created_at), service.html(call.app, found.text))


async def privacy_policy(call: Call[NoParams]) -> Description:
    found = await _current(call, "privacy_policy")
    return Description(dates.second(found.created_at), service.html(call.app, found.text))


async def terms_of_service(call: Call[NoParams]) -> Terms:
    return _terms(call, await _current(call, "terms_of_service"))


async def _current(call: Call[NoParams], kind: Kind) -> Document:
    call.headers["Cache-Control"] = CACHING
    async with call.read() as conn:
        found = await documents.current(conn, kind)
    if found is None:
        raise errors.NotFound
    return found


async def terms_of_day(call: Call[NoParams]) -> Terms:
    """The version that took effect on a day: `2026-08-01`."""
    call.headers["Cache-Control"] = CACHING
    async with call.read() as conn:
        return _terms(call, await service.terms_of_day(conn, call.path["date"]))


def _terms(call: Call[NoParams], found: Document) -> Terms:
    today = datetime.now(UTC).date()
    return Terms(
        effective_date=found.effective_date.isoformat(),
        effective=found.effective_date <= today and (found.succeeded_on is None or found.succeeded_on > today),
        content=service.html(call.app, found.text),
        succeeded_by=found.succeeded_on.isoformat() if found.succeeded_on else None,
    )


ROUTES = [
    get("/api/v1/instance/extended_description", extended_description, access=PUBLIC),
    get("/api/v1/instance/privacy_policy", privacy_policy, access=PUBLIC),
    get("/api/v1/instance/terms_of_service", terms_of_service, access=PUBLIC),
    get("/api/v1/instance/terms_of_service/:date", terms_of_day, access=PUBLIC),
]
