"""Names of streams as clients ask for them → channels as effects name them. Pure.

https://docs.joinmastodon.org/methods/streaming/#streams
"""

import msgspec

from fedi.entities import FilterContext
from fedi.http.scopes import covers
from fedi.text import tags
from storage import ids

STATUSES = "read:statuses"
NOTIFICATIONS = "read:notifications"

_PUBLIC = {
    f"{name}{media}": f"{name}{media}"
    for name in ("public", "public:local", "public:remote")
    for media in ("", ":media")
}

# What `user` says to tokens that read only one of the two. Others hear everything.
_HOME = frozenset({
    "update", "status.update", "delete", "filters_changed",
    "announcement", "announcement.reaction", "announcement.delete",
})  # fmt: skip
_TOLD = frozenset(["notification", "notifications_merged"])


class Refused(Exception):
    """A subscription that cannot be; `status` is as in HTTP."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class Stream(msgspec.Struct, frozen=True):
    """A subscription. `label` is what each message names, `list_id` a list that has to be the viewer's own.

    `events` None is all; otherwise only these pass.
    """

    label: tuple[str, ...]
    channel: str
    filter_context: FilterContext
    list_id: int | None = None
    events: frozenset[str] | None = None
    public: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Two spellings of a tag are one subscription."""
        return self.label[0], self.channel


def stream(
    name: str, *, account_id: int, scopes: frozenset[str], tag: str | None = None, list_id: str | None = None
) -> Stream:
    """`Refused` for unknown streams, missing parameters and scopes that the token does not hold."""
    if name == "user:notification":
        _need(scopes, NOTIFICATIONS)
        return Stream((name,), f"notifications:{account_id}", "notifications")
    if name == "user":
        return _user(account_id, scopes)
    _need(scopes, STATUSES)
    if name in _PUBLIC:
        return Stream((name,), _PUBLIC[name], "public", public=True)
    if name in ("hashtag", "hashtag:local"):
        if not tag:
            raise Refused("Missing tag name parameter")
        return Stream((name, tag), f"{name}:{tags.normalise(tag.removeprefix('#'))}", "public", public=True)
    if name == "list":
        number = ids.parse(list_id or "")
        if number is None:
            raise Refused("Missing list name parameter")
        return Stream((name, str(number)), f"list:{number}", "home", list_id=number)
    if name == "direct":
        return Stream((name,), f"direct:{account_id}", "thread")
    raise Refused("Unknown stream type")


def _user(account_id: int, scopes: frozenset[str]) -> Stream:
    """Home and notifications, as far as the token reads them."""
    home, told = covers(scopes, STATUSES), covers(scopes, NOTIFICATIONS)
    if not home and not told:
        raise Refused("Token does not cover required scopes", 401)
    events = None
    if not told:
        events = _HOME
    elif not home:
        events = _TOLD
    return Stream(("user",), f"user:{account_id}", "home", events=events)


def _need(scopes: frozenset[str], wanted: str) -> None:
    if not covers(scopes, wanted):
        raise Refused("Token does not cover required scopes", 401)
