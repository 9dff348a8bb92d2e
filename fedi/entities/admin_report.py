"""Admin::Report: a report with everybody it concerns; rows in, entities out."""

from collections.abc import Sequence

from msgspec import Struct

from fedi.context import App
from fedi.entities import admin_account, bundle, curated, dates, instance, reporter
from fedi.entities.admin_account import AdminAccount
from fedi.entities.bundle import Wanted
from fedi.entities.collection import Collection
from fedi.entities.instance import Rule
from fedi.entities.status import Status
from storage import collections, dossiers, rules
from storage.db import Conn
from storage.reports import Report


class AdminReport(Struct, frozen=True):
    id: str
    action_taken: bool
    action_taken_at: str | None
    category: str
    comment: str
    forwarded: bool
    created_at: str
    updated_at: str
    account: AdminAccount
    target_account: AdminAccount
    assigned_account: AdminAccount | None
    action_taken_by_account: AdminAccount | None
    statuses: list[Status]
    collections: list[Collection]
    rules: list[Rule]


async def load(app: App, conn: Conn, rows: Sequence[Report], viewer_id: int) -> list[AdminReport]:
    """In the order given; at most ten queries. Whoever works on a report may read what it is about."""
    concerned = {
        person_id
        for row in rows
        for person_id in (row.account_id, row.target_id, row.assigned_id, row.action_taken_by_id)
        if person_id is not None
    }
    found = await dossiers.by_ids(conn, sorted(concerned))
    people = {int(each.id): each for each in await admin_account.load(app, conn, list(found.values()))}
    status_ids = list(dict.fromkeys(status_id for row in rows for status_id in row.status_ids))
    loaded = await bundle.load(app, conn, viewer_id, Wanted(status_ids=status_ids, everything=True))
    shared = await _collections(app, conn, rows, viewer_id)
    known = {int(rule.id): rule for rule in instance.rules([(r.id, r.text, r.hint) for r in await rules.listed(conn)])}
    return [
        AdminReport(
            id=str(row.id),
            action_taken=row.action_taken_at is not None,
            action_taken_at=dates.optional(row.action_taken_at),
            category=row.category,
            comment=row.comment,
            forwarded=row.forwarded,
            created_at=dates.timestamp(row.created_at),
            updated_at=dates.timestamp(row.updated_at),
            account=_reporter(app, people[row.account_id]),
            target_account=people[row.target_id],
            assigned_account=people.get(row.assigned_id or 0),
            action_taken_by_account=people.get(row.action_taken_by_id or 0),
            statuses=loaded.pick(row.status_ids),
            collections=[shared[each] for each in row.collection_ids if each in shared],
            rules=[known[rule_id] for rule_id in row.rule_ids if rule_id in known],
        )
        for row in rows
        if row.account_id in people and row.target_id in people
    ]


def _reporter(app: App, person: AdminAccount) -> AdminAccount:
    face = reporter.shown(app.settings.base_url, person.account)
    if face is person.account:
        return person
    return admin_account.stranger(face)


async def _collections(app: App, conn: Conn, rows: Sequence[Report], viewer_id: int) -> dict[int, Collection]:
    """Those that reports are about and that still exist, by id; no query where there are none."""
    wanted = sorted({each for row in rows for each in row.collection_ids})
    found = list((await collections.by_ids(conn, wanted)).values()) if wanted else []
    return {int(each.id): each for each in await curated.collections(app, conn, found, viewer_id)}
