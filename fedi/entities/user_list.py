"""List: a named set of followed accounts with its own timeline."""

from msgspec import Struct


class List(Struct, frozen=True):
    id: str
    title: str
    replies_policy: str
    exclusive: bool


def build(list_id: int, *, title: str, replies_policy: str, exclusive: bool) -> List:
    """`replies_policy` is one of followed, list, none."""
    return List(id=str(list_id), title=title, replies_policy=replies_policy, exclusive=exclusive)
