"""Roles that are made here, and who has which. Nobody grants more than they may themselves, or to whom stands as high
as they do."""

import re

import msgspec

from fedi import errors, roles
from fedi.context import App
from fedi.services import moderation, staff
from fedi.services.staff import By
from storage import roles as rows
from storage import users
from storage.db import Conn
from storage.roles import BUILT_IN, New, Rank, Role

MAX_LABEL_CHARS = 60
MAX_POSITION = 999
MAX_COLLECTIONS = 1000
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,29}")
_COLOR = re.compile(r"#?(?:[0-9A-Fa-f]{3}){1,2}")


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a role; None stays. `permissions` are names: see `roles.PERMISSIONS`."""

    label: str | None = None
    color: str | None = None
    position: int | None = None
    permissions: tuple[str, ...] | None = None
    highlighted: bool | None = None
    collection_limit: int | None = None


async def create(app: App, who: By, name: str, wishes: Wishes) -> None:
    if name in BUILT_IN or not _NAME.fullmatch(name):
        raise errors.Invalid("Name must be of small letters, digits, - and _, and not one that is always there")
    async with app.db.transaction() as conn:
        new = _changed(New(name=name, label=name), wishes)
        _check(who, new)
        await rows.create(conn, new)
        await staff.note(conn, who, "role.create", name, **_told(new))


async def update(app: App, who: By, name: str, wishes: Wishes) -> None:
    async with app.db.transaction() as conn:
        before = await _own(conn, who, name)
        new = _changed(before, wishes)
        _check(who, new)
        await rows.update(conn, new)
        await staff.note(conn, who, "role.update", name, **_told(new))


async def remove(app: App, who: By, name: str) -> int:
    """Whoever had it is one of everybody now; how many they are."""
    async with app.db.transaction() as conn:
        await _own(conn, who, name)
        people = await rows.remove(conn, name)
        await staff.note(conn, who, "role.delete", name, people=people)
    return people


async def give(app: App, who: By, username: str, name: str) -> str:
    """Make somebody have a role; their name."""
    async with app.db.transaction() as conn:
        role = await known(conn, name)
        _check_held(who, role.rank)
        user = await users.by_username(conn, username)
        if user is None:
            raise errors.NotFound(f"there is no account called {username}")
        await moderation.find(conn, app, who, username)
        await users.set_role(conn, user.id, role.name)
        await staff.note(conn, who, "account.set_role", user.username, role=role.name)
    return user.username


async def known(conn: Conn, name: str) -> Role:
    """`Invalid` when there is no such role."""
    found = await rows.by_name(conn, name)
    if found is None:
        listed = ", ".join(each.name for each in reversed(await rows.listed(conn)))
        raise errors.Invalid(f"there is no role called {name}; there are {listed}")
    return found


async def acting(conn: Conn, username: str) -> By:
    """In whose name the operator acts."""
    user = await users.by_username(conn, username)
    if user is None:
        raise errors.NotFound(f"there is no account called {username}")
    return By(user.id, user.account_id, user.rank)


async def _own(conn: Conn, who: By, name: str) -> New:
    """One that was made here and stands below whoever asks."""
    if name in BUILT_IN:
        raise errors.Invalid(f"the role {name} is always there and stays as it is")
    found = await rows.own(conn, name)
    if found is None:
        raise errors.NotFound(f"there is no role called {name}")
    if found.position >= who.rank.position:
        raise errors.Forbidden("that role stands as high as yours, or higher")
    return found


def _changed(before: New, wishes: Wishes) -> New:
    values = {key: value for key, value in msgspec.structs.asdict(wishes).items() if value is not None}
    if wishes.permissions is not None:
        values["permissions"] = _bits(wishes.permissions)
    new = msgspec.structs.replace(before, **values)
    label = " ".join(new.label.split())
    if not label or len(label) > MAX_LABEL_CHARS:
        raise errors.Invalid(f"Label must have 1 to {MAX_LABEL_CHARS} characters")
    if new.color and not _COLOR.fullmatch(new.color):
        raise errors.Invalid("Color must be like #6364ff")
    if not 0 <= new.position <= MAX_POSITION:
        raise errors.Invalid(f"Position must be from 0 to {MAX_POSITION}")
    if not 0 <= new.collection_limit <= MAX_COLLECTIONS:
        raise errors.Invalid(f"Collection limit must be from 0 to {MAX_COLLECTIONS}")
    color = f"#{new.color.removeprefix('#').lower()}" if new.color else ""
    return msgspec.structs.replace(new, label=label, color=color)


def _bits(names: tuple[str, ...]) -> int:
    bits = 0
    for name in names:
        if name not in roles.PERMISSIONS:
            raise errors.Invalid(f"there is no permission called {name}; there are {', '.join(roles.PERMISSIONS)}")
        bits |= roles.PERMISSIONS[name]
    return bits


def _check(who: By, new: New) -> None:
    _check_held(who, Rank(new.position, new.permissions))


def _check_held(who: By, rank: Rank) -> None:
    if not who.rank.may(roles.MANAGE_ROLES):
        raise errors.Forbidden("that takes the permission manage_roles")
    if rank.position >= who.rank.position:
        raise errors.Forbidden("that role would stand as high as yours, or higher")
    if not who.rank.may(rank.permissions):
        missing = rank.permissions & ~who.rank.permissions
        raise errors.Forbidden(f"you may not grant what you may not do: {', '.join(roles.names(missing))}")


def _told(new: New) -> dict[str, object]:
    return {
        "label": new.label,
        "position": new.position,
        "permissions": roles.names(new.permissions),
        "highlighted": new.highlighted,
        "collection_limit": new.collection_limit,
    }
