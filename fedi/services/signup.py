"""Joining: who may, what a form must hold, and the links that confirm an address or make the owner."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec
from email_validator import EmailNotValidError, validate_email

from fedi import errors, i18n, roles
from fedi.auth import names, passwords, secrets
from fedi.context import App
from fedi.http.limits import MINUTE, Limit, Limits
from fedi.services import accounts, gates, mail
from storage import accounts as rows
from storage import invites, user_tokens, users
from storage.db import Conn
from storage.errors import Conflict
from storage.invites import Invite

OWNER_LINK_LIFETIME = timedelta(days=7)
REASON_MAX_CHARACTERS = 2000
LETTERS_OF_ONE = Limit("confirmations", 5, 30 * MINUTE, "user")
LETTERS_TO_ONE = Limit("confirmations_to", 5, 30 * MINUTE, "address")


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody fills in to join, on the page or in an app."""

    username: str = ""
    email: str = ""
    password: str = ""
    agreement: bool = False
    reason: str | None = None
    invite_code: str | None = None
    locale: str | None = None


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a field: Mastodon's code, and words that go after the field's name."""

    field: str
    error: str
    description: str


class Refused(errors.Invalid):
    """The form has faults."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        details: dict[str, list[dict[str, str]]] = {}
        for fault in faults:
            details.setdefault(fault.field, []).append({"error": fault.error, "description": fault.description})
        labels = {"agreement": "Service agreement", "invite_code": "Invitation"}
        words = (f"{labels.get(fault.field, fault.field.capitalize())} {fault.description}" for fault in faults)
        super().__init__(", ".join(words), extra={"details": details})
        self.faults = tuple(faults)


class Joined(msgspec.Struct, frozen=True):
    user_id: int
    account_id: int


async def sign_up(app: App, form: Form, *, ip: str | None, owner_token: str = "") -> Joined:
    """A new person and account, waiting for confirmation or approval where this server asks for it.

    Raises Refused for a form with faults, Forbidden when nobody may join now.
    """
    exchanging = await gates.hosts(app, form.email)
    async with app.db.read() as conn:
        owner = bool(owner_token) and await owner_link_valid(conn, owner_token)
        invited = bool(form.invite_code) and await invites.by_code(conn, form.invite_code or "") is not None
        _check_open(app, form, owner=owner, invited=invited)
        network = gates.Verdict() if owner else await gates.on_network(conn, ip)
        provider = gates.Verdict() if owner else await gates.on_address(conn, form.email, exchanging)
        faults = await _faults(conn, app, form, exchanging, owner=owner)
    if network.refused:
        raise errors.Forbidden(i18n.mark("Nobody can join from your network"))
    await gates.count_attempt(app, provider.met, ip)
    if faults:
        raise Refused(faults)
    checked = network.approval or provider.approval
    password_hash = await passwords.hashed(form.password)
    pairs = await accounts.new_pairs()
    login = accounts.Login(
        role="owner" if owner else "user",
        approved=owner or (app.settings.registrations == "open" and not checked),
        confirmed=owner or not mail.configured(app.settings),
        locale=i18n.choose(form.locale or ""),
        reason=(form.reason or "").strip()[:REASON_MAX_CHARACTERS] or None,
        ip=ip,
    )
    try:
        async with app.db.transaction() as conn:
            if owner:
                await _use_owner_link(conn, owner_token)
            if invited:
                invite = await _use_invite(conn, form.invite_code or "")
                approved = not checked and await vouched(conn, app, invite)
                login = msgspec.structs.replace(login, invite_id=invite.id, approved=owner or approved)
            return await _create(conn, app, form, login, password_hash, pairs)
    except Conflict as exc:  # somebody was faster
        field = "username" if str(exc).startswith("Username") else "email"
        raise Refused([Fault(field, "ERR_TAKEN", "has already been taken")]) from exc


def _check_open(app: App, form: Form, *, owner: bool, invited: bool) -> None:
    if owner:
        return
    if app.settings.registrations == "closed":
        raise errors.Forbidden(i18n.mark("This server is not accepting new accounts"))
    if form.invite_code and not invited:
        raise Refused([Fault("invite_code", "ERR_INVALID", "is not valid any more")])
    if app.settings.registrations == "invite" and not invited:
        raise errors.Forbidden(i18n.mark("This server accepts new accounts by invitation only"))


async def _faults(conn: Conn, app: App, form: Form, exchanging: Sequence[str], *, owner: bool) -> list[Fault]:
    """Everything that is wrong, so that it is told at once."""
    faults = []
    wrong = names.fault(form.username, app.settings.account_domain, staff=owner)
    if wrong is not None:
        faults.append(Fault("username", wrong, names.WORDS[wrong]))
    elif await rows.local_name_like(conn, names.skeleton(form.username)):
        faults.append(Fault("username", "ERR_TAKEN", "has already been taken"))
    faults.extend(await _email_faults(conn, app, form.email, exchanging, owner=owner))
    faults.extend(password_faults(form.password))
    if not form.agreement:
        faults.append(Fault("agreement", "ERR_ACCEPTED", "must be accepted"))
    if len(form.reason or "") > REASON_MAX_CHARACTERS:
        faults.append(Fault("reason", "ERR_TOO_LONG", f"is too long (maximum is {REASON_MAX_CHARACTERS} characters)"))
    return faults


async def _email_faults(
    conn: Conn, app: App, address: str, exchanging: Sequence[str], *, owner: bool = False
) -> list[Fault]:
    if not address.strip():
        return [Fault("email", "ERR_BLANK", "can't be blank")]
    if not valid_address(address, development=app.settings.development):
        return [Fault("email", "ERR_INVALID", "is invalid")]
    if await users.email_taken(conn, address.strip()):
        return [Fault("email", "ERR_TAKEN", "has already been taken")]
    if not owner and (await gates.on_address(conn, address, exchanging)).refused:
        return [Fault("email", "ERR_BLOCKED", "uses a provider that is not allowed here")]
    if not owner and await gates.is_known_evil(conn, address):
        # No word about a block: whoever it is meant for need not know how addresses are compared.
        return [Fault("email", "ERR_TAKEN", "has already been taken")]
    return []


def password_faults(password: str) -> list[Fault]:
    if not password:
        return [Fault("password", "ERR_BLANK", "can't be blank")]
    if len(password) < passwords.MIN_CHARACTERS:
        words = f"is too short (minimum is {passwords.MIN_CHARACTERS} characters)"
        return [Fault("password", "ERR_TOO_SHORT", words)]
    if len(password) > passwords.MAX_CHARACTERS:
        return [Fault("password", "ERR_TOO_LONG", f"is too long (maximum is {passwords.MAX_CHARACTERS} characters)")]
    return []


def valid_address(address: str, *, development: bool = False) -> bool:
    """Strict, and without asking the network. In development, names like localhost and .test are hosts too."""
    address = address.strip()
    local, _, _domain = address.rpartition("@")
    # Mail servers may still read these as a route to elsewhere.
    if len(address) > 320 or any(character in local for character in '%!",'):
        return False
    try:
        validate_email(
            address,
            check_deliverability=False,
            allow_smtputf8=False,
            strict=True,
            globally_deliverable=not development,
            test_environment=development,
        )
    except EmailNotValidError:
        return False
    return True


async def _create(
    conn: Conn, app: App, form: Form, login: accounts.Login, password_hash: str, pairs: accounts.Pairs
) -> Joined:
    user_id = await accounts.create_login(conn, login, email=form.email.strip(), password_hash=password_hash)
    account_id = await accounts.create_account(conn, app, username=form.username, pairs=pairs, user_id=user_id)
    if login.confirmed:
        await arrived(conn, app, user_id)
    else:
        await mail.enqueue(conn, app, "confirm", user_id=user_id)
    return Joined(user_id, account_id)


async def arrived(conn: Conn, app: App, user_id: int) -> None:
    """The address is good: this person is in, or waits for the staff, who hear of it."""
    await users.announce(conn, user_id)
    user = await users.by_id(conn, user_id)
    if user is not None and user.approved_at is None:
        for moderator in await users.who_may(conn, roles.MANAGE_REPORTS):
            await mail.enqueue(conn, app, "application", user_id=moderator.id, applicant_id=user_id)


async def vouched(conn: Conn, app: App, invite: Invite | None) -> bool:
    """Whether an invitation lets somebody in at once: not if its maker may not invite any more where staff decides."""
    if invite is None or invite.user_id is None:
        return invite is not None
    inviter = await users.by_id(conn, invite.user_id)
    return inviter is not None and roles.may_invite(app.settings.registrations, inviter.rank)


async def _use_invite(conn: Conn, code: str) -> Invite:
    invite = await invites.use(conn, code)
    if invite is None:
        raise Refused([Fault("invite_code", "ERR_INVALID", "is not valid any more")])
    return invite


# ---------------------------------------------------------------- confirming an address


async def confirm(app: App, token: str) -> users.User | None:
    """Use a confirmation link up; who is confirmed now, or None for a link that is no good."""
    async with app.db.transaction() as conn:
        link = await user_tokens.take(conn, secrets.hashed(token), "confirm")
        user = await users.by_id(conn, link.user_id) if link is not None and link.user_id is not None else None
        if link is None or user is None or user.email != link.data:
            return None
        if await users.confirm(conn, user.id):
            await arrived(conn, app, user.id)
    return user


async def send_confirmation(app: App, user: users.User, address: str | None = None, *, ip: str | None) -> None:
    """Send the link again, perhaps to another address: the door is the same for it. Raises Refused for an address that
    will not do, TooMany for somebody who has many letters sent, or to one address, from wherever they ask."""
    limits: Limits = app.memory["limits"]
    limits.hit_key(LETTERS_OF_ONE, str(user.id))
    limits.hit_key(LETTERS_TO_ONE, gates.canonical(address or user.email or ""))
    changed = address is not None and address.strip().lower() != (user.email or "").lower()
    provider, exchanging = gates.Verdict(), tuple[str, ...]()
    if address is not None and changed:
        exchanging = await gates.hosts(app, address)
        async with app.db.read() as conn:
            provider = await gates.on_address(conn, address, exchanging)
        await gates.count_attempt(app, provider.met, ip)
    async with app.db.transaction() as conn:
        if address is not None and changed:
            faults = await _email_faults(conn, app, address, exchanging)
            if faults:
                raise Refused(faults)
            await users.set_email(conn, user.id, address.strip(), unapproved=provider.approval)
        await mail.enqueue(conn, app, "confirm", user_id=user.id)


# ---------------------------------------------------------------- the first account


async def owner_link(app: App) -> str | None:
    """A one-time link to sign up as the owner; None once there is a login. A new link ends the one before."""
    secret = secrets.new()
    async with app.db.transaction() as conn:
        if await users.any_exist(conn):
            return None
        await user_tokens.create(conn, secrets.hashed(secret), "owner", user_id=None, lifetime=OWNER_LINK_LIFETIME)
    return f"{app.settings.base_url}/auth/sign_up?owner={secret}"


async def owner_link_valid(conn: Conn, token: str) -> bool:
    return await user_tokens.by_hash(conn, secrets.hashed(token), "owner") is not None


async def _use_owner_link(conn: Conn, token: str) -> None:
    if await user_tokens.take(conn, secrets.hashed(token), "owner") is None:
        raise errors.Forbidden(i18n.mark("This link has been used already"))
