"""What notifications are about besides posts: reports, severed follows, warnings, collections,
reactions; rows in, entities out.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from fedi.context import App
from fedi.entities import curated, reaction, report, severance, warning
from fedi.entities.account import Account
from fedi.entities.collection import Collection
from fedi.entities.notification import REACTION, WITH_COLLECTION, Reaction
from storage import collections, reactions, reports, severances, warnings
from storage.db import Conn

WITH_REPORT, WITH_EVENT, WITH_WARNING = "admin.report", "severed_relationships", "moderation_warning"


class Row(Protocol):
    """What is needed of a notification, or of a group."""

    @property
    def type(self) -> str: ...
    @property
    def about_id(self) -> int | None: ...


class Abouts(msgspec.Struct, frozen=True):
    """Rows by id."""

    reports: Mapping[int, reports.Report]
    severances: Mapping[int, severances.Severance]
    warnings: Mapping[int, warnings.Warning]
    collections: Mapping[int, Collection]
    """Entities, these."""
    reactions: Mapping[int, Reaction]

    @property
    def account_ids(self) -> set[int]:
        """Whom they name."""
        return {row.target_id for row in self.reports.values()} | {row.account_id for row in self.warnings.values()}

    def report(self, row: Row, people: Mapping[int, Account]) -> report.Report | None:
        found = self.reports.get(row.about_id or 0) if row.type == WITH_REPORT else None
        target = people.get(found.target_id) if found is not None else None
        return report.build(found, target=target) if found is not None and target is not None else None

    def severance(self, row: Row) -> severance.RelationshipSeveranceEvent | None:
        found = self.severances.get(row.about_id or 0) if row.type == WITH_EVENT else None
        return severance.build(found) if found is not None else None

    def collection(self, row: Row) -> Collection | None:
        return self.collections.get(row.about_id or 0) if row.type in WITH_COLLECTION else None

    def reaction(self, row: Row) -> Reaction | None:
        return self.reactions.get(row.about_id or 0) if row.type == REACTION else None

    def warning(self, row: Row, people: Mapping[int, Account]) -> warning.AccountWarning | None:
        found = self.warnings.get(row.about_id or 0) if row.type == WITH_WARNING else None
        target = people.get(found.account_id) if found is not None else None
        return warning.build(found, target=target) if found is not None and target is not None else None


async def load(app: App, conn: Conn, viewer_id: int, rows: Iterable[Row]) -> Abouts:
    """A query for each kind that is there: none for most pages."""
    wanted: dict[str, list[int]] = {WITH_REPORT: [], WITH_EVENT: [], WITH_WARNING: [], REACTION: []}
    named = list[int]()
    for row in rows:
        if row.type in wanted and row.about_id is not None:
            wanted[row.type].append(row.about_id)
        elif row.type in WITH_COLLECTION and row.about_id is not None:
            named.append(row.about_id)
    return Abouts(
        await reports.by_ids(conn, wanted[WITH_REPORT]) if wanted[WITH_REPORT] else {},
        await severances.by_ids(conn, wanted[WITH_EVENT]) if wanted[WITH_EVENT] else {},
        await warnings.by_ids(conn, wanted[WITH_WARNING]) if wanted[WITH_WARNING] else {},
        await _collections(app, conn, viewer_id, named) if named else {},
        await _reactions(app, conn, wanted[REACTION]) if wanted[REACTION] else {},
    )


async def _collections(app: App, conn: Conn, viewer_id: int, ids: Sequence[int]) -> dict[int, Collection]:
    rows = await collections.visible(conn, viewer_id, ids)
    return {int(each.id): each for each in await curated.collections(app, conn, rows, viewer_id)}


async def _reactions(app: App, conn: Conn, ids: Sequence[int]) -> dict[int, Reaction]:
    rows = (await reactions.by_ids(conn, ids)).values()
    custom = [(row.name, row.domain) for row in rows if row.domain is not None]
    pictures = await reactions.pictures(conn, custom) if custom else {}
    return {
        row.id: Reaction(
            reaction.shown_name(row.name, row.domain),
            reaction.picture_url(app.settings.base_url, pictures.get((row.name, row.domain or ""))),
        )
        for row in rows
    }
