"""Who decides, and what is remembered of it: every act of staff is in the audit log, in its own transaction."""

from typing import Any

import msgspec

from fedi import errors
from fedi.http.endpoint import User
from storage import audit, moderation
from storage.db import Conn
from storage.moderation import Subject
from storage.roles import ADMINISTRATOR, Rank


class By(msgspec.Struct, frozen=True):
    """Somebody of the staff; without ids the operator at the command line, who may do everything."""

    user_id: int | None
    account_id: int | None
    rank: Rank

    @property
    def actor(self) -> str:
        """As the audit log names them."""
        return audit.CLI if self.user_id is None else str(self.user_id)


OPERATOR = By(None, None, Rank(1001, ADMINISTRATOR))


def by(user: User) -> By:
    return By(user.user_id, user.account_id, user.rank)


async def note(conn: Conn, who: By, action: str, target: str, **detail: Any) -> None:
    """Into the audit log. `action` is a noun and a verb. Any: what JSON holds; None and "" are left out."""
    told = {name: value for name, value in detail.items() if value not in (None, "", [])}
    await audit.record(conn, action, actor=who.actor, target=target, detail=told)


async def subject(conn: Conn, who: By, account_id: int) -> Subject:
    """An account that `who` may decide about: nobody acts on those who stand as high as they do, or higher. Locked.

    NotFound when there is none, Forbidden when it is not theirs to decide.
    """
    found = await moderation.subject(conn, account_id)
    if found is None:
        raise errors.NotFound
    check_rank(who, found)
    return found


def check_rank(who: By, found: Subject) -> None:
    if who.user_id is None:
        return
    if who.rank.position <= found.position:
        raise errors.Forbidden
