"""Instance, first and second version: what this server is, and the limits that clients obey."""

from collections.abc import Sequence

from msgspec import Struct, field

from fedi.entities.account import Account

API_VERSION = 10
"""Of Mastodon's numbered API. A promise: everything up to it works. Clients show features by it."""

MASTODON_VERSION = "4.6.4"
"""What we are compatible with; clients compare it as a number, so it stands first in our version string."""


class Rule(Struct, frozen=True):
    id: str
    text: str
    hint: str = ""
    translations: dict[str, dict[str, str]] = {}


class Limits(Struct, frozen=True, kw_only=True):
    """What this server accepts."""

    max_characters: int
    max_media_attachments: int
    content_types: tuple[str, ...]
    mime_types: tuple[str, ...]
    image_size: int
    """Bytes."""
    image_matrix: int
    """Pixels."""
    video_size: int
    video_matrix: int
    video_frame_rate: int
    """Frames a second."""
    description: int
    max_options: int
    max_characters_per_option: int
    min_expiration: int
    """Seconds."""
    max_expiration: int
    max_display_name: int
    max_note: int
    max_fields: int
    field_name: int
    field_value: int
    max_pinned_statuses: int
    max_reactions: int
    """Different ones of one person under one post."""
    max_featured_tags: int = 10
    characters_per_url: int = 23


class Parts(Struct, frozen=True, kw_only=True):
    """What the operator set and the database counted. URLs are absolute."""

    domain: str
    """The account domain: a bare host, without a scheme."""
    title: str
    version: str
    """Our own; `version_string` makes the one that is shown."""
    source_url: str
    description: str
    short_description: str
    thumbnail: str
    streaming: str
    """`wss://host`, without a path."""
    about: str
    privacy_policy: str | None
    vapid_key: str
    limits: Limits
    terms_of_service: str | None = None
    translation: bool = False
    name: str = "Fedi"
    thumbnail_description: str = ""
    icons: tuple[tuple[str, str], ...] = ()
    """(address, size as `36x36`)"""
    languages: tuple[str, ...] = ("en",)
    rules: tuple[Rule, ...] = ()
    email: str = ""
    contact: Account | None = None
    registrations: bool = False
    approval_required: bool = False
    reason_required: bool = False
    invites: bool = False
    limited_federation: bool = False
    users: int = 0
    statuses: int = 0
    domains: int = 0
    active_month: int = 0


class StatusLimits(Struct, frozen=True):
    max_characters: int
    max_media_attachments: int
    characters_reserved_per_url: int
    supported_mime_types: list[str]
    """What `content_type` of a post may be: not Mastodon's, but what clients of its forks look for."""


class MediaLimits(Struct, frozen=True):
    description_limit: int
    image_matrix_limit: int
    image_size_limit: int
    supported_mime_types: list[str]
    video_frame_rate_limit: int
    video_matrix_limit: int
    video_size_limit: int


class PollLimits(Struct, frozen=True):
    max_options: int
    max_characters_per_option: int
    min_expiration: int
    max_expiration: int


class AccountLimits(Struct, frozen=True):
    max_display_name_length: int
    max_note_length: int
    max_avatar_description_length: int
    max_header_description_length: int
    max_featured_tags: int
    max_pinned_statuses: int
    max_profile_fields: int
    profile_field_name_limit: int
    profile_field_value_limit: int


class URLs(Struct, frozen=True):
    streaming: str
    status: str | None
    about: str
    privacy_policy: str | None
    terms_of_service: str | None


class Vapid(Struct, frozen=True):
    public_key: str


class Translation(Struct, frozen=True):
    enabled: bool = False


class Feed(Struct, frozen=True):
    """Each of public, authenticated, disabled."""

    local: str
    remote: str


class TimelinesAccess(Struct, frozen=True):
    live_feeds: Feed
    hashtag_feeds: Feed
    trending_link_feeds: Feed


class ReactionLimits(Struct, frozen=True):
    """As clients of Glitch read it."""

    max_reactions: int


class Configuration(Struct, frozen=True):
    urls: URLs
    vapid: Vapid
    accounts: AccountLimits
    statuses: StatusLimits
    media_attachments: MediaLimits
    polls: PollLimits
    translation: Translation
    timelines_access: TimelinesAccess
    limited_federation: bool
    reactions: ReactionLimits


class Users(Struct, frozen=True):
    active_month: int


class Usage(Struct, frozen=True):
    users: Users


class Thumbnail(Struct, frozen=True):
    url: str
    description: str


class Icon(Struct, frozen=True):
    src: str
    size: str


class Registrations(Struct, frozen=True):
    enabled: bool
    approval_required: bool
    reason_required: bool
    message: str | None
    min_age: int | None
    url: str | None


class APIVersions(Struct, frozen=True):
    mastodon: int = API_VERSION


class Contact(Struct, frozen=True):
    email: str
    account: Account | None


class Instance(Struct, frozen=True):
    domain: str
    title: str
    version: str
    source_url: str
    description: str
    usage: Usage
    thumbnail: Thumbnail
    icon: list[Icon]
    languages: list[str]
    configuration: Configuration
    registrations: Registrations
    api_versions: APIVersions
    wrapstodon: str | None
    contact: Contact
    rules: list[Rule]


class V1URLs(Struct, frozen=True):
    streaming_api: str


class V1Stats(Struct, frozen=True):
    user_count: int
    status_count: int
    domain_count: int


class V1Accounts(Struct, frozen=True):
    max_featured_tags: int


class V1Configuration(Struct, frozen=True):
    accounts: V1Accounts
    statuses: StatusLimits
    media_attachments: MediaLimits
    polls: PollLimits


class V1Instance(Struct, frozen=True):
    uri: str
    title: str
    short_description: str
    description: str
    email: str
    version: str
    urls: V1URLs
    stats: V1Stats
    thumbnail: str
    languages: list[str]
    registrations: bool
    approval_required: bool
    invites_enabled: bool
    configuration: V1Configuration
    contact_account: Account | None
    rules: list[Rule]
    characters: int = field(name="max_toot_chars")
    """Older clients look for the limit here only."""


def version_string(name: str, version: str) -> str:
    return f"{MASTODON_VERSION} (compatible; {name} {version})"


def build(parts: Parts) -> Instance:
    return Instance(
        domain=parts.domain,
        title=parts.title,
        version=version_string(parts.name, parts.version),
        source_url=parts.source_url,
        description=parts.short_description,
        usage=Usage(Users(parts.active_month)),
        thumbnail=Thumbnail(parts.thumbnail, parts.thumbnail_description),
        icon=[Icon(address, size) for address, size in parts.icons],
        languages=list(parts.languages),
        configuration=_configuration(parts),
        registrations=Registrations(
            enabled=parts.registrations,
            approval_required=parts.approval_required,
            reason_required=parts.approval_required and parts.reason_required,
            message=None,
            min_age=None,
            url=None,
        ),
        api_versions=APIVersions(),
        wrapstodon=None,
        contact=Contact(parts.email, parts.contact),
        rules=list(parts.rules),
    )


def v1(parts: Parts) -> V1Instance:
    return V1Instance(
        uri=parts.domain,
        title=parts.title,
        short_description=parts.short_description,
        description=parts.description,
        email=parts.email,
        version=version_string(parts.name, parts.version),
        urls=V1URLs(parts.streaming),
        stats=V1Stats(parts.users, parts.statuses, parts.domains),
        thumbnail=parts.thumbnail,
        languages=list(parts.languages),
        registrations=parts.registrations,
        approval_required=parts.approval_required,
        invites_enabled=parts.invites,
        configuration=V1Configuration(
            V1Accounts(parts.limits.max_featured_tags),
            _statuses(parts.limits),
            _media(parts.limits),
            _polls(parts.limits),
        ),
        contact_account=parts.contact,
        rules=list(parts.rules),
        characters=parts.limits.max_characters,
    )


def rules(rows: Sequence[tuple[int, str, str]]) -> tuple[Rule, ...]:
    """(id, text, hint) in their order."""
    return tuple(Rule(str(rule_id), text, hint) for rule_id, text, hint in rows)


def _configuration(parts: Parts) -> Configuration:
    limits = parts.limits
    feed = Feed("public", "public")  # nobody needs an account to read what is public
    return Configuration(
        urls=URLs(parts.streaming, None, parts.about, parts.privacy_policy, parts.terms_of_service),
        vapid=Vapid(parts.vapid_key),
        accounts=AccountLimits(
            max_display_name_length=limits.max_display_name,
            max_note_length=limits.max_note,
            max_avatar_description_length=limits.description,
            max_header_description_length=limits.description,
            max_featured_tags=limits.max_featured_tags,
            max_pinned_statuses=limits.max_pinned_statuses,
            max_profile_fields=limits.max_fields,
            profile_field_name_limit=limits.field_name,
            profile_field_value_limit=limits.field_value,
        ),
        statuses=_statuses(limits),
        media_attachments=_media(limits),
        polls=_polls(limits),
        translation=Translation(parts.translation),
        timelines_access=TimelinesAccess(feed, feed, feed),
        limited_federation=parts.limited_federation,
        reactions=ReactionLimits(limits.max_reactions),
    )


def _statuses(limits: Limits) -> StatusLimits:
    return StatusLimits(
        limits.max_characters, limits.max_media_attachments, limits.characters_per_url, list(limits.content_types)
    )


def _media(limits: Limits) -> MediaLimits:
    return MediaLimits(
        description_limit=limits.description,
        image_matrix_limit=limits.image_matrix,
        image_size_limit=limits.image_size,
        supported_mime_types=list(limits.mime_types),
        video_frame_rate_limit=limits.video_frame_rate,
        video_matrix_limit=limits.video_matrix,
        video_size_limit=limits.video_size,
    )


def _polls(limits: Limits) -> PollLimits:
    return PollLimits(
        limits.max_options, limits.max_characters_per_option, limits.min_expiration, limits.max_expiration
    )
