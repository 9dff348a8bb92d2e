"""`fedi account`: the people of this server and what the operator may do for, or to, them."""

import secrets
from typing import TextIO

import click
import msgspec

from fedi import errors
from fedi.auth import tokens
from fedi.cli import session
from fedi.cli.roles import by_option, whom
from fedi.http import scopes as known_scopes
from fedi.services import accounts, key_rotation, roles, signup
from storage import users
from storage.errors import Missing

DEFAULT_SCOPES = "read write follow push"

password_options = (
    click.option("--prompt", is_flag=True, help="Ask for the password instead of making one."),
    click.option(
        "--password-file",
        type=click.File("r"),
        help="Read the password from the first line of this file (- is standard input).",
    ),
)
scopes_option = click.option(
    "--scopes", default=DEFAULT_SCOPES, show_default=True, help="What the token may do, separated by blanks."
)


class Created(msgspec.Struct, frozen=True, omit_defaults=True):
    """What `account create` says. The password only if it was made here."""

    username: str
    acct: str
    user_id: str
    account_id: str
    role: str
    password: str | None = None
    token: str | None = None


class Line(msgspec.Struct, frozen=True):
    """A line of `account list`."""

    username: str
    email: str | None
    role: str
    state: str
    created: str
    last_sign_in: str | None


@click.group("account")
def group() -> None:
    """Accounts of this server."""


@group.command()
@click.argument("username")
@click.option("--email", help="Address of the person; counts as confirmed.")
@click.option("--role", metavar="ROLE", default="user", show_default=True, help="`fedi role list` names them.")
@click.option("--locked", is_flag=True, help="Followers must be accepted.")
@click.option("--bot", is_flag=True, help="Mark the account as automated.")
@click.option("--token", is_flag=True, help="Print an access token too.")
@scopes_option
@session.with_options(*password_options)
@session.as_json
def create(
    username: str,
    email: str | None,
    role: str,
    locked: bool,
    bot: bool,
    token: bool,
    scopes: str,
    prompt: bool,
    password_file: TextIO | None,
    as_json: bool,
) -> None:
    """Make an account with its login. Without --prompt or --password-file a password is made and printed once."""
    _check(scopes, email)
    given = _given_password(prompt, password_file)
    password = given or _new_password()

    async def work() -> Created:
        accounts.check_password(password)
        async with session.opened() as app:
            made = await accounts.create_local(
                app,
                username=username,
                email=email,
                password=password,
                role=role,
                locked=locked,
                bot=bot,
                scopes=scopes if token else None,
            )
            return Created(
                username=username,
                acct=f"{username}@{app.settings.account_domain}",
                user_id=str(made.user_id),
                account_id=str(made.account_id),
                role=role,
                password=None if given else password,
                token=made.token,
            )

    created = session.run(work())
    if as_json:
        session.print_json(created)
    else:
        session.print_fields(_described(created))


def _described(created: Created) -> list[tuple[str, object]]:
    lines: list[tuple[str, object]] = [("Account", f"@{created.acct}"), ("Role", created.role)]
    if created.password:
        lines.append(("Password", f"{created.password}  (shown only now)"))
    if created.token:
        lines.append(("Token", created.token))
    return lines


@group.command("list")
@click.option("--waiting", is_flag=True, help="Only those who wait for approval.")
@session.as_json
def list_(waiting: bool, as_json: bool) -> None:
    """List the people of this server."""

    async def work() -> list[users.User]:
        async with session.opened() as app, app.db.read() as conn:
            return await users.listed(conn, waiting=waiting)

    lines = [_line(user) for user in session.run(work())]
    if as_json:
        session.print_json(lines)
    elif lines:
        heads = ("NAME", "E-MAIL", "ROLE", "STATE", "CREATED", "LAST SIGN-IN")
        session.print_table(heads, [[cell or "-" for cell in msgspec.structs.astuple(line)] for line in lines])
    else:
        click.echo("Nobody waits." if waiting else "There is no account yet.")


def _line(user: users.User) -> Line:
    state = "active"
    for name, present in (
        ("unconfirmed", user.confirmed_at is None),
        ("waiting", user.approved_at is None),
        ("disabled", user.disabled_at is not None),
        ("suspended", user.suspended_at is not None),
    ):
        state = name if present else state
    last = user.last_sign_in_at.date().isoformat() if user.last_sign_in_at else None
    return Line(user.username, user.email, user.role, state, user.created_at.date().isoformat(), last)


@group.command()
@click.argument("usernames", nargs=-1, required=True)
def approve(usernames: tuple[str, ...]) -> None:
    """Let in people who asked to join."""
    for username in usernames:
        done = session.run(_done(accounts.approve, username))
        click.echo(f"{username} {'may come in' if done else 'was approved already'}")


@group.command()
@click.argument("username")
def suspend(username: str) -> None:
    """Hide an account and sign its people out everywhere."""
    done = session.run(_done(accounts.suspend, username))
    click.echo(f"{username} {'is' if done else 'was already'} suspended")


@group.command()
@click.argument("username")
def unsuspend(username: str) -> None:
    """Show a suspended account again."""
    done = session.run(_done(accounts.unsuspend, username))
    click.echo(f"{username} {'is back' if done else 'was not suspended'}")


@group.command()
@click.argument("username")
@click.argument("text")
def warn(username: str, text: str) -> None:
    """Warn somebody of this server: they read TEXT among their notifications."""
    session.run(_done(lambda app, name: accounts.warn(app, name, text), username))
    click.echo(f"{username} is warned")


@group.command("reset-password")
@click.argument("username")
@session.with_options(*password_options)
def reset_password(username: str, prompt: bool, password_file: TextIO | None) -> None:
    """Set a new password.

    It is made and printed unless one is given. Every session and token of the login ends.
    """
    given = _given_password(prompt, password_file)
    password = given or _new_password()

    async def work() -> None:
        async with session.opened() as app:
            await accounts.reset_password(app, username, password)

    session.run(work())
    if given:
        click.echo(f"{username} has the new password")
    else:
        session.print_fields([("Account", username), ("Password", f"{password}  (shown only now)")])


@group.command("set-role")
@click.argument("username")
@click.argument("role")
@by_option
def set_role(username: str, role: str, by: str | None) -> None:
    """Make somebody moderator, admin, owner, or what `fedi role` has made. Or a user again."""

    async def work() -> str:
        async with session.opened() as app:
            return await roles.give(app, await whom(app, by), username, role)

    click.echo(f"{session.run(work())} is {role} now")


@group.command()
@click.argument("username")
@scopes_option
@session.as_json
def token(username: str, scopes: str, as_json: bool) -> None:
    """Print an access token for an account, for scripts."""
    _check_scopes(scopes)

    async def work() -> str:
        async with session.opened() as app, app.db.transaction() as conn:
            user = await users.by_username(conn, username.removeprefix("@"))
            if user is None:
                raise Missing(f"there is no account called {username}")
            issued = await tokens.mint(conn, user_id=user.id, account_id=user.account_id, scopes=scopes)
            await session.note(conn, "account.token", user.username, scopes=scopes)
            return issued

    issued = session.run(work())
    if as_json:
        session.print_json({"token": issued, "scopes": known_scopes.parse(scopes)})
    else:
        click.echo(issued)


@group.command("rotate-keys")
@click.argument("username", required=False)
@click.option("--server", is_flag=True, help="Of the server's own actor, which signs what no person signs.")
@click.option("--at-once", is_flag=True, help="The old keys are in wrong hands: sign with the new ones from now on.")
def rotate_keys(username: str | None, server: bool, at_once: bool) -> None:
    """Give an account new keys to sign with.

    Other servers are told, signed with the old keys, which sign for five minutes more. Some servers refuse new keys
    until their operator agrees: do it for a reason.
    """

    if (username is None) is not server:
        raise click.UsageError("Give either a username or --server.")

    async def work() -> int:
        async with session.opened() as app:
            return await key_rotation.rotate(app, username, at_once=at_once)

    seconds = session.run(work())
    click.echo(
        f"{username or 'The server'} signs with new keys {f'in {seconds // 60} minutes' if seconds else 'from now on'}"
    )


@group.command("owner-link")
def owner_link() -> None:
    """Print a link to sign up as the owner.

    It works once, and only as long as there is no account.
    """

    async def work() -> str | None:
        async with session.opened() as app:
            return await signup.owner_link(app)

    link = session.run(work())
    if link is None:
        raise session.Failed("there is an account already: fedi account set-role NAME owner")
    click.echo(link)


async def _done(verb: session.Verb, username: str) -> bool:
    """Runs a verb of the services, which notes it, on an account."""
    async with session.opened() as app:
        return await verb(app, username)


def _check(scopes: str, address: str | None) -> None:
    """Of the address the form only; an operator may know names that the world does not."""
    _check_scopes(scopes)
    if address is not None and not signup.valid_address(address, development=True):
        raise session.Failed(f"{address!r} is not an e-mail address")


def _check_scopes(scopes: str) -> None:
    unknown = known_scopes.unknown(known_scopes.parse(scopes))
    if unknown or not scopes.strip():
        raise click.BadParameter(f"unknown scope {' '.join(unknown)!r}", param_hint="--scopes")


def _given_password(prompt: bool, file: TextIO | None) -> str | None:
    if prompt and file is not None:
        raise click.UsageError("--prompt and --password-file exclude each other")
    if file is not None:
        password = file.readline().rstrip("\r\n")
    elif prompt:
        password = str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    else:
        return None
    try:
        accounts.check_password(password)
    except errors.Invalid as exc:
        raise session.Failed(exc.message) from exc
    return password


def _new_password() -> str:
    return secrets.token_urlsafe(15)
