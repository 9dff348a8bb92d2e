"""Reading somebody's public posts by e-mail, without an account: who may offer it, and who gets letters.

Nobody learns whether an address is subscribed: every request is answered alike, and what follows is a job's work.
"""

from typing import Any

from fedi import errors, roles
from fedi.config import Settings
from fedi.context import App
from fedi.http.limits import HOUR, Limit, Limits
from fedi.services import gates, mail, signup, staff, subscription_letters
from fedi.services.signup import Fault, Refused
from fedi.services.staff import By
from storage import email_subscriptions as rows
from storage import jobs
from storage.db import Conn
from storage.email_subscriptions import ASK_JOB, Subscription

# Nobody is written to more often than that because others give their address.
ADDRESS_LIMIT = Limit("subscriber", 5, 24 * HOUR, "address")


async def offered(settings: Settings, conn: Conn, account_id: int) -> bool:
    """Whether somebody can be read by e-mail now."""
    found = await rows.offer(conn, account_id)
    return found is not None and found.enabled and roles.may_have_subscribers(settings, found.permissions)


async def allowed(settings: Settings, conn: Conn, account_id: int) -> bool:
    """Whether somebody may offer it, if they want to."""
    found = await rows.offer(conn, account_id)
    return found is not None and roles.may_have_subscribers(settings, found.permissions)


async def request(app: App, account_id: int, address: str, *, locale: str) -> None:
    """A visitor gives an address. NotFound where nothing is offered, Refused for what is no address we write to."""
    address = address.strip()
    async with app.db.read() as conn:
        if not await offered(app.settings, conn, account_id):
            raise errors.NotFound
    fault = await _fault(app, address)
    if fault is not None:
        raise Refused([fault])
    limits: Limits = app.memory["limits"]
    try:
        limits.hit_key(ADDRESS_LIMIT, gates.canonical(address))
    except errors.TooMany:
        return
    async with app.db.transaction() as conn:
        await jobs.enqueue(conn, ASK_JOB, {"account_id": account_id, "email": address, "locale": locale})


async def _fault(app: App, address: str) -> Fault | None:
    if not address:
        return Fault("email", "ERR_BLANK", "can't be blank")
    if not signup.valid_address(address, development=app.settings.development):
        return Fault("email", "ERR_INVALID", "is invalid")
    exchanging = await gates.hosts(app, address)
    async with app.db.read() as conn:
        verdict = await gates.on_address(conn, address, exchanging)
    if verdict.refused:
        return Fault("email", "ERR_BLOCKED", "uses a provider that is not allowed here")
    return None


async def ask(app: App, payload: dict[str, Any]) -> None:
    """Job: ask an address whether it wants to, unless it does already or was asked lately."""
    account_id, address = payload["account_id"], payload["email"]
    async with app.db.transaction() as conn:
        if await gates.is_known_evil(conn, address) or not await offered(app.settings, conn, account_id):
            return
        subscription_id = await rows.ask(conn, account_id, address, payload["locale"])
        if subscription_id is not None:
            await mail.enqueue(conn, app, "subscription_confirm", subscription_id=subscription_id)


async def confirm(app: App, token: str) -> Subscription | None:
    """None for a link that is no good."""
    row = await subscription_letters.subscription(app, "confirm", token)
    if row is not None:
        async with app.db.transaction() as conn:
            await rows.confirm(conn, row.id)
    return row


async def unsubscribe(app: App, token: str) -> None:
    """The same for a link that has been used, or never was one."""
    row = await subscription_letters.subscription(app, "unsubscribe", token)
    if row is not None:
        async with app.db.transaction() as conn:
            await rows.remove(conn, row.id)


async def enable(app: App, account_id: int, *, enabled: bool) -> None:
    """Offer it, or not any more; the addresses stay. Forbidden for whom the operator does not let."""
    async with app.db.transaction() as conn:
        if enabled and not await allowed(app.settings, conn, account_id):
            raise errors.Forbidden
        await rows.enable(conn, account_id, enabled=enabled)


async def forget(app: App, account_id: int) -> int:
    """All addresses of an account, by whom it belongs to; how many they were."""
    async with app.db.transaction() as conn:
        return await rows.remove_all(conn, account_id)


async def erase(conn: Conn, who: By, username: str, account_id: int) -> int:
    """All addresses of an account, by staff."""
    number = await rows.remove_all(conn, account_id)
    await staff.note(conn, who, "email_subscriptions.erase", username, number=number)
    return number


async def erase_address(conn: Conn, who: By, address: str) -> int:
    """Whatever an address reads. The log does not keep what was to be forgotten."""
    number = await rows.remove_everywhere(conn, address.strip())
    await staff.note(conn, who, "email_subscriptions.erase", "an address", number=number)
    return number


async def send(app: App, payload: dict[str, Any]) -> None:
    """Job: one letter to each subscriber with the posts that have come together."""
    account_id = payload["account_id"]
    async with app.db.transaction() as conn:
        status_ids = await rows.take(conn, account_id)
        if not status_ids or not await offered(app.settings, conn, account_id):
            return
        readers = await rows.confirmed(conn, account_id)
        await mail.enqueue_many(
            conn,
            app,
            "subscription_posts",
            [{"subscription_id": each, "status_ids": status_ids} for each in readers],
            # Many letters of one author take turns with other work.
            lanes=[f"smtp://subscribers/{account_id}/{each}" for each in readers],
        )


async def tidy(app: App) -> None:
    """Scheduled: forget addresses that nobody has confirmed."""
    async with app.db.transaction() as conn:
        await rows.forget_unconfirmed(conn)
