"""What a role may do: Mastodon's permission bits, which clients read as well.

https://docs.joinmastodon.org/entities/Role/#permission-flags
"""

from fedi.config import Settings
from storage import roles

ADMINISTRATOR = roles.ADMINISTRATOR
VIEW_DEVOPS = 1 << 1
VIEW_AUDIT_LOG = 1 << 2
VIEW_DASHBOARD = 1 << 3
MANAGE_REPORTS = roles.MANAGE_REPORTS
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
MANAGE_WEBHOOKS = 1 << 15
INVITE_USERS = roles.INVITE_USERS
MANAGE_ROLES = 1 << 17
MANAGE_USER_ACCESS = 1 << 18
DELETE_USER_DATA = 1 << 19
VIEW_FEEDS = 1 << 20
INVITE_BYPASS_APPROVAL = 1 << 21
MANAGE_EMAIL_SUBSCRIPTIONS = 1 << 22

PERMISSIONS: dict[str, int] = {
    "administrator": ADMINISTRATOR,
    "view_devops": VIEW_DEVOPS,
    "view_audit_log": VIEW_AUDIT_LOG,
    "view_dashboard": VIEW_DASHBOARD,
    "manage_reports": MANAGE_REPORTS,
    "manage_federation": MANAGE_FEDERATION,
    "manage_settings": MANAGE_SETTINGS,
    "manage_blocks": MANAGE_BLOCKS,
    "manage_taxonomies": MANAGE_TAXONOMIES,
    "manage_appeals": MANAGE_APPEALS,
    "manage_users": MANAGE_USERS,
    "manage_invites": MANAGE_INVITES,
    "manage_rules": MANAGE_RULES,
    "manage_announcements": MANAGE_ANNOUNCEMENTS,
    "manage_custom_emojis": MANAGE_CUSTOM_EMOJIS,
    "manage_webhooks": MANAGE_WEBHOOKS,
    "invite_users": INVITE_USERS,
    "manage_roles": MANAGE_ROLES,
    "manage_user_access": MANAGE_USER_ACCESS,
    "delete_user_data": DELETE_USER_DATA,
    "view_feeds": VIEW_FEEDS,
    "invite_bypass_approval": INVITE_BYPASS_APPROVAL,
    "manage_email_subscriptions": MANAGE_EMAIL_SUBSCRIPTIONS,
}


def may_have_subscribers(settings: Settings, permissions: int) -> bool:
    """Whether people with these permissions may be read by e-mail."""
    mode = settings.email_subscriptions
    return mode == "everyone" or (mode == "roles" and roles.Rank(0, permissions).may(MANAGE_EMAIL_SUBSCRIPTIONS))


def names(bits: int) -> list[str]:
    """Of permissions, as commands call them."""
    return [name for name, bit in PERMISSIONS.items() if bits & bit]


def may_invite(registrations: str, rank: roles.Rank) -> bool:
    """Where staff decides about everybody, an invitation would go past them: some may do that."""
    if registrations == "approval":
        return rank.is_staff or rank.may(INVITE_USERS | INVITE_BYPASS_APPROVAL)
    return rank.is_staff or (rank.may(INVITE_USERS) and registrations in ("open", "invite"))
