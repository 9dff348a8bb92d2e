"""Marker: how far a timeline was read."""

from datetime import datetime

from msgspec import Struct

from fedi.entities import dates


class Marker(Struct, frozen=True):
    last_read_id: str
    version: int
    updated_at: str


def build(last_read_id: int, version: int, updated_at: datetime) -> Marker:
    return Marker(str(last_read_id), version, dates.timestamp(updated_at))
