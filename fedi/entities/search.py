"""Search: what a query found, by kind."""

from msgspec import Struct

from fedi.entities.account import Account
from fedi.entities.collection import Collection
from fedi.entities.status import Status
from fedi.entities.tag import Tag


class Search(Struct, frozen=True):
    accounts: list[Account] = []
    statuses: list[Status] = []
    hashtags: list[Tag] = []
    collections: list[Collection] = []
    """By their address only."""
