"""Whom to follow."""

import msgspec

from fedi import entities
from fedi.config import Settings
from fedi.entities.account import Account
from fedi.entities.suggestion import Suggestion, build
from fedi.http.endpoint import Call, NoParams, delete, get, user
from fedi.http.paging import PageParams, page
from storage import suggestions


class LimitParams(msgspec.Struct, frozen=True):
    limit: int | None = None


async def index(call: Call[LimitParams]) -> list[Suggestion]:
    rows, accounts = await _found(call)
    sources = {str(row.account_id): row.sources for row in rows}
    return [build(account, sources[account.id]) for account in accounts]


async def accounts_only(call: Call[LimitParams]) -> list[Account]:
    """The older form, without reasons."""
    _, accounts = await _found(call)
    return accounts


async def _found(call: Call[LimitParams]) -> tuple[list[suggestions.Suggestion], list[Account]]:
    wanted = page(PageParams(limit=call.params.limit), default=40, most=80)
    async with call.read() as conn:
        rows = await suggestions.for_viewer(
            conn, call.user.account_id, featured=_featured(call.app.settings), limit=wanted.size
        )
        return rows, await entities.accounts(call.app, conn, [row.account_id for row in rows], call.viewer_id)


def _featured(settings: Settings) -> list[tuple[str, str]]:
    """(user name, domain) of those the operators recommend."""
    handles = (handle.removeprefix("@").partition("@") for handle in settings.suggested_accounts)
    return [(name, domain or settings.account_domain) for name, _, domain in handles]


async def dismiss(call: Call[NoParams]) -> None:
    """Not this one, and not again."""
    async with call.app.db.transaction() as conn:
        await suggestions.dismiss(conn, call.user.account_id, call.id("account_id"))


ROUTES = [
    get("/api/v2/suggestions", index, access=user("read:accounts"), params=LimitParams),
    get("/api/v1/suggestions", accounts_only, access=user("read:accounts"), params=LimitParams),
    delete("/api/v1/suggestions/:account_id", dismiss, access=user("write:accounts")),
]
