"""Forms are only taken from our own pages: the browser's word where it gives one, and a token in every case.

The token is bound to a cookie of this browser and to its session, so it cannot be fetched elsewhere and planted here.
"""

import hmac

from starlette.requests import Request

from fedi import secret
from fedi.context import App
from storage.sessions import Session


def token(app: App, browser: str, session: Session | None) -> str:
    """What a form carries in a hidden field."""
    key = app.memory.get("csrf.key")
    if key is None:
        key = app.memory["csrf.key"] = secret.derived_key(app.settings, "forms")
    bound = f"{browser}.{session.id if session else ''}"
    return hmac.digest(key, bound.encode(), "sha256").hex()


def from_elsewhere(app: App, request: Request) -> bool:
    """Whether the browser says that another site's page sent this."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and origin != app.settings.base_url


def genuine(app: App, request: Request, *, shown: str, browser: str, session: Session | None) -> bool:
    if not browser or from_elsewhere(app, request):
        return False
    return hmac.compare_digest(shown.encode("utf-8", "replace"), token(app, browser, session).encode())
