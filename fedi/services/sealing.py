"""Private keys lie in the database sealed with the server's secret: those of older versions are sealed at the start,
and all are sealed anew when the operator has another secret.

Whether the secret is the right one is found out once, at the start, by something that was sealed with it.
"""

from federation import outgoing, uris
from federation.signatures.keys import Pair
from federation.vault import CannotOpen, Vault
from fedi.config import ConfigError
from fedi.context import App
from fedi.services import accounts as local_accounts
from fedi.services.accounts import Pairs
from storage import accounts, audit, events, keys, server_keys
from storage.db import Conn, Database

CHECK = "sealing_check"
BATCH = 500


async def ready(app: App) -> None:
    """At every start. ConfigError when the keys were sealed with another secret."""
    vault = app.fed.site.vault
    async with app.db.read() as conn:
        known = await server_keys.found(conn, CHECK)
    if known is None and not vault.sealing:
        return
    vault.sealing = True
    if known is None:
        while await _seal_some(app.db, vault):
            pass
        async with app.db.transaction() as conn:
            known = await server_keys.kept(conn, CHECK, vault.seal(CHECK, CHECK))
    try:
        vault.open(CHECK, known)
    except CannotOpen as exc:
        raise ConfigError(
            "FEDI_SECRET_KEY: the keys of the accounts in this database were sealed with another secret; set it back, "
            "or see: fedi secret --help"
        ) from exc


async def _seal_some(db: Database, vault: Vault) -> bool:
    """Whether there were any left in the clear."""
    async with db.transaction() as conn:
        rows = await keys.in_the_clear(conn, limit=BATCH)
        await keys.put_private(conn, {uri: vault.seal(uri, pem) for uri, pem in rows.items()})
    return bool(rows)


async def reseal(db: Database, old: Vault, new: Vault) -> int:
    """With another secret; how many. All or none. CannotOpen when `old` is not the one they were sealed with."""
    new.sealing = True
    async with db.transaction() as conn:
        known = await server_keys.found(conn, CHECK)
        if known is not None:
            old.open(CHECK, known)
        number, after = 0, ""
        while rows := await keys.private_after(conn, after, limit=BATCH):
            await keys.put_private(conn, {uri: new.seal(uri, old.open(uri, text)) for uri, text in rows.items()})
            number, after = number + len(rows), max(rows)
        await server_keys.put(conn, CHECK, new.seal(CHECK, CHECK))
        await audit.record(conn, "secret.reseal", actor=audit.CLI, target="server", detail={"keys": number})
    return number


async def replace_all(db: Database, vault: Vault) -> int:
    """The secret is lost, and the keys with it: new ones for every account here, which others learn when they meet
    them next; how many accounts."""
    vault.sealing = True
    async with db.read() as conn:
        owners = await keys.owners(conn)
    for account_id in owners:
        pairs = await local_accounts.new_pairs()
        async with db.transaction() as conn:
            await _replace(conn, vault, account_id, pairs)
    async with db.transaction() as conn:
        await server_keys.put(conn, CHECK, vault.seal(CHECK, CHECK))
        await audit.record(
            conn, "secret.replace_keys", actor=audit.CLI, target="server", detail={"accounts": len(owners)}
        )
    return len(owners)


async def _replace(conn: Conn, vault: Vault, account_id: int, pairs: Pairs) -> None:
    account = await accounts.by_id(conn, account_id)
    if account is None:
        return
    await keys.drop_own(conn, account_id)
    number = outgoing.now() // 10**6
    made: dict[keys.Kind, Pair] = {"rsa": pairs.rsa, "ed25519": pairs.ed25519}
    for kind, pair in made.items():
        uri = uris.next_key(account.uri, kind, number)
        await keys.create(conn, local_accounts.own_key(vault, uri, account_id, kind, pair))
    await events.emit(conn, events.AccountUpdated(account_id))
