"""Roles of people here, and what each may do: Mastodon's permission bits, which clients read as well.

https://docs.joinmastodon.org/entities/Role/#permission-flags
"""

import msgspec

ADMINISTRATOR = 1 << 0  # all of them
VIEW_DEVOPS = 1 << 1
VIEW_AUDIT_LOG = 1 << 2
VIEW_DASHBOARD = 1 << 3
MANAGE_REPORTS = 1 << 4
MANAGE_FEDERATION = 1 << 5
MANAGE_SETTINGS = 1 << 6
MANAGE_BLOCKS = 1 << 7
MANAGE_TAXONOMIES = 1 << 8
MANAGE_APPEALS = 1 << 9
MANAGE_USERS = 1 << 10
MANAGE_INVITES = 1 << 11
MANAGE_RULES = 1 << 12
MANAGE_ANNOUNCEMENTS = 1 << 13
MANAGE_CUSTOM_EMOJIS = 1 << 14
INVITE_USERS = 1 << 16
MANAGE_ROLES = 1 << 17
MANAGE_USER_ACCESS = 1 << 18
DELETE_USER_DATA = 1 << 19
ALL = (1 << 23) - 1


class Role(msgspec.Struct, frozen=True):
    """`position`: who stands higher may act on who stands lower."""

    id: int
    label: str
    position: int
    permissions: int

    def may(self, wanted: int) -> bool:
        """Whether it has all of the bits."""
        return bool(self.permissions & ADMINISTRATOR) or self.permissions & wanted == wanted


_MODERATOR = VIEW_AUDIT_LOG | VIEW_DASHBOARD | MANAGE_REPORTS | MANAGE_USERS | MANAGE_TAXONOMIES | INVITE_USERS
_ADMIN = (
    _MODERATOR | MANAGE_APPEALS | MANAGE_FEDERATION | MANAGE_SETTINGS | MANAGE_BLOCKS | MANAGE_INVITES | MANAGE_RULES
    | MANAGE_ANNOUNCEMENTS | MANAGE_CUSTOM_EMOJIS | MANAGE_ROLES | MANAGE_USER_ACCESS | DELETE_USER_DATA
)  # fmt: skip

ROLES: dict[str, Role] = {
    "user": Role(-99, "", -1, INVITE_USERS),
    "moderator": Role(1, "Moderator", 10, _MODERATOR),
    "admin": Role(2, "Admin", 100, _ADMIN),
    "owner": Role(3, "Owner", 1000, ALL),
}
STAFF = tuple(name for name, role in ROLES.items() if role.may(MANAGE_REPORTS))
# Who decides about appeals: not those who strike every day.
JUDGES = tuple(name for name, role in ROLES.items() if role.may(MANAGE_APPEALS))


def named(ids: list[int]) -> list[str]:
    """The names of roles by their ids; unknown ids name nobody."""
    return [name for name, role in ROLES.items() if role.id in ids]
