"""Mastodon JSON: ids in, entities out, in a fixed number of queries; each shape and its pure builder is a module here.

Four functions carry the name of a module (`account`, `media`, `poll`, `status`), so shapes are imported from their
modules by name: `from fedi.entities.status import Status`.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Protocol

from federation import uris
from fedi import errors
from fedi.context import App
from fedi.entities import bundle, dates, rendering
from fedi.entities.account import EVERYONE, Account, CredentialAccount, Field, Preferences, Role, credentials
from fedi.entities.bundle import Bundle, FilterContext, Wanted
from fedi.entities.direct import conversations
from fedi.entities.media import MediaAttachment
from fedi.entities.media import build as build_media
from fedi.entities.notification import Notification
from fedi.entities.notification import Parts as NotificationParts
from fedi.entities.notification import build as build_notification
from fedi.entities.poll import Poll
from fedi.entities.relationship import Parts as RelationshipParts
from fedi.entities.relationship import Relationship
from fedi.entities.relationship import build as build_relationship
from fedi.entities.status import Status
from fedi.entities.tag import Parts as TagParts
from fedi.entities.tag import Tag, Usage
from fedi.entities.tag import build as build_tag
from storage import accounts as account_rows
from storage import bundles
from storage import relationships as relationship_rows
from storage import tags as tag_rows
from storage.db import Conn

__all__ = [
    "Account",
    "Bundle",
    "CredentialAccount",
    "FilterContext",
    "MediaAttachment",
    "Notification",
    "NotificationRow",
    "Poll",
    "Relationship",
    "Status",
    "Tag",
    "Wanted",
    "account",
    "accounts",
    "conversations",
    "credential_account",
    "load",
    "media",
    "notifications",
    "poll",
    "relationships",
    "role",
    "status",
    "statuses",
    "tags",
]

# There is no API of administration here, so no bit that would make clients offer one.
_ROLES = {
    "user": EVERYONE,
    "moderator": Role(id="1", name="Moderator", permissions="65536", highlighted=True),
    "admin": Role(id="2", name="Admin", permissions="65536", highlighted=True),
    "owner": Role(id="3", name="Owner", permissions="65536", highlighted=True),
}

load = bundle.load


async def statuses(
    app: App, conn: Conn, ids: Sequence[int], viewer_id: int | None, filter_context: FilterContext | None = None
) -> list[Status]:
    """In the order given. Left out: what is gone, what the viewer may not see, and in the contexts `home` and
    `notifications` what they filter with `hide`."""
    wanted = Wanted(status_ids=ids, filter_context=filter_context)
    return (await bundle.load(app, conn, viewer_id, wanted)).pick(ids)


async def status(app: App, conn: Conn, status_id: int, viewer_id: int | None) -> Status:
    """`NotFound` for what the viewer may not see."""
    found = await statuses(app, conn, [status_id], viewer_id)
    if not found:
        raise errors.NotFound
    return found[0]


async def accounts(app: App, conn: Conn, ids: Sequence[int]) -> list[Account]:
    """In the order given, without those that are gone. Suspended ones are there, emptied."""
    loaded = await bundle.load(app, conn, None, Wanted(account_ids=ids))
    return [loaded.accounts[account_id] for account_id in ids if account_id in loaded.accounts]


async def account(app: App, conn: Conn, account_id: int) -> Account:
    """`NotFound` when there is none."""
    found = await accounts(app, conn, [account_id])
    if not found:
        raise errors.NotFound
    return found[0]


async def credential_account(app: App, conn: Conn, account_id: int, user_id: int) -> CredentialAccount:
    """The account as its owner sees it."""
    row = await account_rows.by_id(conn, account_id)
    own = await bundles.credentials(conn, account_id, user_id)
    if row is None or own is None:
        raise errors.NotFound
    preferences = Preferences(
        privacy=own.default_privacy,
        sensitive=own.default_sensitive,
        language=own.default_language,
        note=row.note_source or "",
        fields=tuple(_source_field(each) for each in account_rows.fields_of(row)),
        follow_requests=own.follow_requests,
        attribution_domains=tuple(row.attribution_domains),
        quote_policy=own.default_quote_policy,
    )
    return credentials(await account(app, conn, account_id), preferences, role=role(own.role))


def role(name: str) -> Role:
    """Of a user, as their client is told."""
    return _ROLES[name]


def _source_field(field: account_rows.Field) -> Field:
    verified_at = None if field.verified_at is None else dates.timestamp(field.verified_at)
    return Field(field.name, field.value if field.source is None else field.source, verified_at)


async def relationships(conn: Conn, viewer_id: int, ids: Sequence[int]) -> list[Relationship]:
    """In the order given, without ids of no account."""
    rows = await relationship_rows.between(conn, viewer_id, ids)
    return [_relationship(rows[account_id]) for account_id in dict.fromkeys(ids) if account_id in rows]


def _relationship(row: relationship_rows.Relationship) -> Relationship:
    return build_relationship(
        RelationshipParts(
            id=row.id,
            following=row.following,
            requested=row.requested,
            showing_reblogs=row.show_reblogs is True,
            notifying=row.notify is True,
            languages=None if row.languages is None else tuple(row.languages),
            followed_by=row.followed_by,
            requested_by=row.requested_by,
            blocking=row.blocking,
            blocked_by=row.blocked_by,
            muting=row.muting,
            muting_notifications=row.hide_notifications is True,
            muting_expires_at=row.mute_expires_at,
            domain_blocking=row.domain_blocking,
            endorsed=row.endorsed,
            note=row.note,
        )
    )


class NotificationRow(Protocol):
    """What is needed of a row of `notifications`."""

    @property
    def id(self) -> int: ...
    @property
    def type(self) -> str: ...
    @property
    def from_account_id(self) -> int: ...
    @property
    def status_id(self) -> int | None: ...
    @property
    def group_key(self) -> str | None: ...
    @property
    def created_at(self) -> datetime: ...


async def notifications(app: App, conn: Conn, rows: Sequence[NotificationRow], viewer_id: int) -> list[Notification]:
    """In the order given, without those whose status is gone or hidden by a filter."""
    ids = list(dict.fromkeys(row.status_id for row in rows if row.status_id is not None))
    people = {row.from_account_id for row in rows}
    wanted = Wanted(status_ids=ids, account_ids=people, filter_context="notifications")
    loaded = await bundle.load(app, conn, viewer_id, wanted)
    found = [_notification(row, loaded) for row in rows]
    return [each for each in found if each is not None]


def _notification(row: NotificationRow, loaded: Bundle) -> Notification | None:
    person = loaded.accounts.get(row.from_account_id)
    if person is None:
        return None
    parts = NotificationParts(row.id, row.type, row.created_at, row.group_key)
    return build_notification(parts, account=person, status=loaded.statuses.get(row.status_id or 0))


async def media(app: App, conn: Conn, ids: Sequence[int]) -> list[MediaAttachment]:
    """In the order given. The caller has checked whose they are."""
    rows = await bundles.media(conn, ids)
    return [build_media(rendering.medium(app.settings.base_url, row)) for row in rows]


async def poll(app: App, conn: Conn, poll_id: int, viewer_id: int | None) -> Poll:
    """`NotFound` when the viewer may not see its status."""
    rows = await bundles.polls(conn, viewer_id, [poll_id])
    if not rows:
        raise errors.NotFound
    found = (await status(app, conn, rows[0].status_id, viewer_id)).poll
    if found is None:
        raise errors.NotFound
    return found


async def tags(app: App, conn: Conn, names: Sequence[str | tag_rows.Tag], viewer_id: int | None) -> list[Tag]:
    """In the order given; one that nobody has used yet is there too, with an empty week."""
    wanted = [tag_rows.normalise(each) if isinstance(each, str) else each.name for each in names]
    rows = await bundles.tags(conn, viewer_id, wanted)
    return [_tag(app.settings.base_url, name, rows.get(name), viewer_id) for name in wanted]


def _tag(base_url: str, name: str, row: bundles.Tag | None, viewer_id: int | None) -> Tag:
    usage = bundles.decode(row.usage if row else None, tuple[date, int, int])
    parts = TagParts(
        id=row.id if row else 0,
        name=name,
        url=uris.tag_page(base_url, name),
        usage={day: Usage(people, uses) for day, people, uses in usage},
    )
    return build_tag(
        parts,
        today=datetime.now(UTC).date(),
        following=None if viewer_id is None else row is not None and row.following,
        featuring=row is not None and row.featuring,
    )
