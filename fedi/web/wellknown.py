"""Small files that programs look for at known places: whom to tell of a hole, what crawlers may read, where passwords
are changed."""

from datetime import UTC, datetime, timedelta

from starlette.responses import PlainTextResponse, Response

from fedi import errors
from fedi.http.endpoint import OPEN, Call, Endpoint, NoParams, get
from fedi.web import pages

# RFC 9116 asks for a date less than a year away. It counts from the start of the process: that is when somebody has
# looked after the server.
VALID = timedelta(days=364)
_CACHED = {"Cache-Control": "public, max-age=3600"}
_STARTED = datetime.now(UTC).replace(microsecond=0)

# Pages say for themselves whether their author wants to be found (robots: noindex), and a crawler must read them to see
# it. Pictures stay open for previews of links; search engines show them with the page they stand on, or not at all.
ROBOTS = """User-agent: *
Disallow: /api/
Disallow: /auth/
Disallow: /oauth/
Disallow: /authorize_interaction
Disallow: /share
Disallow: /visitors
"""


async def security(call: Call[NoParams]) -> Response:
    """RFC 9116."""
    settings = call.app.settings
    if not settings.contact_email:
        raise errors.NotFound
    lines = [
        f"Contact: mailto:{settings.contact_email}",
        f"Expires: {(_STARTED + VALID).isoformat().replace('+00:00', 'Z')}",
        f"Preferred-Languages: {', '.join(settings.languages)}",
        f"Canonical: {settings.base_url}/.well-known/security.txt",
    ]
    return PlainTextResponse("\n".join([*lines, ""]), headers=_CACHED)


async def robots(call: Call[NoParams]) -> Response:
    return PlainTextResponse(ROBOTS, headers=_CACHED)


async def change_password(call: Call[NoParams]) -> Response:
    """https://w3c.github.io/webappsec-change-password-url/"""
    return pages.redirect("/auth/password", status=302)


ROUTES: list[Endpoint] = [
    get("/.well-known/security.txt", security, access=OPEN),
    get("/.well-known/change-password", change_password, access=OPEN),
    get("/robots.txt", robots, access=OPEN),
]
