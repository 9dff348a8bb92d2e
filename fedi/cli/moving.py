"""`fedi move`: accounts that go on as others, and those that come here."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import click

from fedi.cli import session
from fedi.context import App
from fedi.services import moving
from storage.accounts import Account

T = TypeVar("T")
Work = Callable[[App, Account], Awaitable[T]]

username = click.argument("username")


@click.group("move")
def group() -> None:
    """Moving accounts from and to other servers.

    Somebody who comes here says first which account was theirs (`alias`), and then moves from there.
    """


@group.command()
@username
@click.argument("target")
@click.option("--redirect-only", is_flag=True, help="Say only where it is now; followers stay.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def to(username: str, target: str, redirect_only: bool, yes: bool) -> None:
    """Move an account to TARGET, which names it among its own."""

    async def work(app: App, account: Account) -> Account:
        if not redirect_only and not yes:
            click.confirm(
                f"Followers of {username} go to {target} and do not come back by themselves. Move?", abort=True
            )
        found = await moving.move(app, account.id, target, with_followers=not redirect_only)
        await _note(app, "account.move", account, to=found.handle, redirect_only=redirect_only)
        return found

    click.echo(f"{username} is @{_with(username, work).handle} now")


@group.command()
@username
def back(username: str) -> None:
    """Say no more that an account is elsewhere."""

    async def work(app: App, account: Account) -> bool:
        done = await moving.come_back(app, account.id)
        if done:
            await _note(app, "account.come_back", account)
        return done

    click.echo(f"{username} {'is here again' if _with(username, work) else 'had not moved'}")


@group.command()
@username
@click.argument("other")
def alias(username: str, other: str) -> None:
    """Say that OTHER is an account of the same person, so that it can move here."""

    async def work(app: App, account: Account) -> Account:
        found = await moving.add_alias(app, account.id, other)
        await _note(app, "account.alias", account, other=found.uri)
        return found

    click.echo(f"@{_with(username, work).handle} can move to {username} now")


@group.command()
@username
@click.argument("other")
def unalias(username: str, other: str) -> None:
    """Take that back. OTHER is a handle or an address, as `aliases` shows it."""

    async def work(app: App, account: Account) -> bool:
        async with app.db.read() as conn:
            known = await moving.aliases(conn, account)
        for uri, handle in known:
            if other.removeprefix("@").lower() in (uri.lower(), handle.lower()):
                await _note(app, "account.unalias", account, other=uri)
                return await moving.remove_alias(app, account.id, uri)
        return False

    if not _with(username, work):
        raise session.Failed(f"{username} has no alias {other}")
    click.echo(f"{other} is no alias of {username} any more")


@group.command()
@username
@session.as_json
def aliases(username: str, as_json: bool) -> None:
    """List what an account calls its own."""

    async def work(app: App, account: Account) -> list[tuple[str, str]]:
        async with app.db.read() as conn:
            return await moving.aliases(conn, account)

    found = _with(username, work)
    if as_json:
        session.print_json([{"uri": uri, "handle": handle} for uri, handle in found])
    elif found:
        session.print_table(("HANDLE", "ADDRESS"), [(handle, uri) for uri, handle in found])
    else:
        click.echo(f"{username} names no other account.")


def _with(username: str, work: Work[T]) -> T:
    async def opened() -> T:
        async with session.opened() as app:
            return await work(app, await moving.local(app, username))

    return session.run(opened())


async def _note(app: App, action: str, account: Account, **detail: object) -> None:
    async with app.db.transaction() as conn:
        await session.note(conn, action, account.username, **detail)
