"""What went wrong, for people: a page for browsers where machines get JSON. Needs neither database nor session, because
either may be what is missing.
"""

import re
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from fedi import errors, i18n
from fedi.context import App

# Where only machines call, whatever they say they accept.
_MACHINES = re.compile(
    r"/(?:api|nodeinfo|\.well-known|media|static|emojis|contexts)(?:/|$)|/oauth/(?!authorize)|/health$|.*/(?:in|out)box/?$"
)
_QUALITY = re.compile(r"q=([0-9.]{1,5})")


def page(app: App, request: Request, problem: errors.Problem) -> Response | None:
    """The answer for a browser; None for a machine."""
    if not for_people(request):
        return None
    i18n.use(i18n.choose(request.headers.get("accept-language", "")))
    title, text = words(problem)
    html = app.templates.get_template("message.html").render(user=None, title=title, text=text)
    headers = {**problem.headers, "Cache-Control": "private, no-store", "Content-Language": i18n.current()}
    response = HTMLResponse(html, problem.status, headers)
    response.headers.add_vary_header("Accept")
    return response


def for_people(request: Request) -> bool:
    """Whether a browser asks for something to be looked at."""
    if _MACHINES.match(unquote(request.url.path)):
        return False
    wanted = _accepted(request.headers.get("accept", ""))
    html = max(wanted.get("text/html", 0), wanted.get("application/xhtml+xml", 0))
    machines = [quality for kind, quality in wanted.items() if kind.endswith("json")]
    return html > 0 and html >= max(machines, default=0)


def _accepted(header: str) -> dict[str, float]:
    """Media types with the weight that the client gives them."""
    found = {}
    for part in header[:2000].split(","):
        kind, _, parameters = part.partition(";")
        weight = _QUALITY.search(parameters)
        try:
            found[kind.strip().lower()] = float(weight[1]) if weight else 1.0
        except ValueError:
            continue
    return found


def words(problem: errors.Problem) -> tuple[str, str]:
    """A title and a sentence."""
    _ = i18n.gettext
    match problem:
        case errors.TooMany():
            return _("Too many attempts"), _("Please wait a while, then try again.")
        case errors.NotFound(message="Record not found"):
            return _("Nothing here"), _("There is nothing at this address, or it is not for everybody to see.")
        case errors.NotFound() | errors.Gone():
            return _("Nothing here"), _(problem.message)
        case errors.Forbidden():
            return _("Not allowed"), _("This is for others than you, or not possible.")
        case errors.MethodNotAllowed():
            return _("That did not work"), _("This address cannot be used in this way.")
        case errors.Unavailable():
            return _("Back in a moment"), _("The server is busy or being looked after. Please try again shortly.")
        case _ if problem.status >= 500:
            return _("Something went wrong on our side"), _("It has been written down. Please try again later.")
    return _("That did not work"), _(problem.message)
