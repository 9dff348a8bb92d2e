"""Whose notifications a person wants to have, have put aside, or not have at all. `hearing.VERDICT` obeys it."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from storage.db import Conn
from storage.rows import struct

Choice = Literal["accept", "filter", "drop"]


class Policy(msgspec.Struct, frozen=True):
    """The defaults are those of the table."""

    for_not_following: Choice = "accept"
    for_not_followers: Choice = "accept"
    for_new_accounts: Choice = "accept"
    for_private_mentions: Choice = "filter"
    for_limited_accounts: Choice = "filter"
    for_bots: Choice = "accept"


async def read(conn: Conn, account_id: int) -> Policy:
    record = await conn.fetchrow(
        """
        select for_not_following, for_not_followers, for_new_accounts, for_private_mentions, for_limited_accounts,
            for_bots
        from notification_policies where account_id = $1
        """,
        account_id,
    )
    return struct(Policy, record) or Policy()


async def write(conn: Conn, account_id: int, choices: Mapping[str, Choice]) -> Policy:
    """Change some of the choices; the policy then. What was told before stays as it is."""
    await conn.execute("insert into notification_policies (account_id) values ($1) on conflict do nothing", account_id)
    await conn.execute(
        """
        update notification_policies set for_not_following = coalesce($2, for_not_following),
            for_not_followers = coalesce($3, for_not_followers), for_new_accounts = coalesce($4, for_new_accounts),
            for_private_mentions = coalesce($5, for_private_mentions),
            for_limited_accounts = coalesce($6, for_limited_accounts), for_bots = coalesce($7, for_bots)
        where account_id = $1
        """,
        account_id, *(choices.get(name) for name in Policy.__struct_fields__),
    )  # fmt: skip
    return await read(conn, account_id)
