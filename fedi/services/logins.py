"""What a person may do to their login: replace a password, forgotten or not. And what of logins runs out."""

from fedi.auth import passwords, secrets
from fedi.context import App
from fedi.services import mail, signup
from storage import oauth, sessions, user_tokens, users

# Those who never confirm their address block their name no longer.
UNCONFIRMED_DAYS = 7


async def request_reset(app: App, address: str) -> None:
    """Whether anybody has this address is found out later, by the job: the caller cannot tell."""
    async with app.db.transaction() as conn:
        await mail.enqueue(conn, app, "reset", email=address.strip())


async def reset_link_valid(app: App, token: str) -> bool:
    async with app.db.read() as conn:
        return await user_tokens.by_hash(conn, secrets.hashed(token), "reset") is not None


async def reset_password(app: App, token: str, password: str) -> bool:
    """Set a new password with a link; False when the link is no good. Refused for a password that will not do."""
    faults = signup.password_faults(password)
    if faults:
        raise signup.Refused(faults)
    hashed = await passwords.hashed(password)
    async with app.db.transaction() as conn:
        link = await user_tokens.take(conn, secrets.hashed(token), "reset")
        if link is None or link.user_id is None:
            return False
        await users.set_password(conn, link.user_id, hashed)
        # Whoever reads the mail of an address owns it.
        if await users.confirm(conn, link.user_id):
            await signup.arrived(conn, app, link.user_id)
        await mail.enqueue(conn, app, "password_changed", user_id=link.user_id)
    return True


async def change_password(app: App, user: users.User, old: str, new: str) -> None:
    """By somebody signed in; every session and token ends. Refused when the old one is wrong."""
    faults = signup.password_faults(new)
    async with app.db.read() as conn:
        known = await users.password_hash(conn, user.id)
    if not await passwords.matches(known, old):
        faults.append(signup.Fault("old_password", "ERR_INVALID", "is not right"))
    if faults:
        raise signup.Refused(faults)
    hashed = await passwords.hashed(new)
    async with app.db.transaction() as conn:
        await users.set_password(conn, user.id, hashed)
        await mail.enqueue(conn, app, "password_changed", user_id=user.id)


async def tidy(app: App) -> None:
    """Forget what has run out: links, codes, idle sessions, people who never confirmed."""
    async with app.db.transaction() as conn:
        await user_tokens.forget_expired(conn)
        await oauth.forget_grants(conn)
        await sessions.forget_idle(conn)
        await users.forget_unconfirmed(conn, days=UNCONFIRMED_DAYS)
