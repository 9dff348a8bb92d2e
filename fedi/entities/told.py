"""Notifications of a reader, one by one or in groups: rows in, entities out, loaded together."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import UNSET, Struct
from msgspec.structs import replace

from fedi.context import App
from fedi.entities import abouts, bundle, fallback, notification, notification_group, reporter
from fedi.entities.abouts import Abouts
from fedi.entities.account import Account
from fedi.entities.bundle import Bundle, Wanted
from fedi.entities.notification import Notification
from fedi.entities.notification_group import GroupedNotifications, NotificationGroup, Stretch
from storage.db import Conn


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
    def about_id(self) -> int | None: ...
    @property
    def group_key(self) -> str | None: ...
    @property
    def created_at(self) -> datetime: ...


class GroupRow(Protocol):
    """What is needed of a group: see `storage.notification_groups.Group`."""

    @property
    def key(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def status_id(self) -> int | None: ...
    @property
    def about_id(self) -> int | None: ...
    @property
    def page_min_id(self) -> int: ...
    @property
    def page_max_id(self) -> int: ...
    @property
    def page_latest_at(self) -> datetime: ...
    @property
    def count(self) -> int: ...
    @property
    def latest_id(self) -> int: ...
    @property
    def sample_ids(self) -> Sequence[int]: ...


class Style(Struct, frozen=True, kw_only=True):
    """How groups are shown. `paged`: with what the page covers of each. `partial`: only the latest of each group's
    people in full. `known`: types the app knows, None if it has not said so."""

    paged: bool = True
    partial: bool = False
    known: frozenset[str] | None = None


async def notifications(
    app: App,
    conn: Conn,
    rows: Sequence[NotificationRow],
    viewer_id: int,
    *,
    known: Collection[str] | None = None,
) -> list[Notification]:
    """In the order given, without those whose status is gone or hidden by a filter. `known` as in `Style`."""
    about = await abouts.load(app, conn, viewer_id, rows)
    people = {row.from_account_id for row in rows}
    loaded = await _load(app, conn, viewer_id, [row.status_id for row in rows], people | about.account_ids)
    found = [_notification(app, row, loaded, about, known) for row in rows]
    return [each for each in found if each is not None]


async def notification_groups(
    app: App, conn: Conn, rows: Sequence[GroupRow], viewer_id: int, style: Style
) -> GroupedNotifications:
    """In the order given, without groups whose status is gone or hidden by a filter."""
    about = await abouts.load(app, conn, viewer_id, rows)
    people = {account_id for row in rows for account_id in row.sample_ids}
    loaded = await _load(app, conn, viewer_id, [row.status_id for row in rows], people | about.account_ids)
    found = [_group(app, row, loaded, about, style) for row in rows]
    return results([each for each in found if each is not None], loaded, partial=style.partial)


def results(groups: list[NotificationGroup], loaded: Bundle, *, partial: bool) -> GroupedNotifications:
    """With everybody and everything that the groups name, once each."""
    every = dict.fromkeys(each for group in groups for each in group.sample_account_ids)
    full = {group.sample_account_ids[0] for group in groups} if partial else every.keys()
    status_ids = dict.fromkeys(group.status_id for group in groups if isinstance(group.status_id, str))
    return GroupedNotifications(
        accounts=[loaded.accounts[int(each)] for each in every if each in full],
        statuses=[loaded.statuses[int(each)] for each in status_ids],
        notification_groups=groups,
        partial_accounts=[notification_group.partial(loaded.accounts[int(each)]) for each in every if each not in full]
        if partial
        else UNSET,
    )


def joined(parts: Iterable[GroupedNotifications]) -> GroupedNotifications:
    """Several pages, newest first, as one. A group that is on two of them reaches from one to the other."""
    pages = list(parts)
    if len(pages) == 1:
        return pages[0]
    groups = dict[str, NotificationGroup]()
    for each in (group for page in pages for group in page.notification_groups):
        newer = groups.get(each.group_key)
        groups[each.group_key] = each if newer is None else replace(newer, page_min_id=each.page_min_id)
    accounts = {each.id: each for page in pages for each in page.accounts}
    faces = {each.id: each for page in pages for each in page.partial_accounts or () if each.id not in accounts}
    return GroupedNotifications(
        accounts=list(accounts.values()),
        statuses=list({each.id: each for page in pages for each in page.statuses}.values()),
        notification_groups=list(groups.values()),
        partial_accounts=UNSET if any(page.partial_accounts is UNSET for page in pages) else list(faces.values()),
    )


async def _load(
    app: App, conn: Conn, viewer_id: int, status_ids: Iterable[int | None], account_ids: Collection[int]
) -> Bundle:
    ids = list(dict.fromkeys(each for each in status_ids if each is not None))
    wanted = Wanted(status_ids=ids, account_ids=account_ids, filter_context="notifications")
    return await bundle.load(app, conn, viewer_id, wanted)


def _notification(
    app: App, row: NotificationRow, loaded: Bundle, about: Abouts, known: Collection[str] | None
) -> Notification | None:
    if row.from_account_id not in loaded.accounts:
        return None
    person = face(app, row, loaded.accounts[row.from_account_id])
    parts = notification.Parts(row.id, row.type, row.created_at, row.group_key)
    found = notification.build(parts, _subject(row, loaded, about, known, [person]), account=person)
    return replace(found, type=_type(row, known)) if found is not None else None


def face(app: App, row: NotificationRow | GroupRow, person: Account) -> Account:
    """Who is shown to have caused it."""
    return reporter.shown(app.settings.base_url, person) if row.type == abouts.WITH_REPORT else person


def _type(row: NotificationRow | GroupRow, known: Collection[str] | None) -> str:
    """Of reactions only those apps hear that speak of types; to others they are what they are to Mastodon."""
    return "favourite" if row.type == notification.REACTION and known is None else row.type


def _group(app: App, row: GroupRow, loaded: Bundle, about: Abouts, style: Style) -> NotificationGroup | None:
    known = [loaded.accounts[each] for each in dict.fromkeys(row.sample_ids) if each in loaded.accounts]
    people = [face(app, row, each) for each in known]
    loaded.accounts.update({int(each.id): each for each in people})  # those that stand for others are named too
    parts = notification_group.Parts(
        key=row.key,
        type=row.type,
        count=row.count,
        latest_id=row.latest_id,
        sample_ids=[each.id for each in people],
        page=Stretch(row.page_min_id, row.page_max_id, row.page_latest_at) if style.paged else None,
    )
    found = notification_group.build(parts, _subject(row, loaded, about, style.known, people, count=row.count))
    return replace(found, type=_type(row, style.known)) if found is not None else None


def _subject(
    row: NotificationRow | GroupRow,
    loaded: Bundle,
    about: Abouts,
    known: Collection[str] | None,
    people: Sequence[Account],
    *,
    count: int = 1,
) -> notification.Subject:
    report = about.report(row, loaded.accounts)
    event = about.severance(row)
    warning = about.warning(row, loaded.accounts)
    collection = about.collection(row)
    reaction = about.reaction(row)
    words = fallback.Subject(
        type=row.type,
        people=people,
        count=count,
        report=report,
        severance=event,
        warning=warning,
        collection=collection,
        emoji=reaction.name if reaction else None,
    )
    return notification.Subject(
        status=loaded.statuses.get(row.status_id or 0),
        report=report,
        event=event,
        moderation_warning=warning,
        collection=collection,
        fallback=fallback.build(words, known),
        reaction=reaction,
    )
