"""`fedi role`: what people here may do beside everybody, the moderators and the admins."""

import textwrap
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import click
import msgspec

from fedi import roles
from fedi.cli import session
from fedi.context import App
from fedi.services import roles as service
from fedi.services.roles import Wishes
from fedi.services.staff import OPERATOR, By
from storage import roles as rows
from storage.roles import BUILT_IN

T = TypeVar("T")

by_option = click.option("--by", "by", metavar="USERNAME", help="In whose name; they must be allowed to. Default: you.")
PERMISSIONS_WIDTH = 48
_WISHES = session.with_options(
    click.option("--label", help="What people see. Default: the name."),
    click.option("--color", help="Of the label, like #6364ff."),
    click.option("--position", type=int, help="0 to 999: who stands higher may act on who stands lower. Admins: 100."),
    click.option(
        "--permission", "permissions", multiple=True, type=click.Choice(list(roles.PERMISSIONS)), metavar="NAME",
        help=f"May be given several times: {', '.join(roles.PERMISSIONS)}.",
    ),
    click.option("--highlighted/--plain", default=None, help="Whether everybody sees it beside the name."),
    click.option("--collections", "collection_limit", type=int, help="How many collections one may have."),
    by_option,
)  # fmt: skip


@click.group("role")
def group() -> None:
    """Roles: what their people may do."""


class Line(msgspec.Struct, frozen=True):
    name: str
    label: str
    position: int
    permissions: list[str]
    highlighted: bool
    built_in: bool


@group.command("list")
@session.as_json
def listing(as_json: bool) -> None:
    """All of them, the highest first."""

    async def work() -> list[Line]:
        async with session.opened() as app, app.db.read() as conn:
            return [
                Line(
                    each.name,
                    each.label,
                    each.position,
                    roles.names(each.permissions),
                    each.highlighted,
                    each.name in BUILT_IN,
                )
                for each in await rows.listed(conn)
            ]

    lines = session.run(work())
    if as_json:
        session.print_json(lines)
    else:
        heads = ("NAME", "LABEL", "POSITION", "PERMISSIONS")
        session.print_table(heads, [row for each in lines for row in _rows(each)])


def _rows(each: Line) -> list[tuple[object, ...]]:
    """As many as its permissions take up."""
    names = "everything" if "administrator" in each.permissions else ", ".join(each.permissions)
    first, *more = textwrap.wrap(names, PERMISSIONS_WIDTH) or [""]
    return [(each.name, each.label or "-", each.position, first), *(("", "", "", line) for line in more)]


@group.command()
@click.argument("name")
@_WISHES
def create(name: str, by: str | None, **wishes: Any) -> None:  # Any: the options, by name
    """Make one; `fedi account set-role` gives it to people."""
    session.run(_do(by, lambda app, who: service.create(app, who, name, _wishes(wishes))))
    click.echo(f"{name} is a role now")


@group.command()
@click.argument("name")
@_WISHES
def change(name: str, by: str | None, **wishes: Any) -> None:  # Any: as above
    """Change one that was made here. What is not given stays; permissions are given all at once."""
    if not any(value is not None and value != () for value in wishes.values()):
        raise click.UsageError("say what is to change")
    session.run(_do(by, lambda app, who: service.update(app, who, name, _wishes(wishes))))
    click.echo(f"{name} is changed")


@group.command()
@click.argument("name")
@by_option
def remove(name: str, by: str | None) -> None:
    """Remove one that was made here. Whoever had it has none any more."""
    people = session.run(_do(by, lambda app, who: service.remove(app, who, name)))
    click.echo(f"{name} is removed; {people or 'nobody'} had it")


def _wishes(options: dict[str, Any]) -> Wishes:  # Any: as above
    return Wishes(**{**options, "permissions": options["permissions"] or None})


async def _do(by: str | None, work: Callable[[App, By], Awaitable[T]]) -> T:
    async with session.opened() as app:
        return await work(app, await whom(app, by))


async def whom(app: App, by: str | None) -> By:
    """In whose name a command acts."""
    if by is None:
        return OPERATOR
    async with app.db.read() as conn:
        return await service.acting(conn, by)
