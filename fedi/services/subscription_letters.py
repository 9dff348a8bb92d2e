"""What subscribers get by e-mail, and the links in it. A link is made from the server's secret: none is stored.

Each letter can be answered with one click that ends the subscription, also by the reader's mail program (RFC 8058).
"""

import hmac
from typing import Any, Literal

import msgspec

from federation.sanitize import plain_text
from fedi import secret
from fedi.context import App
from fedi.services import letters
from fedi.services.letters import Letter
from storage import accounts, email_subscriptions, ids, statuses
from storage.accounts import Account
from storage.email_subscriptions import Subscription
from storage.statuses import Status
from storage.visibility import PUBLIC

Purpose = Literal["confirm", "unsubscribe"]

MAX_POSTS = 20


class Excerpt(msgspec.Struct, frozen=True):
    """A post as a letter shows it; of one with a warning only that."""

    day: str
    text: str
    warning: str
    attachments: int
    url: str


def token(app: App, purpose: Purpose, row: Subscription) -> str:
    return f"{row.id}-{_digest(app, purpose, row)}"


async def subscription(app: App, purpose: Purpose, shown: str) -> Subscription | None:
    """Whose link it is; None for one that is no good."""
    number, _, digest = shown.partition("-")
    subscription_id = ids.parse(number)
    if subscription_id is None:
        return None
    async with app.db.read() as conn:
        row = await email_subscriptions.by_id(conn, subscription_id)
    good = row is not None and hmac.compare_digest(digest.encode(), _digest(app, purpose, row).encode())
    return row if good else None


def _digest(app: App, purpose: Purpose, row: Subscription) -> str:
    key = secret.derived_key(app.settings, "email subscriptions")
    return hmac.new(key, f"{purpose}:{row.id}:{row.account_id}:{row.email}".encode(), "sha256").hexdigest()[:40]


async def confirmation(app: App, payload: dict[str, Any]) -> Letter | None:
    found = await _found(app, payload)
    if found is None or found[0].confirmed:
        return None
    row, author = found
    link = f"{app.settings.base_url}/email_subscriptions/confirm?token={token(app, 'confirm', row)}"
    return letters.write(
        app, "subscription_confirm", to=row.email, locale=row.locale, author=author, name=_name(author), link=link
    )


async def posts(app: App, payload: dict[str, Any]) -> Letter | None:
    """New posts of somebody, as far as everybody may still read them."""
    found = await _found(app, payload)
    if found is None or not found[0].confirmed:
        return None
    row, author = found
    async with app.db.read() as conn:
        rows = await statuses.visible_rows(conn, None, payload["status_ids"])
    shown = sorted((each for each in rows if _is_theirs(each, author)), key=lambda each: each.id)
    if not shown:
        return None
    link = f"{app.settings.base_url}/email_subscriptions/unsubscribe?token={token(app, 'unsubscribe', row)}"
    return letters.write(
        app,
        "subscription_posts",
        to=row.email,
        locale=row.locale,
        headers={"List-Unsubscribe": f"<{link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
        author=author,
        name=_name(author),
        posts=[_excerpt(each) for each in shown[:MAX_POSTS]],
        more=max(len(shown) - MAX_POSTS, 0),
        link=link,
    )


async def _found(app: App, payload: dict[str, Any]) -> tuple[Subscription, Account] | None:
    """The subscription and whom it is to, as long as there are both."""
    async with app.db.read() as conn:
        row = await email_subscriptions.by_id(conn, payload["subscription_id"])
        author = await accounts.by_id(conn, row.account_id) if row is not None else None
    return None if row is None or author is None or author.suspended_at is not None else (row, author)


def _is_theirs(status: Status, author: Account) -> bool:
    return status.account_id == author.id and status.visibility == PUBLIC


def _excerpt(status: Status) -> Excerpt:
    return Excerpt(
        day=status.created_at.strftime("%Y-%m-%d %H:%M UTC"),
        text=plain_text(status.content),
        warning=status.spoiler_text,
        attachments=len(status.media_ids),
        url=status.url or status.uri,
    )


def _name(author: Account) -> str:
    return " ".join(author.display_name.split()) or f"@{author.username}"
