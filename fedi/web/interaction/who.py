"""Who acts here, and where they go next."""

from urllib.parse import quote

from starlette.responses import Response

from fedi import i18n
from fedi.http.endpoint import User
from fedi.http.limits import MINUTE, Limit
from fedi.web import pages
from fedi.web.pages import Page
from storage import users

PATH = "/authorize_interaction"
# Each may ask another server.
PER_PERSON = Limit("interact_person", 60, 5 * MINUTE, "user")


def somebody(page: Page, back: str = PATH) -> users.User | Response:
    """Who is signed in, or the page they need first."""
    if page.user is None:
        return pages.redirect(f"/auth/log_in?next={quote(back, safe='')}")
    return page.user if page.user.active else pages.redirect("/auth/welcome")


def acting(user: users.User) -> User:
    return User(None, None, user.id, user.account_id, user.rank, user.locale)


def address(uri: str) -> str:
    return f"{PATH}?uri={quote(uri, safe='')}"


def limit(page: Page, user: users.User) -> None:
    page.limit_key(PER_PERSON, str(user.id))


def refusal() -> str:
    return i18n.gettext("This is not possible: one of you has blocked the other, or it is not for sharing.")
