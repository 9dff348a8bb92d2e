"""Web Push (RFC 8030): what a client subscribes to, and the job that brings it one notice.

The access token that a message must name is kept sealed with the server's secret: the database alone gives away none.
"""

import os
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from federation.errors import Rejected, Retry
from federation.http.addresses import Url, is_public, literal_ip, parse_url
from federation.http.client import BadUrl, HTTPError, Refused, Response
from federation.http.fetch import retry_after
from federation.sanitize import plain_text
from fedi import entities, errors, i18n, secret
from fedi.auth import vapid
from fedi.config import Settings
from fedi.context import App
from fedi.entities.notification import Notification
from fedi.entities.push_subscription import Message
from fedi.services import push_encryption
from storage import notifications, push_subscriptions
from storage.push_subscriptions import Due, Subscription

Policy = Literal["all", "followed", "follower", "none"]

AUTH_BYTES = 16
NONCE_BYTES = 12
TTL_SECONDS = 48 * 3600
TIMEOUT_SECONDS = 15.0
# Nobody wants to be told later than this. It is less than the time in which a job runs out of attempts.
STALE = timedelta(hours=6)
MAX_BODY_CHARS = 140
MAX_TITLE_CHARS = 200

_TITLES = {
    "mention": i18n.mark("%(name)s mentioned you"),
    "status": i18n.mark("%(name)s just posted"),
    "reblog": i18n.mark("%(name)s boosted your post"),
    "follow": i18n.mark("%(name)s now follows you"),
    "follow_request": i18n.mark("%(name)s asks to follow you"),
    "favourite": i18n.mark("%(name)s likes your post"),
    "poll": i18n.mark("A poll by %(name)s has ended"),
    "update": i18n.mark("%(name)s edited a post"),
    "quote": i18n.mark("%(name)s quoted your post"),
    "quoted_update": i18n.mark("%(name)s edited a post you have quoted"),
    "added_to_collection": i18n.mark("%(name)s added you to a collection"),
    "collection_update": i18n.mark("%(name)s edited a collection you are in"),
    "admin.sign_up": i18n.mark("%(name)s signed up"),
    "admin.report": i18n.mark("%(name)s sent a report"),
}


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks for. `p256dh` and `auth` are base64."""

    endpoint: str
    p256dh: str
    auth: str
    standard: bool
    alerts: list[str]
    policy: Policy


async def subscribe(app: App, *, account_id: int, token_id: int, token: str, wishes: Wishes) -> Subscription:
    """The only one of this token from now on."""
    p256dh, auth = _keys(wishes)
    new = push_subscriptions.New(
        endpoint=_endpoint(app.settings, wishes.endpoint).full,
        p256dh=p256dh,
        auth=auth,
        sealed_token=_seal(app.settings, token_id, token),
        standard=wishes.standard,
        alerts=wishes.alerts,
        policy=wishes.policy,
    )
    async with app.db.transaction() as conn:
        return await push_subscriptions.put(conn, account_id=account_id, token_id=token_id, new=new)


def _endpoint(settings: Settings, text: str) -> Url:
    """Where a name leads is judged when it is called; only what can never be is refused now."""
    try:
        url = parse_url(text.strip())
    except BadUrl as exc:
        raise errors.Invalid("Endpoint is not a valid URL") from exc
    if url.scheme != "https" and not settings.allow_private_peers:
        raise errors.Invalid("Endpoint must be an https URL")
    literal = literal_ip(url.host)
    if literal is not None and not is_public(literal) and not settings.allow_private_peers:
        raise errors.Invalid("Endpoint is not a valid URL")
    return url


def _keys(wishes: Wishes) -> tuple[bytes, bytes]:
    try:
        p256dh = vapid.decode(wishes.p256dh)
        push_encryption.public_key(p256dh)
        auth = vapid.decode(wishes.auth)
    except ValueError as exc:
        raise errors.Invalid("Keys are not valid") from exc
    if len(p256dh) != push_encryption.POINT_BYTES or len(auth) != AUTH_BYTES:
        raise errors.Invalid("Keys are not valid")
    return p256dh, auth


# ------------------------------------------------------------ the token, at rest


def _seal(settings: Settings, token_id: int, token: str) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + _box(settings).encrypt(nonce, token.encode(), str(token_id).encode())


def _unsealed(settings: Settings, subscription: Subscription) -> str | None:
    """None when the server's secret is another than it was."""
    nonce, sealed = subscription.sealed_token[:NONCE_BYTES], subscription.sealed_token[NONCE_BYTES:]
    try:
        return _box(settings).decrypt(nonce, sealed, str(subscription.token_id).encode()).decode()
    except InvalidTag:
        return None


def _box(settings: Settings) -> AESGCM:
    return AESGCM(secret.derived_key(settings, "push tokens"))


# ------------------------------------------------------------ the job


async def send(app: App, payload: dict[str, Any]) -> None:
    """Bring one notice to one client. Done when the push service has it, or when nobody wants it any more."""
    found = await _written(app, payload["subscription_id"], payload["notification_id"])
    if found is None:
        return
    subscription, message = found
    if message is None:
        await _drop(app, subscription)
        return
    url = parse_url(subscription.endpoint)
    encrypted = _encrypted(subscription, message)
    headers = {"TTL": str(TTL_SECONDS), "Urgency": "normal", **encrypted.headers}
    for name, value in vapid.headers(app, url.origin, standard=subscription.standard).items():
        headers[name] = f"{headers[name]};{value}" if name in headers else value
    try:
        response = await app.fed.http.post(url, headers=headers, body=encrypted.body, timeout=TIMEOUT_SECONDS)
    except Refused as exc:
        await _drop(app, subscription)
        raise Rejected(str(exc)) from exc
    except HTTPError as exc:
        raise Retry(str(exc)) from exc
    await _judge(app, subscription, response)


async def _judge(app: App, subscription: Subscription, response: Response) -> None:
    """https://www.rfc-editor.org/rfc/rfc8030#section-7.3 and what Mastodon does: who is told 4xx does not ask again."""
    status = response.status
    if 200 <= status < 300:
        return
    if 400 <= status < 500 and status not in (408, 429):
        await _drop(app, subscription)
        raise Rejected(f"the push service answered {status}")
    raise Retry(f"the push service answered {status}", after=retry_after(response))


async def _drop(app: App, subscription: Subscription) -> None:
    async with app.db.transaction() as conn:
        await push_subscriptions.drop(conn, subscription)


async def _written(app: App, subscription_id: int, notification_id: int) -> tuple[Subscription, Message | None] | None:
    """The message, as things are now. None when it is not wanted any more; without a message when it never can be."""
    async with app.db.read() as conn:
        subscription = await push_subscriptions.by_id(conn, subscription_id)
        if subscription is None:
            return None
        row = await notifications.by_id(conn, subscription.account_id, notification_id)
        if row is None or datetime.now(UTC) - row.created_at > STALE:
            return None
        locale = await push_subscriptions.locale(conn, Due(subscription.id, subscription.endpoint, row.id))
        told = await entities.notifications(app, conn, [row], subscription.account_id) if locale is not None else []
    if locale is None or not told or told[0].type not in _TITLES:
        return None
    token = _unsealed(app.settings, subscription)
    return subscription, None if token is None else _message(told[0], token, locale)


def _message(told: Notification, token: str, locale: str) -> Message:
    i18n.use(locale)
    person = told.account
    names = {"name": person.display_name or person.username}
    if told.emoji is not msgspec.UNSET:
        title = i18n.gettext("%(name)s reacted with %(emoji)s") % {**names, "emoji": told.emoji}
    else:
        title = i18n.gettext(_TITLES[told.type]) % names
    return Message(
        access_token=token,
        preferred_locale=locale,
        notification_id=int(told.id),
        notification_type=told.type,
        icon=person.avatar_static,
        title=_cut(title, MAX_TITLE_CHARS),
        body=_cut(_words(told), MAX_BODY_CHARS),
    )


def _words(told: Notification) -> str:
    """Of the post, behind its warning if it has one; or of the collection; or of the person."""
    if told.collection is not msgspec.UNSET:
        words = told.collection.description
        return f"{told.collection.name}\n{words if told.collection.local else plain_text(words)}"
    if told.status is msgspec.UNSET:
        return plain_text(told.account.note)
    return told.status.spoiler_text or plain_text(told.status.content or "")


def _cut(text: str, length: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 1] + "…"


def _encrypted(subscription: Subscription, message: Message) -> push_encryption.Encrypted:
    text = msgspec.json.encode(message)
    if len(text) > push_encryption.MAX_TEXT_BYTES:  # only addresses are that long
        text = msgspec.json.encode(msgspec.structs.replace(message, icon=""))
    scheme = push_encryption.aes128gcm if subscription.standard else push_encryption.aesgcm
    return scheme(text, p256dh=subscription.p256dh, auth=subscription.auth, own=push_encryption.ephemeral())
