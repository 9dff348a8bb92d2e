"""Accounts as staff sees them: applicants too, with the person behind them and where they come from."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from storage.db import Conn
from storage.paging import Page
from storage.roles import Role
from storage.rows import columns, structs

Status = Literal["active", "pending", "disabled", "silenced", "suspended", "sensitized"]


class Held(Role, frozen=True, array_like=True):
    """The role that somebody has."""


class Dossier(msgspec.Struct, frozen=True):
    """Of the people behind an account, the first. `addresses`: JSON of [[address, last used], …], latest first;
    `role`: JSON of a `Held`."""

    id: int
    username: str
    domain: str
    is_local: bool
    created_at: datetime
    suspended: bool
    silenced: bool
    sensitized: bool
    user_id: int | None
    email: str | None
    locale: str | None
    role: str | None
    reason: str | None
    confirmed: bool
    approved: bool
    disabled: bool
    invited_by_id: int | None
    addresses: str | None


class Address(msgspec.Struct, frozen=True, array_like=True):
    ip: str
    used_at: datetime


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for; everything that is set must hold."""

    local: bool | None = None
    statuses: Sequence[Status] = ()
    roles: Sequence[str] | None = None
    invited_by: int | None = None
    username: str | None = None
    display_name: str | None = None
    domain: str | None = None
    email: str | None = None
    network: str | None = None


_ROLE = f"(select json_build_array({columns(Role, 'r')}) from roles r where r.name = u.role)"
_ADDRESSES = """(
    select json_agg(json_build_array(ip, used_at) order by used_at desc) from (
        select host(v.ip) as ip, max(v.used_at) as used_at from (
            select s.ip, s.last_used_at as used_at from sessions s where s.user_id = u.id and s.ip is not null
            union all select u.sign_up_ip, u.created_at where u.sign_up_ip is not null) v
        group by v.ip order by max(v.used_at) desc limit 20) w)::text"""
_FROM = """
    from accounts a left join lateral (
        select p.* from memberships m join users p on p.id = m.user_id where m.account_id = a.id
        order by m.created_at, p.id limit 1) u on true
"""
_SELECT = f"""
    select a.id, a.username, a.domain, a.is_local, a.created_at, a.suspended_at is not null as suspended,
        a.silenced_at is not null as silenced, a.sensitized_at is not null as sensitized, u.id as user_id, u.email,
        u.locale, {_ROLE} as role, u.reason, u.confirmed_at is not null as confirmed,
        u.approved_at is not null as approved, u.disabled_at is not null as disabled,
        (select m.account_id from invites i join memberships m on m.user_id = i.user_id where i.id = u.invite_id
            order by m.created_at limit 1) as invited_by_id,
        {_ADDRESSES} as addresses
    {_FROM}
"""


async def by_ids(conn: Conn, account_ids: Sequence[int]) -> dict[int, Dossier]:
    """Rows that exist, by id."""
    records = await conn.fetch(f"{_SELECT} where a.id = any($1) and a.id > 0", list(account_ids))
    return {row.id: row for row in structs(Dossier, records)}


async def listed(conn: Conn, wanted: Filter, page: Page) -> list[Dossier]:
    """Newest first."""
    records = await conn.fetch(
        f"""
        {_SELECT}
        where a.id > 0 and a.id < $1 and a.id > $2
            and ($4::bool is null or a.is_local = $4)
            and (not 'active' = any($5) or (a.suspended_at is null and not a.pending and u.disabled_at is null))
            and (not 'pending' = any($5) or (u.id is not null and u.approved_at is null))
            and (not 'disabled' = any($5) or u.disabled_at is not null)
            and (not 'silenced' = any($5) or a.silenced_at is not null)
            and (not 'suspended' = any($5) or a.suspended_at is not null)
            and (not 'sensitized' = any($5) or a.sensitized_at is not null)
            and ($6::text[] is null or u.role = any($6))
            and ($7::bigint is null or u.invite_id in (
                select i.id from invites i join memberships m on m.user_id = i.user_id where m.account_id = $7))
            and ($8::text is null or starts_with(lower(a.username), lower($8)))
            and ($9::text is null or starts_with(lower(a.display_name), lower($9)))
            and ($10::text is null or (lower(a.domain) = lower($10) and not a.is_local))
            and ($11::text is null or starts_with(lower(u.email), lower($11)))
            and ($12::text is null or u.sign_up_ip <<= $12::inet
                or exists (select from sessions s where s.user_id = u.id and s.ip <<= $12::inet))
        order by a.id {page.order} limit $3
        """,
        page.below, page.above, page.size, wanted.local, list(wanted.statuses),
        None if wanted.roles is None else list(wanted.roles), wanted.invited_by, wanted.username, wanted.display_name,
        wanted.domain, wanted.email, wanted.network,
    )  # fmt: skip
    return page.arrange(structs(Dossier, records))
