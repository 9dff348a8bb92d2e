"""Numbers about the server: measures by day, dimensions by kind, and how many stay of those who join."""

import platform
from datetime import UTC, date, datetime, timedelta
from typing import Literal, get_args

import msgspec

from fedi import __version__, errors, roles
from fedi.entities import admin_metric
from fedi.entities.admin_metric import AdminCohort, AdminDimension, AdminMeasure, DimensionKind
from fedi.http.endpoint import Call, Endpoint, post, staff
from fedi.services import domain_rules
from storage import dimensions, ids, measures
from storage.db import Conn

ACCESS = staff("admin:read", roles.VIEW_DASHBOARD)

DEFAULT_DAYS = 30
MAX_DAYS = 1100
MAX_PERIODS = 120
DEFAULT_KINDS, MOST_KINDS = 10, 100


class About(msgspec.Struct, frozen=True, kw_only=True):
    """Of what: a tag or a server."""

    id: str | None = None
    domain: str | None = None
    include_subdomains: bool = False


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Days, both included; by default the last thirty. Dates, or moments whose time of day does not matter."""

    start_at: str = ""
    end_at: str = ""


class MeasureParams(Span, frozen=True, kw_only=True):
    keys: list[str]
    tag_accounts: About = About()
    tag_uses: About = About()
    tag_servers: About = About()
    instance_accounts: About = About()
    instance_media_attachments: About = About()
    instance_reports: About = About()
    instance_statuses: About = About()
    instance_follows: About = About()
    instance_followers: About = About()


class DimensionParams(Span, frozen=True, kw_only=True):
    keys: list[str]
    limit: int | None = None
    tag_servers: About = About()
    tag_languages: About = About()
    instance_accounts: About = About()
    instance_languages: About = About()


async def measure(call: Call[MeasureParams]) -> list[AdminMeasure]:
    """Keys that mean nothing are left out; what a tag or a server is missing for is zero."""
    start, end = _days(call.params)
    wanted = dict.fromkeys(call.params.keys)
    async with call.read() as conn:
        return [
            admin_metric.measure(
                key,
                await measures.measure(conn, key, start, end, _about(call.params, key), below=_below(call.params, key)),
            )
            for key in get_args(measures.Key)
            if key in wanted
        ]


async def dimension(call: Call[DimensionParams]) -> list[AdminDimension]:
    start, end = _days(call.params)
    limit = DEFAULT_KINDS if call.params.limit is None else min(abs(call.params.limit), MOST_KINDS)
    found = []
    async with call.read() as conn:
        for key in dict.fromkeys(call.params.keys):
            if key in get_args(dimensions.Key):
                about = _about(call.params, key)
                rows = await dimensions.kinds(conn, key, start, end, limit=limit, about=about)  # type: ignore[arg-type]
                found.append(AdminDimension(key, [_kind(key, row) for row in rows]))
            elif key in _MACHINE:
                found.append(AdminDimension(key, await _machine(conn, key)))
    return found


def _kind(key: str, row: dimensions.Kind) -> DimensionKind:
    if key == "sources" and not row.name:
        return DimensionKind("web", "Website", str(row.count))
    return DimensionKind(row.name, row.name, str(row.count))


_MACHINE = ("space_usage", "software_versions")


async def _machine(conn: Conn, key: str) -> list[DimensionKind]:
    found = await dimensions.machine(conn)
    if key == "space_usage":
        return [
            admin_metric.size("postgresql", "PostgreSQL", found.database_bytes),
            admin_metric.size("media", "Media storage", found.media_bytes),
        ]
    versions = (
        ("fedi", "Fedi", __version__),
        ("python", "Python", platform.python_version()),
        ("postgresql", "PostgreSQL", found.version),
    )
    return [DimensionKind(name, label, version, human_value=version) for name, label, version in versions]


class RetentionParams(Span, frozen=True, kw_only=True):
    frequency: Literal["day", "month"] = "day"


async def retention(call: Call[RetentionParams]) -> list[AdminCohort]:
    start, end = _days(call.params)
    frequency = call.params.frequency
    if (end - start).days // (1 if frequency == "day" else 30) > MAX_PERIODS:
        raise errors.Invalid("The span is too long")
    async with call.read() as conn:
        rows = await measures.retention(conn, start, end, frequency)
    return admin_metric.cohorts(rows, frequency)


def _days(span: Span) -> tuple[date, date]:
    end = _day(span.end_at, "end_at") or datetime.now(UTC).date()
    start = _day(span.start_at, "start_at") or end - timedelta(days=DEFAULT_DAYS - 1)
    if start.year < 1970 or end.year > 9000:
        raise errors.Invalid("The span is out of range")
    if not 0 <= (end - start).days <= MAX_DAYS:
        raise errors.Invalid("The span is too long" if end > start else "The span ends before it begins")
    return start, end


def _day(text: str, name: str) -> date | None:
    """As it is written: nobody who asks for a day means another one in UTC."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError as exc:
        raise errors.Invalid(f"{name} is not a date") from exc


def _about(params: Span, key: str) -> str | None:
    """The tag or the server that a key is about, as text; None for what cannot be one."""
    about = getattr(params, key, None)
    if not isinstance(about, About):
        return None
    if key.startswith("tag_"):
        tag_id = ids.parse(about.id or "")
        return None if tag_id is None else str(tag_id)
    return domain_rules.normal(about.domain) if about.domain else None


def _below(params: Span, key: str) -> bool:
    """Whether a server's key is about what is below its domain, too."""
    about = getattr(params, key, None)
    return isinstance(about, About) and about.include_subdomains


ROUTES: list[Endpoint] = [
    post("/api/v1/admin/measures", measure, access=ACCESS, params=MeasureParams),
    post("/api/v1/admin/dimensions", dimension, access=ACCESS, params=DimensionParams),
    post("/api/v1/admin/retention", retention, access=ACCESS, params=RetentionParams),
]
