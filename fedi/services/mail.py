"""Mail to people. A transaction leaves a job; the job makes the link and sends, so that no secret waits in the queue.

A job names the kind of mail and whom it concerns. Whether there is such a person is found out by the job: whoever asks
for a password reset learns nothing from how long the answer takes.
"""

import email.message
import email.policy
import email.utils
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import aiosmtplib

from federation.errors import Rejected
from fedi.auth import secrets
from fedi.config import Settings
from fedi.context import App
from fedi.services import letters, subscription_letters
from fedi.services.letters import Letter
from storage import appeals, email_subscriptions, jobs, user_tokens, users, warnings
from storage.db import Conn

JOB = "mail"
CONFIRM_LIFETIME = timedelta(days=7)
RESET_LIFETIME = timedelta(hours=2)
TIMEOUT_SECONDS = 30.0


_KEPT_WHOLE = ("List-Unsubscribe", "Message-ID")


class _Whole(email.policy.EmailPolicy):
    """Python breaks what is longer than a line into encoded words, in which nobody looks for an address or an id."""

    def fold(self, name: str, value: str) -> str:
        return f"{name}: {value}{self.linesep}" if name in _KEPT_WHOLE else super().fold(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        return self.fold(name, value).encode() if name in _KEPT_WHOLE else super().fold_binary(name, value)


_POLICY = _Whole(linesep="\r\n", cte_type="7bit")


def configured(settings: Settings) -> bool:
    return bool(settings.smtp_host)


async def enqueue(conn: Conn, app: App, kind: str, **payload: Any) -> None:
    """Leave a mail to be written; nothing where no mail is sent."""
    if configured(app.settings):
        await jobs.enqueue(conn, JOB, {"kind": kind, **payload})


async def enqueue_many(
    conn: Conn, app: App, kind: str, payloads: Sequence[dict[str, Any]], *, lanes: Sequence[str]
) -> None:
    """The same for many at once, each in its lane."""
    if configured(app.settings):
        await jobs.enqueue_many(conn, JOB, [{"kind": kind, **each} for each in payloads], lanes=lanes)


async def send(app: App, payload: dict[str, Any]) -> None:
    """The job. Rejected when the address is refused for good."""
    letter = await KINDS[payload["kind"]](app, payload)
    if letter is None:
        return
    try:
        await _deliver(app.settings, letter)
    except Rejected:
        if "subscription_id" in payload:  # An address that there is not reads nothing.
            async with app.db.transaction() as conn:
                await email_subscriptions.remove(conn, payload["subscription_id"])
        raise


async def _confirm(app: App, payload: dict[str, Any]) -> Letter | None:
    async with app.db.transaction() as conn:
        user = await users.by_id(conn, payload["user_id"])
        if user is None or user.email is None or user.confirmed_at is not None:
            return None
        token = await _link_token(conn, "confirm", user, CONFIRM_LIFETIME)
    return _letter(app, user, "confirm", link=f"{app.settings.base_url}/auth/confirm?token={token}")


async def _reset(app: App, payload: dict[str, Any]) -> Letter | None:
    async with app.db.transaction() as conn:
        user = await users.by_email(conn, payload["email"])
        if user is None or user.email is None or user.disabled_at is not None:
            return None
        token = await _link_token(conn, "reset", user, RESET_LIFETIME)
    return _letter(app, user, "reset", link=f"{app.settings.base_url}/auth/password/edit?token={token}")


async def _password_changed(app: App, payload: dict[str, Any]) -> Letter | None:
    return await _notice(app, payload, "password_changed", link=f"{app.settings.base_url}/auth/password/forgotten")


async def _approved(app: App, payload: dict[str, Any]) -> Letter | None:
    return await _notice(app, payload, "approved", link=f"{app.settings.base_url}/auth/log_in")


async def _application(app: App, payload: dict[str, Any]) -> Letter | None:
    """To one of the staff, about one applicant."""
    async with app.db.read() as conn:
        applicant = await users.by_id(conn, payload["applicant_id"])
    if applicant is None or applicant.approved_at is not None:
        return None
    return await _notice(app, payload, "application", applicant=applicant)


async def _warning(app: App, payload: dict[str, Any]) -> Letter | None:
    """To whom moderators did something."""
    async with app.db.read() as conn:
        warning = (await warnings.by_ids(conn, [payload["warning_id"]])).get(payload["warning_id"])
    link = f"{app.settings.base_url}/disputes/strikes/{payload['warning_id']}"
    return await _notice(app, payload, "warning", warning=warning, link=link) if warning is not None else None


async def _appeal(app: App, payload: dict[str, Any]) -> Letter | None:
    """To one of those who decide about it."""
    async with app.db.read() as conn:
        appeal = await appeals.by_id(conn, payload["appeal_id"])
    if appeal is None or appeal.state != "pending":
        return None
    return await _notice(app, payload, "appeal", appeal=appeal)


async def _appeal_decided(app: App, payload: dict[str, Any]) -> Letter | None:
    async with app.db.read() as conn:
        appeal = await appeals.by_id(conn, payload["appeal_id"])
    return await _notice(app, payload, "appeal_decided", appeal=appeal) if appeal is not None else None


async def _notice(app: App, payload: dict[str, Any], template: str, **values: Any) -> Letter | None:
    async with app.db.read() as conn:
        user = await users.by_id(conn, payload["user_id"])
    return _letter(app, user, template, **values) if user is not None and user.email is not None else None


KINDS: dict[str, Callable[[App, dict[str, Any]], Awaitable[Letter | None]]] = {
    "confirm": _confirm,
    "reset": _reset,
    "password_changed": _password_changed,
    "approved": _approved,
    "application": _application,
    "warning": _warning,
    "appeal": _appeal,
    "appeal_decided": _appeal_decided,
    "subscription_confirm": subscription_letters.confirmation,
    "subscription_posts": subscription_letters.posts,
}


async def _link_token(conn: Conn, purpose: user_tokens.Purpose, user: users.User, lifetime: timedelta) -> str:
    secret = secrets.new()
    await user_tokens.create(conn, secrets.hashed(secret), purpose, user_id=user.id, lifetime=lifetime, data=user.email)
    return secret


def _letter(app: App, user: users.User, template: str, **values: Any) -> Letter:
    return letters.write(app, template, to=user.email or "", locale=user.locale, user=user, **values)


async def _deliver(settings: Settings, letter: Letter) -> None:
    message = email.message.EmailMessage(_POLICY)
    message["From"] = email.utils.formataddr((settings.title, settings.smtp_from))
    message["To"] = letter.to
    message["Subject"] = letter.subject
    message["Date"] = email.utils.localtime()
    message["Message-ID"] = email.utils.make_msgid(domain=settings.account_domain.partition(":")[0])
    message["Auto-Submitted"] = "auto-generated"
    for name, value in letter.headers.items():
        message[name] = value
    message.set_content(letter.body)
    try:
        await aiosmtplib.send(
            message.as_bytes(),  # from the message itself the library would write its own way
            sender=settings.smtp_from,
            recipients=[letter.to],
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_user or None,
            password=settings.smtp_password or None,
            use_tls=settings.smtp_tls == "tls",
            start_tls=settings.smtp_tls == "starttls",
            timeout=TIMEOUT_SECONDS,
        )
    except aiosmtplib.SMTPRecipientsRefused as exc:
        if all(recipient.code >= 500 for recipient in exc.recipients):
            raise Rejected("the mail server refuses this address") from exc
        raise
