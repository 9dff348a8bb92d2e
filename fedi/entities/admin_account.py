"""Admin::Account: an account with the person behind it, as staff sees it; rows in, entities out."""

from collections.abc import Sequence

from msgspec import UNSET, Struct, UnsetType

from fedi.context import App
from fedi.entities import dates, people, rendering
from fedi.entities.account import Account, Role
from storage import bundles
from storage.db import Conn
from storage.dossiers import Address, Dossier, Held


class AdminIp(Struct, frozen=True):
    ip: str
    used_at: str


class AdminAccount(Struct, frozen=True):
    """Of another server's account everything about a person is null, false or empty."""

    id: str
    username: str
    domain: str | None
    created_at: str
    email: str | None
    ip: str | None
    confirmed: bool
    suspended: bool
    silenced: bool
    sensitized: bool
    disabled: bool
    approved: bool
    locale: str | None
    invite_request: str | None
    ips: list[AdminIp]
    account: Account
    role: Role | None
    invited_by_account_id: str | UnsetType = UNSET


async def load(app: App, conn: Conn, rows: Sequence[Dossier]) -> list[AdminAccount]:
    """In the order given; one query."""
    authors = await bundles.authors(conn, None, [row.id for row in rows], pending=True)
    shown = [row for row in rows if row.id in authors]
    return [_build(row, rendering.account(app.settings, authors[row.id], moved=None)) for row in shown]


def _build(row: Dossier, account: Account) -> AdminAccount:
    held = None if row.role is None else bundles.decode(f"[{row.role}]", Held)[0]
    ips = [AdminIp(each.ip, dates.timestamp(each.used_at)) for each in bundles.decode(row.addresses, Address)]
    return AdminAccount(
        id=str(row.id),
        username=row.username,
        domain=None if row.is_local else row.domain,
        created_at=dates.timestamp(row.created_at),
        email=row.email,
        ip=ips[0].ip if ips else None,
        confirmed=row.confirmed,
        suspended=row.suspended,
        silenced=row.silenced,
        sensitized=row.sensitized,
        disabled=row.disabled,
        approved=row.approved,
        locale=row.locale,
        invite_request=row.reason,
        ips=ips,
        account=account,
        role=None if held is None else people.role(held),
        invited_by_account_id=UNSET if row.invited_by_id is None else str(row.invited_by_id),
    )


def stranger(account: Account) -> AdminAccount:
    """Somebody of whom nothing is known but what everybody sees."""
    return AdminAccount(
        id=account.id,
        username=account.username,
        domain=account.acct.partition("@")[2] or None,
        created_at=account.created_at,
        email=None,
        ip=None,
        confirmed=False,
        suspended=False,
        silenced=False,
        sensitized=False,
        disabled=False,
        approved=False,
        locale=None,
        invite_request=None,
        ips=[],
        account=account,
        role=None,
    )
