"""New keys for accounts of ours, without a moment in which nothing that they sign is believed."""

from federation import outgoing, uris
from federation.context import INSTANCE_ACTOR_ID
from federation.signatures import keys as key_pairs
from fedi.context import App
from fedi.services import accounts as local_accounts
from fedi.services import staff
from fedi.services.staff import OPERATOR
from storage import accounts, events, keys, users
from storage.errors import Missing

# Until the news of new keys, signed with the old ones, has come wherever it can come; but whoever meets the account for
# the first time sees the new ones alone, and is not refused for so long that we give up.
SWITCH_SECONDS = 300.0


async def rotate(app: App, username: str | None, *, at_once: bool = False) -> int:
    """New keys for an account, or for the server itself (None): shown now, and signed with when everybody who
    listens has heard of it; in how many seconds. `at_once`: the old ones are known to somebody else."""
    pairs = await local_accounts.new_pairs()
    wait = 0.0 if at_once else SWITCH_SECONDS
    async with app.db.transaction() as conn:
        if username is None:
            account = await accounts.by_id(conn, INSTANCE_ACTOR_ID)
        else:
            user = await users.by_username(conn, username.removeprefix("@"))
            account = await accounts.by_id(conn, user.account_id) if user is not None else None
        if account is None:
            raise Missing(f"there is no account called {username}")
        number = outgoing.now() // 10**6
        made: dict[keys.Kind, key_pairs.Pair] = {"rsa": pairs.rsa, "ed25519": pairs.ed25519}
        for kind, pair in made.items():
            uri = uris.next_key(account.uri, kind, number)
            own = local_accounts.own_key(app.fed.site.vault, uri, account.id, kind, pair, wait=wait)
            await keys.create(conn, own)
        if at_once:
            await keys.drop_replaced(conn, limit=100, account_id=account.id)
        if account.id > 0:
            await events.emit(conn, events.AccountUpdated(account.id))
        await staff.note(conn, OPERATOR, "account.rotate_keys", username or "server", at_once=at_once)
    return int(wait)
