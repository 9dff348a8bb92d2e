"""Mastodon JSON: ids in, entities out, in a fixed number of queries; each shape and its pure builder is a module here.

Five functions carry the name of a module (`account`, `media`, `poll`, `profile`, `status`), so shapes are imported from
their modules by name: `from fedi.entities.status import Status`.
"""

from fedi.entities.account import Account, CredentialAccount
from fedi.entities.bundle import Bundle, FilterContext, Wanted, load, load_each
from fedi.entities.curated import collection_with_accounts, collections
from fedi.entities.direct import conversations
from fedi.entities.media import MediaAttachment
from fedi.entities.notices import announced, announced_each, reacted
from fedi.entities.notification import Notification
from fedi.entities.own import featured, profile
from fedi.entities.people import account, accounts, credential_account, relationships, role
from fedi.entities.poll import Poll
from fedi.entities.posts import media, poll, status, status_let_go, statuses
from fedi.entities.relationship import Relationship
from fedi.entities.status import Status
from fedi.entities.tag import Tag
from fedi.entities.told import NotificationRow, Style, face, joined, notification_groups, notifications
from fedi.entities.topics import tags
from fedi.entities.waiting import notification_requests

__all__ = [
    "Account",
    "Bundle",
    "CredentialAccount",
    "FilterContext",
    "MediaAttachment",
    "Notification",
    "NotificationRow",
    "Poll",
    "Relationship",
    "Status",
    "Style",
    "Tag",
    "Wanted",
    "account",
    "accounts",
    "announced",
    "announced_each",
    "collection_with_accounts",
    "collections",
    "conversations",
    "credential_account",
    "face",
    "featured",
    "joined",
    "load",
    "load_each",
    "media",
    "notification_groups",
    "notification_requests",
    "notifications",
    "poll",
    "profile",
    "reacted",
    "relationships",
    "role",
    "status",
    "status_let_go",
    "statuses",
    "tags",
]
