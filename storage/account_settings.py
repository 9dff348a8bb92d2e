"""How a local account posts and reads by default."""

import msgspec

from storage.db import Conn
from storage.quote_policies import Name
from storage.rows import columns, struct


class Settings(msgspec.Struct, frozen=True):
    default_privacy: str
    default_sensitive: bool
    default_language: str | None
    default_quote_policy: Name
    reading_expand_media: str
    reading_expand_spoilers: bool
    reading_autoplay_gifs: bool
    hold_seconds: int  # see `holds`
    hold_locally: bool


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What is UNSET stays."""

    default_privacy: str | msgspec.UnsetType = msgspec.UNSET
    default_sensitive: bool | msgspec.UnsetType = msgspec.UNSET
    default_language: str | None | msgspec.UnsetType = msgspec.UNSET
    default_quote_policy: Name | msgspec.UnsetType = msgspec.UNSET
    hold_seconds: int | msgspec.UnsetType = msgspec.UNSET
    hold_locally: bool | msgspec.UnsetType = msgspec.UNSET


async def by_account(conn: Conn, account_id: int) -> Settings | None:
    """None for an account that is not ours."""
    record = await conn.fetchrow(f"select {columns(Settings)} from account_settings where account_id = $1", account_id)
    return struct(Settings, record)


async def update(conn: Conn, account_id: int, changes: Changes) -> None:
    values = {name: value for name, value in msgspec.structs.asdict(changes).items() if value is not msgspec.UNSET}
    if values:
        sets = ", ".join(f"{name} = ${place}" for place, name in enumerate(values, start=2))
        await conn.execute(f"update account_settings set {sets} where account_id = $1", account_id, *values.values())
