"""Account as everybody sees it, and CredentialAccount as its owner sees it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from fedi.entities import dates
from fedi.entities.emoji import CustomEmoji


class Field(Struct, frozen=True):
    """A line of the profile. `value` is HTML on an Account and plain text in `source`."""

    name: str
    value: str
    verified_at: str | None = None


class AccountRole(Struct, frozen=True):
    """A badge."""

    id: str
    name: str
    color: str = ""


class Role(Struct, frozen=True):
    """What the owner may do here. `permissions` is a bit mask written as a decimal string."""

    id: str
    name: str
    permissions: str
    color: str = ""
    highlighted: bool = False
    collection_limit: int = 10


EVERYONE = Role(id="-99", name="", permissions="65536")


class Approval(Struct, frozen=True):
    """Who may feature an account or quote a status: at once, after being asked, and what holds for the viewer."""

    automatic: list[str]
    manual: list[str]
    current_user: str


NOBODY = Approval(automatic=[], manual=[], current_user="denied")


class Account(Struct, frozen=True):
    id: str
    username: str
    acct: str
    display_name: str
    locked: bool
    bot: bool
    discoverable: bool | None
    indexable: bool
    group: bool
    created_at: str
    note: str
    url: str
    uri: str
    avatar: str
    avatar_static: str
    avatar_description: str
    header: str
    header_static: str
    header_description: str
    followers_count: int
    following_count: int
    statuses_count: int
    last_status_at: str | None
    hide_collections: bool | None
    show_media: bool
    show_media_replies: bool
    show_featured: bool
    noindex: bool
    feature_approval: Approval
    emojis: list[CustomEmoji]
    roles: list[AccountRole]
    fields: list[Field]
    moved: "Account | UnsetType" = UNSET
    suspended: bool | UnsetType = UNSET
    limited: bool | UnsetType = UNSET
    memorial: bool | UnsetType = UNSET
    email_subscriptions: bool | UnsetType = UNSET
    """Whether its public posts can be read by e-mail; only where that is possible at all."""


class Source(Struct, frozen=True):
    """Raw text and posting defaults, for the form that edits them."""

    privacy: str
    sensitive: bool
    language: str | None
    note: str
    fields: list[Field]
    follow_requests_count: int
    hide_collections: bool | None
    discoverable: bool | None
    indexable: bool
    attribution_domains: list[str]
    quote_policy: str


class CredentialAccount(Account, frozen=True, kw_only=True):
    source: Source
    role: Role


class MutedAccount(Account, frozen=True, kw_only=True):
    """Somebody in the list of the muted. Null: for good."""

    mute_expires_at: str | None


class Parts(Struct, frozen=True, kw_only=True):
    """An account row with its satellites. URLs are absolute; note and field values are HTML already."""

    id: int
    username: str
    domain: str | None
    """None for an account of this server, otherwise the account domain (not the web host)."""
    uri: str
    created_at: datetime
    avatar: str
    header: str
    url: str | None = None
    avatar_static: str | None = None
    header_static: str | None = None
    avatar_description: str = ""
    header_description: str = ""
    display_name: str = ""
    note: str = ""
    locked: bool = False
    bot: bool = False
    group: bool = False
    discoverable: bool | None = None
    indexable: bool = False
    hide_collections: bool | None = None
    noindex: bool = False
    suspended: bool = False
    limited: bool = False
    memorial: bool = False
    show_media: bool = True
    show_media_replies: bool = True
    show_featured: bool = True
    fields: tuple[Field, ...] = ()
    emojis: tuple[CustomEmoji, ...] = ()
    roles: tuple[AccountRole, ...] = ()
    feature_approval: Approval = NOBODY
    subscribable: bool | None = None


class Stats(Struct, frozen=True):
    followers: int = 0
    following: int = 0
    statuses: int = 0
    last_status_at: datetime | date | None = None


class Preferences(Struct, frozen=True, kw_only=True):
    """What the owner set, raw: the input of `source`."""

    privacy: str = "public"
    sensitive: bool = False
    language: str | None = None
    note: str = ""
    fields: tuple[Field, ...] = ()
    follow_requests: int = 0
    attribution_domains: tuple[str, ...] = ()
    quote_policy: str = "nobody"


def acct(username: str, domain: str | None) -> str:
    """`alice` here, `alice@example.org` elsewhere."""
    return username if domain is None else f"{username}@{domain}"


def build(parts: Parts, stats: Stats, *, moved: Account | None = None) -> Account:
    """A suspended account keeps its name and loses everything it said or showed."""
    if parts.suspended:
        parts = _emptied(parts)
        stats = Stats()
    return Account(
        id=str(parts.id),
        username=parts.username,
        acct=acct(parts.username, parts.domain),
        display_name=parts.display_name,
        locked=parts.locked,
        bot=parts.bot,
        discoverable=parts.discoverable,
        indexable=parts.indexable,
        group=parts.group,
        created_at=dates.midnight(parts.created_at),
        note=parts.note,
        url=parts.url or parts.uri,
        uri=parts.uri,
        avatar=parts.avatar,
        avatar_static=parts.avatar_static or parts.avatar,
        avatar_description=parts.avatar_description,
        header=parts.header,
        header_static=parts.header_static or parts.header,
        header_description=parts.header_description,
        followers_count=stats.followers,
        following_count=stats.following,
        statuses_count=stats.statuses,
        last_status_at=dates.day(stats.last_status_at),
        hide_collections=parts.hide_collections,
        show_media=parts.show_media,
        show_media_replies=parts.show_media_replies,
        show_featured=parts.show_featured,
        noindex=parts.noindex,
        feature_approval=parts.feature_approval,
        emojis=list(parts.emojis),
        roles=list(parts.roles),
        fields=list(parts.fields),
        moved=UNSET if moved is None else moved,
        suspended=parts.suspended or UNSET,
        limited=parts.limited or UNSET,
        memorial=parts.memorial or UNSET,
        email_subscriptions=UNSET if parts.subscribable is None else parts.subscribable,
    )


def credentials(account: Account, preferences: Preferences, *, role: Role = EVERYONE) -> CredentialAccount:
    """The account as its owner sees it."""
    source = Source(
        privacy=preferences.privacy,
        sensitive=preferences.sensitive,
        language=preferences.language or None,
        note=preferences.note,
        fields=list(preferences.fields),
        follow_requests_count=preferences.follow_requests,
        hide_collections=account.hide_collections,
        discoverable=account.discoverable,
        indexable=account.indexable,
        attribution_domains=list(preferences.attribution_domains),
        quote_policy=preferences.quote_policy,
    )
    return CredentialAccount(**_keys(account), source=source, role=role)


def muted(account: Account, expires_at: datetime | None) -> MutedAccount:
    """As the list of mutes shows it."""
    return MutedAccount(**_keys(account), mute_expires_at=dates.optional(expires_at))


def _keys(account: Account) -> dict[str, Any]:  # Any: the fields of one struct on their way into another
    return {name: getattr(account, name) for name in account.__struct_fields__}


def fields(rows: Sequence[tuple[str, str, datetime | None]]) -> tuple[Field, ...]:
    """(name, value, verified at) as stored → Field."""
    return tuple(Field(name, value, dates.optional(verified_at)) for name, value, verified_at in rows)


def _emptied(parts: Parts) -> Parts:
    return Parts(
        id=parts.id,
        username=parts.username,
        domain=parts.domain,
        uri=parts.uri,
        url=parts.url,
        created_at=parts.created_at,
        avatar=parts.avatar,
        header=parts.header,
        suspended=True,
        subscribable=None if parts.subscribable is None else False,
    )
