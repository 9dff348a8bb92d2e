"""Posts for later: kept until their time, then published once, by the job that removes them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from fedi import errors
from fedi.context import App
from fedi.http.endpoint import User
from fedi.services import authors, drafts, quotes, statuses
from fedi.services.drafts import Draft
from fedi.services.media import check_attachable
from storage import account_settings, idempotency, scheduled
from storage.db import Conn
from storage.errors import StorageError
from storage.scheduled import Scheduled

# Sooner than that is too soon to be sure of; in the past means now.
LEAST_AHEAD = timedelta(minutes=5)
MOST_WAITING = 300
MOST_A_DAY = 25


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept as `params`."""

    draft: Draft
    application_id: int | None
    locale: str
    key: str | None = None


def waiting(row: Scheduled) -> Waiting:
    return msgspec.json.decode(row.params, type=Waiting)


def is_for_later(draft: Draft) -> bool:
    """False for no time, or one that has passed."""
    return draft.scheduled_at is not None and draft.scheduled_at > datetime.now(UTC)


async def schedule(app: App, user: User, draft: Draft, *, key: str | None = None) -> int:
    """Keep it for later; the id. Everything that can be wrong with it now is said now."""
    at = _checked_time(draft.scheduled_at)
    media_ids = drafts.checked(app.settings, draft, quotes=bool(draft.quoted_status_id)).media_ids
    async with app.db.transaction() as conn:
        if key and (before := await idempotency.claim(conn, user.account_id, statuses.hashed(key))):
            return before
        await statuses.parent_of(conn, user.account_id, draft)
        await quotes.of_draft(conn, user.account_id, draft)
        await check_attachable(conn, user.account_id, media_ids)
        await _check_room(conn, user.account_id, at)
        kept = Waiting(
            draft=await _decided(conn, user.account_id, draft),
            application_id=user.application_id,
            locale=user.locale,
            key=key,
        )
        scheduled_id = await scheduled.create(
            conn,
            account_id=user.account_id,
            user_id=user.user_id,
            scheduled_at=at,
            params=msgspec.json.encode(kept),
            media_ids=media_ids,
        )
        if key:
            await idempotency.fill(conn, user.account_id, statuses.hashed(key), scheduled_id)
    return scheduled_id


async def move(app: App, user: User, scheduled_id: int, at: datetime | None) -> None:
    """Another time."""
    at = _checked_time(at)
    async with app.db.transaction() as conn:
        row = await scheduled.own(conn, user.account_id, scheduled_id)
        if row is None:
            raise errors.NotFound
        if row.scheduled_at.date() != at.date():
            await _check_room(conn, user.account_id, at, own=1)
        if not await scheduled.move(conn, user.account_id, scheduled_id, at):
            raise errors.NotFound


async def cancel(app: App, user: User, scheduled_id: int) -> None:
    async with app.db.transaction() as conn:
        if not await scheduled.remove(conn, user.account_id, scheduled_id):
            raise errors.NotFound


async def _decided(conn: Conn, account_id: int, draft: Draft) -> Draft:
    """Who may quote it is what its author's settings say now, unless the draft says it."""
    settings = await account_settings.by_account(conn, account_id)
    if draft.quote_approval_policy is not None or settings is None:
        return draft
    return msgspec.structs.replace(draft, quote_approval_policy=settings.default_quote_policy)


def _checked_time(at: datetime | None) -> datetime:
    if at is None or at < datetime.now(UTC) + LEAST_AHEAD:
        raise errors.Invalid("Scheduled at The scheduled date must be at least five minutes in the future")
    return at


async def _check_room(conn: Conn, account_id: int, at: datetime, *, own: int = 0) -> None:
    """`own`: how many of those that wait are not new."""
    total, that_day = await scheduled.counts(conn, account_id, at)
    if total - own >= MOST_WAITING:
        raise errors.Invalid(f"You have exceeded the limit of {MOST_WAITING} scheduled posts")
    if that_day >= MOST_A_DAY:
        raise errors.Invalid(f"You have exceeded the limit of {MOST_A_DAY} scheduled posts for that day")


async def sweep(app: App) -> None:
    """Scheduled: leave jobs for what is due."""
    async with app.db.transaction() as conn:
        await scheduled.enqueue_due(conn)


async def publish(app: App, payload: dict[str, Any]) -> None:
    """Job: post what is due. What cannot be posted any more stays with its reason, for its author to see; of people who
    may not post now, everything stays."""
    async with app.db.read() as conn:
        row = await scheduled.by_id(conn, payload["id"])
    if row is None or row.scheduled_at > datetime.now(UTC):
        return
    try:
        await _publish(app, row, waiting(row))
    except (errors.Problem, StorageError) as exc:
        async with app.db.transaction() as conn:
            await scheduled.fail(conn, row.id, str(exc))


async def _publish(app: App, row: Scheduled, kept: Waiting) -> None:
    written = await statuses.prepare(app, row.account_id, kept.draft)
    async with app.db.transaction() as conn:
        if await scheduled.take(conn, row.id):
            writer = await authors.load(conn, row.account_id, application_id=kept.application_id, locale=kept.locale)
            status_id = await statuses.insert(app, conn, writer, kept.draft, written, hold=False)
            if kept.key:
                # Whoever has had no answer yet and asks again, asks for the post now.
                await idempotency.fill(conn, row.account_id, statuses.hashed(kept.key), status_id)
