"""Admin::Measure, Admin::Dimension and Admin::Cohort: what staff's charts and tables are made of."""

from collections.abc import Sequence
from datetime import date
from itertools import groupby

from msgspec import UNSET, Struct, UnsetType

from storage.measures import Cohort as CohortRow
from storage.measures import Measure as MeasureRow

_UNITS = ("Bytes", "KB", "MB", "GB", "TB", "PB")


class MeasureDay(Struct, frozen=True):
    date: str
    value: str


class AdminMeasure(Struct, frozen=True):
    key: str
    unit: str | None
    total: str
    data: list[MeasureDay]
    human_value: str | UnsetType = UNSET
    previous_total: str | UnsetType = UNSET


class DimensionKind(Struct, frozen=True):
    key: str
    human_key: str
    value: str
    unit: str | UnsetType = UNSET
    human_value: str | UnsetType = UNSET


class AdminDimension(Struct, frozen=True):
    key: str
    data: list[DimensionKind]


class CohortPeriod(Struct, frozen=True):
    date: str
    rate: float
    value: str


class AdminCohort(Struct, frozen=True):
    period: str
    frequency: str
    data: list[CohortPeriod]


def measure(key: str, row: MeasureRow) -> AdminMeasure:
    in_bytes = key == "instance_media_attachments"
    return AdminMeasure(
        key=key,
        unit="bytes" if in_bytes else None,
        total=str(row.total),
        data=[MeasureDay(moment(day), str(n)) for day, n in row.days],
        human_value=human_size(row.total) if in_bytes else UNSET,
        previous_total=UNSET if row.previous is None else str(row.previous),
    )


def size(key: str, label: str, value: int) -> DimensionKind:
    return DimensionKind(key, label, str(value), unit="bytes", human_value=human_size(value))


def cohorts(rows: Sequence[CohortRow], frequency: str) -> list[AdminCohort]:
    """One for each period in which people joined."""
    return [
        AdminCohort(
            moment(joined),
            frequency,
            [CohortPeriod(moment(each.period), _rate(each), str(each.here)) for each in periods],
        )
        for joined, periods in groupby(rows, lambda row: row.joined)
    ]


def _rate(row: CohortRow) -> float:
    return row.here / row.size if row.size else 0.0


def moment(day: date) -> str:
    return f"{day.isoformat()}T00:00:00.000Z"


def human_size(value: int) -> str:
    """Three digits that count: 19.3 MB."""
    amount, unit = float(value), 0
    while amount >= 1000 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1024, unit + 1
    return f"{amount:.3g} {_UNITS[unit]}"
