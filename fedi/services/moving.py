"""Going on as another account: saying which others are one's own, moving away with one's followers, coming back."""

from datetime import UTC, datetime, timedelta

from federation import moving, resolve
from federation.errors import FederationError
from fedi import errors, i18n
from fedi.context import App
from storage import accounts, moves
from storage.accounts import Account
from storage.db import Conn
from storage.errors import Missing

# Whoever follows is asked to go along each time.
COOLDOWN = timedelta(days=30)
MAX_ALIASES = 20


async def local(app: App, username: str) -> Account:
    """Somebody here, by name."""
    async with app.db.read() as conn:
        found = await accounts.by_handle(conn, username.removeprefix("@"), app.settings.account_domain)
    if found is None or not found.is_local:
        raise Missing(f"there is no account called {username}")
    return found


async def find(app: App, text: str) -> Account:
    """An account by handle or address, as its server shows it now."""
    by_address = text.lower().startswith(("http://", "https://"))
    found = await (resolve.url(app.fed, text) if by_address else resolve.handle(app.fed, text))
    if not isinstance(found, Account) or found.suspended_at is not None:
        raise errors.Unprocessable(i18n.mark("There is no such account"))
    if found.is_local:
        return found
    try:
        return await resolve.actor(app.fed, found.uri, refresh=True)
    except FederationError as exc:
        raise errors.Unprocessable(i18n.mark("Its server does not answer")) from exc


async def aliases(conn: Conn, account: Account) -> list[tuple[str, str]]:
    """(URI, handle where it is known) of the accounts that somebody here calls their own."""
    known = await accounts.by_uris(conn, account.also_known_as)
    return [(uri, known[uri].handle if uri in known else uri) for uri in account.also_known_as]


async def add_alias(app: App, account_id: int, text: str) -> Account:
    """Say that another account is one's own, so that it can move here."""
    other = await find(app, text)
    async with app.db.transaction() as conn:
        account = await _locked(conn, account_id)
        if other.id == account.id:
            raise errors.Unprocessable(i18n.mark("This is the account itself"))
        if other.uri in account.also_known_as:
            return other
        if len(account.also_known_as) >= MAX_ALIASES:
            raise errors.Unprocessable(i18n.mark("There are too many already"))
        await moves.set_aliases(conn, account.id, [*account.also_known_as, other.uri])
    return other


async def remove_alias(app: App, account_id: int, uri: str) -> bool:
    """False when it was none."""
    async with app.db.transaction() as conn:
        account = await _locked(conn, account_id)
        if uri not in account.also_known_as:
            return False
        await moves.set_aliases(conn, account.id, [each for each in account.also_known_as if each != uri])
    return True


async def move(app: App, account_id: int, text: str, *, with_followers: bool = True) -> Account:
    """Go on as another account, which must say that this one is its own. `with_followers`: they are asked to go along,
    which cannot be taken back; otherwise the profile only says where to look."""
    other = await find(app, text)
    async with app.db.read() as conn:
        account = await _own(conn, account_id)
    if other.id == account.id:
        raise errors.Unprocessable(i18n.mark("This is the account itself"))
    try:
        await moving.destination(app.fed, account, other.uri, max_age_hours=moving.FRESH_HOURS)
    except FederationError as exc:
        raise errors.Unprocessable(
            i18n.mark("The other account must name this one among its own first, and not have moved itself")
        ) from exc
    async with app.db.transaction() as conn:
        await _locked(conn, account_id)
        if not with_followers:
            await moves.point(conn, account_id, other.id)
            return other
        if await free_at(conn, account_id) is not None:
            raise errors.Unprocessable(i18n.mark("This account moved not long ago"))
        await moves.record(conn, account_id, other.id)
    return other


async def come_back(app: App, account_id: int) -> bool:
    """The profile says no more that it is elsewhere, and people can follow it again. Followers who went do not come
    back. False when it had not moved."""
    async with app.db.transaction() as conn:
        await _locked(conn, account_id)
        return await moves.point(conn, account_id, None)


async def free_at(conn: Conn, account_id: int) -> datetime | None:
    """When it may move again; None for now."""
    before = await moves.latest(conn, account_id)
    until = before.created_at + COOLDOWN if before is not None else None
    return until if until is not None and until > datetime.now(UTC) else None


async def _own(conn: Conn, account_id: int) -> Account:
    account = await accounts.by_id(conn, account_id)
    if account is None or not account.is_local or account.suspended_at is not None:
        raise errors.NotFound
    return account


async def _locked(conn: Conn, account_id: int) -> Account:
    await moves.lock(conn, account_id)
    return await _own(conn, account_id)
