"""Conversation: people who talk directly, and the last thing said."""

from collections.abc import Sequence

from msgspec import Struct

from fedi.entities.account import Account
from fedi.entities.status import Status


class Conversation(Struct, frozen=True):
    id: str
    unread: bool
    accounts: list[Account]
    last_status: Status | None


def build(
    conversation_id: int, *, viewer: Account, others: Sequence[Account], unread: bool, last_status: Status | None
) -> Conversation:
    """The viewer is not listed, except when talking alone: clients fail on an empty list."""
    accounts = [each for each in others if each.id != viewer.id] or [viewer]
    return Conversation(id=str(conversation_id), unread=unread, accounts=accounts, last_status=last_status)
