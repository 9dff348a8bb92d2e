"""Search: what a query found, by kind."""

from msgspec import Struct

from fedi.entities.account import Account
from fedi.entities.status import Status
from fedi.entities.tag import Tag


class Search(Struct, frozen=True):
    accounts: list[Account] = []
    statuses: list[Status] = []
    hashtags: list[Tag] = []
    collections: list[str] = []
    """There are none here; clients of this API version want the key."""
