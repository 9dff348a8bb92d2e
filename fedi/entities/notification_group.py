"""GroupedNotificationsResults: notifications of the second version, what they name listed once beside them."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import UNSET, Struct, UnsetType

from fedi.entities import dates
from fedi.entities.account import Account
from fedi.entities.collection import Collection
from fedi.entities.fallback import NotificationFallback
from fedi.entities.notification import WITH_STATUS, Subject, is_whole
from fedi.entities.report import Report
from fedi.entities.severance import RelationshipSeveranceEvent
from fedi.entities.status import Status
from fedi.entities.warning import AccountWarning


class NotificationGroup(Struct, frozen=True):
    group_key: str
    notifications_count: int
    type: str
    most_recent_notification_id: int
    """The one id that is a number: a typed client fails on a string here."""
    sample_account_ids: list[str]
    status_id: str | None | UnsetType = UNSET
    page_min_id: str | UnsetType = UNSET
    page_max_id: str | UnsetType = UNSET
    latest_page_notification_at: str | UnsetType = UNSET
    report: Report | UnsetType = UNSET
    event: RelationshipSeveranceEvent | UnsetType = UNSET
    moderation_warning: AccountWarning | UnsetType = UNSET
    collection: Collection | UnsetType = UNSET
    fallback: NotificationFallback | UnsetType = UNSET
    emoji: str | UnsetType = UNSET
    emoji_url: str | UnsetType = UNSET


class PartialAccount(Struct, frozen=True):
    """PartialAccountWithAvatar: enough for a row of faces."""

    id: str
    acct: str
    locked: bool
    bot: bool
    url: str
    avatar: str
    avatar_static: str
    avatar_description: str


class GroupedNotifications(Struct, frozen=True):
    accounts: list[Account]
    statuses: list[Status]
    notification_groups: list[NotificationGroup]
    partial_accounts: list[PartialAccount] | UnsetType = UNSET


class Stretch(Struct, frozen=True):
    """Which rows of a group a page covers."""

    min_id: int
    max_id: int
    latest_at: datetime


class Parts(Struct, frozen=True, kw_only=True):
    key: str
    type: str
    count: int
    latest_id: int
    sample_ids: Sequence[str]
    page: Stretch | None = None
    """None for a group that is shown by itself."""


def build(parts: Parts, subject: Subject) -> NotificationGroup | None:
    """None when what it is about, or everybody who caused it, is gone."""
    if not parts.sample_ids or not is_whole(parts.type, subject):
        return None
    page = parts.page
    return NotificationGroup(
        group_key=parts.key,
        notifications_count=parts.count,
        type=parts.type,
        most_recent_notification_id=parts.latest_id,
        sample_account_ids=list(parts.sample_ids),
        status_id=subject.status.id if subject.status is not None and parts.type in WITH_STATUS else UNSET,
        page_min_id=UNSET if page is None else str(page.min_id),
        page_max_id=UNSET if page is None else str(page.max_id),
        latest_page_notification_at=UNSET if page is None else dates.timestamp(page.latest_at),
        report=subject.report or UNSET,
        event=subject.event or UNSET,
        moderation_warning=subject.moderation_warning or UNSET,
        collection=subject.collection or UNSET,
        fallback=subject.fallback or UNSET,
        emoji=subject.reaction.name if subject.reaction else UNSET,
        emoji_url=(subject.reaction.url if subject.reaction else None) or UNSET,
    )


def partial(account: Account) -> PartialAccount:
    return PartialAccount(
        id=account.id,
        acct=account.acct,
        locked=account.locked,
        bot=account.bot,
        url=account.url,
        avatar=account.avatar,
        avatar_static=account.avatar_static,
        avatar_description=account.avatar_description,
    )
