"""Appeals of people here against what moderators did to them, and the decisions about these.

Approving one takes back what the strike did, unless another strike that stands did the same.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from fedi import errors, i18n, roles
from fedi.auth import secrets
from fedi.context import App
from fedi.services import mail, moderation, staff
from fedi.services.staff import By
from storage import appeals, user_tokens, users, warnings
from storage.appeals import Appeal
from storage.db import Conn
from storage.errors import Missing
from storage.moderation import Subject
from storage.warnings import Warning as Strike

MAX_AGE = timedelta(days=20)
MAX_TEXT_CHARS = 2000
LINK_LIFETIME = timedelta(hours=1)


def possible(strike: Strike) -> bool:
    return strike.appeal is None and datetime.now(UTC) - strike.created_at < MAX_AGE


async def lodge(conn: Conn, app: App, account_id: int, warning_id: int, text: str) -> None:
    """NotFound for somebody else's strike, Unprocessable for what cannot be appealed, or not so."""
    strike = await warnings.own(conn, account_id, warning_id)
    if strike is None:
        raise errors.NotFound
    if not possible(strike):
        raise errors.Unprocessable(i18n.mark("This decision cannot be appealed any more"))
    text = text.strip()
    if not text:
        raise errors.Unprocessable(i18n.mark("Please say why"))
    if len(text) > MAX_TEXT_CHARS:
        raise errors.Unprocessable(i18n.mark("That is too long"))
    appeal_id = await appeals.add(conn, account_id, warning_id, text)
    for judge in await users.who_may(conn, roles.MANAGE_APPEALS):
        await mail.enqueue(conn, app, "appeal", user_id=judge.id, appeal_id=appeal_id)


async def link(conn: Conn, app: App, user: users.User) -> str:
    """Where somebody who cannot log in may read what was done to them, and appeal."""
    secret = secrets.new()
    await user_tokens.create(conn, secrets.hashed(secret), "appeal", user_id=user.id, lifetime=LINK_LIFETIME)
    return f"/disputes/strikes?token={secret}"


async def approve(conn: Conn, app: App, who: By, appeal_id: int) -> None:
    appeal, target = await _pending(conn, who, appeal_id)
    await appeals.approve(conn, appeal, by_id=who.account_id)
    undo = _UNDO.get(appeal.action)
    if undo is not None and not await warnings.stands(conn, target.id, appeal.action):
        await undo(conn, who, target)
    await _close(conn, app, who, appeal, target, "approve")


async def reject(conn: Conn, app: App, who: By, appeal_id: int) -> None:
    appeal, target = await _pending(conn, who, appeal_id)
    await appeals.reject(conn, appeal, by_id=who.account_id)
    await _close(conn, app, who, appeal, target, "reject")


async def _pending(conn: Conn, who: By, appeal_id: int) -> tuple[Appeal, Subject]:
    """The account is locked first, as by every other decision about it."""
    found = await appeals.by_id(conn, appeal_id)
    if found is None:
        raise Missing(f"there is no appeal {appeal_id}")
    target = await staff.subject(conn, who, found.account_id)
    appeal = await appeals.lock(conn, appeal_id)
    if appeal is None or appeal.state != "pending":
        raise errors.Unprocessable(i18n.mark("This appeal has been decided"))
    if target.deleted_at is not None:
        raise errors.Unprocessable(i18n.mark("This account is gone"))
    return appeal, target


async def _close(conn: Conn, app: App, who: By, appeal: Appeal, target: Subject, verb: str) -> None:
    for user_id in target.user_ids:
        await mail.enqueue(conn, app, "appeal_decided", user_id=user_id, appeal_id=appeal.id)
    await staff.note(
        conn,
        who,
        f"appeal.{verb}",
        target.acct,
        appeal=str(appeal.id),
        strike=str(appeal.warning_id),
        was=appeal.action,
    )


_UNDO: dict[str, Callable[[Conn, By, Subject], Awaitable[object]]] = {
    "disable": moderation.enable,
    "sensitive": moderation.unsensitize,
    "silence": moderation.unsilence,
    "suspend": moderation.unsuspend,
}
