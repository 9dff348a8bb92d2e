"""Roles of people here: four that are always there, and those that the operator has made. See the view `roles`."""

import msgspec

from storage.db import Conn
from storage.errors import Conflict
from storage.rows import columns, struct, structs

ADMINISTRATOR = 1 << 0  # all of them
MANAGE_REPORTS = 1 << 4
INVITE_USERS = 1 << 16

# Of `roles r`: who is of the staff.
STAFF = f"r.permissions & {MANAGE_REPORTS} <> 0"
BUILT_IN = ("user", "moderator", "admin", "owner")
EVERYONE = "user"


class Rank(msgspec.Struct, frozen=True):
    """What a role comes to. `position`: who stands higher may act on who stands lower."""

    position: int = -1
    permissions: int = INVITE_USERS

    def may(self, wanted: int) -> bool:
        """Whether it has all of the bits."""
        return bool(self.permissions & ADMINISTRATOR) or self.permissions & wanted == wanted

    @property
    def is_staff(self) -> bool:
        return self.may(MANAGE_REPORTS)


class Role(msgspec.Struct, frozen=True):
    """`label` is what people see, `name` what commands call it."""

    id: int
    name: str
    label: str
    color: str
    position: int
    permissions: int
    highlighted: bool
    collection_limit: int

    @property
    def rank(self) -> Rank:
        return Rank(self.position, self.permissions)


class New(msgspec.Struct, frozen=True):
    name: str
    label: str
    color: str = ""
    position: int = 0
    permissions: int = 0
    highlighted: bool = False
    collection_limit: int = 10


_COLUMNS = columns(Role)
_R_COLUMNS = columns(Role, "r")
_NEW = columns(New)


async def listed(conn: Conn) -> list[Role]:
    """The highest first."""
    return structs(Role, await conn.fetch(f"select {_COLUMNS} from roles order by position desc, id"))


async def by_name(conn: Conn, name: str) -> Role | None:
    return struct(Role, await conn.fetchrow(f"select {_COLUMNS} from roles where name = $1", name))


async def of_user(conn: Conn, user_id: int) -> Role | None:
    record = await conn.fetchrow(
        f"select {_R_COLUMNS} from users u join roles r on r.name = u.role where u.id = $1", user_id
    )
    return struct(Role, record)


async def create(conn: Conn, new: New) -> None:
    """`Conflict` when there is one of that name."""
    made = await conn.fetchval(
        f"""
        insert into custom_roles ({_NEW}) values ($1, $2, $3, $4, $5, $6, $7) on conflict (name) do nothing
        returning id
        """,
        *msgspec.structs.astuple(new),
    )
    if made is None:
        raise Conflict(f"there is a role called {new.name} already")


async def own(conn: Conn, name: str) -> New | None:
    """One that the operator has made, locked, with the bits that are its own."""
    record = await conn.fetchrow(f"select {_NEW} from custom_roles where name = $1 for update", name)
    return struct(New, record)


async def update(conn: Conn, changed: New) -> None:
    await conn.execute(
        f"update custom_roles set ({_NEW}) = ($1, $2, $3, $4, $5, $6, $7) where name = $1",
        *msgspec.structs.astuple(changed),
    )


async def remove(conn: Conn, name: str) -> int:
    """Whoever had it is one of everybody now; how many they are."""
    people = await conn.fetch("update users set role = $2 where role = $1 returning id", name, EVERYONE)
    await conn.execute("delete from custom_roles where name = $1", name)
    return len(people)
