"""Local accounts: making one with its login and keys, and what the operator may do to it."""

import asyncio

import msgspec

from federation import uris
from federation.context import INSTANCE_ACTOR_ID
from federation.signatures import keys as key_pairs
from federation.vault import Vault
from fedi import errors
from fedi.auth import names, passwords, tokens
from fedi.config import ConfigError, Settings
from fedi.context import App
from fedi.services import moderation, roles, staff
from fedi.services.staff import OPERATOR
from storage import accounts, keys, users
from storage.db import Conn
from storage.errors import Conflict, Missing

# Whoever is made one of these at once may have a name that is kept for staff.
STAFF_NAMES = ("moderator", "admin", "owner")


class Pairs(msgspec.Struct, frozen=True):
    """What every local actor signs with."""

    rsa: key_pairs.Pair
    ed25519: key_pairs.Pair


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the person besides name, address and password."""

    role: str = "user"
    approved: bool = True
    confirmed: bool = True
    locale: str = "en"
    reason: str | None = None
    invite_id: int | None = None
    ip: str | None = None


class Created(msgspec.Struct, frozen=True):
    user_id: int
    account_id: int
    token: str | None


async def create_local(
    app: App,
    *,
    username: str,
    email: str | None,
    password: str | None,
    role: str = "user",
    locked: bool = False,
    bot: bool = False,
    scopes: str | None = None,
) -> Created:
    """A login and its account, made by the operator, and with `scopes` a token. Names of staff may be reserved ones.

    Raises Invalid for a name that is not allowed, Conflict for a name or address that is taken.
    """
    names.check(username, app.settings.account_domain, staff=role in STAFF_NAMES)
    pairs = await new_pairs()
    password_hash = await passwords.hashed(password) if password else None
    async with app.db.transaction() as conn:
        await roles.known(conn, role)
        user_id = await create_login(conn, Login(role=role), email=email, password_hash=password_hash)
        account_id = await create_account(
            conn, app, username=username, pairs=pairs, user_id=user_id, locked=locked, bot=bot
        )
        await users.announce(conn, user_id)
        token = None
        if scopes is not None:
            token = await tokens.mint(conn, user_id=user_id, account_id=account_id, scopes=scopes)
        await staff.note(conn, OPERATOR, "account.create", username, role=role, token=scopes is not None)
    return Created(user_id, account_id, token)


async def new_pairs() -> Pairs:
    """Made in a thread and before any transaction: an RSA key takes its time."""
    return await asyncio.to_thread(lambda: Pairs(key_pairs.generate_rsa(), key_pairs.generate_ed25519()))


async def create_login(conn: Conn, login: Login, *, email: str | None, password_hash: str | None) -> int:
    return await users.create(
        conn,
        email=email,
        password_hash=password_hash,
        role=login.role,
        locale=login.locale,
        reason=login.reason,
        invite_id=login.invite_id,
        confirmed=login.confirmed,
        approved=login.approved,
        ip=login.ip,
    )


async def create_account(
    conn: Conn, app: App, *, username: str, pairs: Pairs, user_id: int, locked: bool = False, bot: bool = False
) -> int:
    """The actor of a login, with every URI it will ever have. Hidden until `users.announce`."""
    base = app.settings.base_url
    account_id = await accounts.new_id(conn)
    actor = uris.actor(base, username)
    await accounts.create_local(
        conn,
        accounts.Local(
            id=account_id,
            username=username,
            domain=app.settings.account_domain,
            uri=actor,
            url=uris.profile(base, username),
            inbox=uris.inbox(actor),
            shared_inbox=uris.shared_inbox(base),
            outbox=uris.outbox(actor),
            followers_uri=uris.followers(actor),
            following_uri=uris.following(actor),
            featured_uri=uris.featured(actor),
            collections_uri=uris.featured_collections(actor),
            featured_tags_uri=uris.featured_tags(actor),
            type="Service" if bot else "Person",
            bot=bot,
            locked=locked,
            pending=True,
        ),
    )
    await _store_keys(conn, app, account_id, actor, pairs)
    await users.join(conn, user_id, account_id)
    return account_id


async def _store_keys(conn: Conn, app: App, account_id: int, actor: str, pairs: Pairs) -> None:
    vault = app.fed.site.vault
    await keys.create(conn, own_key(vault, uris.key(actor), account_id, "rsa", pairs.rsa))
    await keys.create(conn, own_key(vault, uris.ed25519_key(actor), account_id, "ed25519", pairs.ed25519))


def own_key(
    vault: Vault, uri: str, account_id: int, kind: keys.Kind, pair: key_pairs.Pair, *, wait: float = 0.0
) -> keys.Own:
    """A pair as it is stored: the private one sealed."""
    return keys.Own(uri, account_id, kind, pair.public_pem, vault.seal(uri, pair.private_pem), wait)


async def ensure_instance_actor(app: App, pairs: Pairs | None = None) -> None:
    """The actor that signs what no person signs. At every start; of processes that start at once, one makes it, with
    `pairs` or new ones.

    ConfigError when the database was made for another address: URIs are stored, and known to other servers.
    """
    base = app.settings.base_url
    actor = uris.instance_actor(base)
    async with app.db.read() as conn:
        existing = await accounts.by_id(conn, INSTANCE_ACTOR_ID)
    if existing is not None:
        _check_address(existing, actor, app.settings)
        return
    pairs = pairs or await new_pairs()
    instance = accounts.Local(
        id=INSTANCE_ACTOR_ID,
        # The host name: with its dot it can never be a person's.
        username=app.settings.web_domain.partition(":")[0],
        domain=app.settings.account_domain,
        uri=actor,
        url=f"{base}/about",
        inbox=uris.inbox(actor),
        shared_inbox=uris.shared_inbox(base),
        outbox=uris.outbox(actor),
        followers_uri=uris.followers(actor),
        following_uri=uris.following(actor),
        featured_uri=uris.featured(actor),
        type="Application",
        bot=True,
        locked=True,
        discoverable=False,
    )
    try:
        async with app.db.transaction() as conn:
            await accounts.create_local(conn, instance)
            await _store_keys(conn, app, INSTANCE_ACTOR_ID, actor, pairs)
    except Conflict:
        async with app.db.read() as conn:
            if await accounts.by_id(conn, INSTANCE_ACTOR_ID) is None:
                raise


def _check_address(existing: accounts.Account, actor: str, settings: Settings) -> None:
    if existing.uri != actor:
        raise ConfigError(
            f"FEDI_BASE_URL: the accounts in this database live at {existing.uri.removesuffix('/actor')} and cannot "
            f"move to {settings.base_url}; set it back, or begin with an empty database"
        )
    if existing.domain != settings.account_domain:
        raise ConfigError(
            f"FEDI_ACCOUNT_DOMAIN: the accounts in this database are @name@{existing.domain} and cannot become "
            f"@name@{settings.account_domain}; set it back, or begin with an empty database"
        )


async def _existing(conn: Conn, username: str) -> users.User:
    user = await users.by_username(conn, username.removeprefix("@"))
    if user is None:
        raise Missing(f"there is no account called {username}")
    return user


# ---------------------------------------------------------------- what the operator does, by name


async def reset_password(app: App, username: str, password: str) -> None:
    """A new password. Whoever was signed in is out, in every browser and app."""
    check_password(password)
    hashed = await passwords.hashed(password)
    async with app.db.transaction() as conn:
        user = await _existing(conn, username)
        await users.set_password(conn, user.id, hashed)
        await staff.note(conn, OPERATOR, "account.reset_password", user.username)


async def approve(app: App, username: str) -> bool:
    """Let an applicant in. False when there was nothing to approve."""
    async with app.db.transaction() as conn:
        return await moderation.approve(conn, app, OPERATOR, await moderation.find(conn, app, OPERATOR, username))


async def suspend(app: App, name: str) -> bool:
    """Hide an account, ours or `name@domain` of another server; ours are signed out everywhere. False when it was so
    already."""
    async with app.db.transaction() as conn:
        return await moderation.suspend(conn, OPERATOR, await moderation.find(conn, app, OPERATOR, name))


async def unsuspend(app: App, name: str) -> bool:
    async with app.db.transaction() as conn:
        return await moderation.unsuspend(conn, OPERATOR, await moderation.find(conn, app, OPERATOR, name))


async def warn(app: App, username: str, text: str) -> bool:
    """Tell somebody here what the moderators think of their conduct. True: it can be said again."""
    if not text.strip():
        raise errors.Invalid("The warning is empty")
    async with app.db.transaction() as conn:
        target = await moderation.find(conn, app, OPERATOR, username)
        await moderation.decide(conn, app, OPERATOR, target, moderation.Decision(action="none", text=text))
        return True


def check_password(password: str) -> None:
    """`Invalid` when it is too short or too long."""
    if len(password) < passwords.MIN_CHARACTERS:
        raise errors.Invalid(f"Password is too short (minimum is {passwords.MIN_CHARACTERS} characters)")
    if len(password) > passwords.MAX_CHARACTERS:
        raise errors.Invalid(f"Password is too long (maximum is {passwords.MAX_CHARACTERS} characters)")
