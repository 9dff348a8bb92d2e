"""Every setting of the server, declared once in `Settings`, and what is read out of single values.

The description of a field is its manual; `fedi config` prints it. `config_sources` says where values come from.
"""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from fedi import __version__, addresses

MASK = "********"
SECRET_MIN_CHARS = 32
# Never shown; also read from the file that FEDI_X_FILE names.
SECRETS = frozenset({"database_url", "secret_key", "smtp_password", "translation_key"})
# fedi/http/limits.py says what they are.
RATE_LIMIT = re.compile(
    "(api|user|ip|media|statuses|deletes|follows|sign_up|apps|oauth|log_in|reset|interact|translate|subscribe)=([1-9][0-9]{0,6})/([1-9][0-9]{0,6})"
)


class ConfigError(Exception):
    """A setting is wrong. The message is one line for the operator and begins with the name of the setting."""


Port = Annotated[int, Meta(ge=1, le=65535)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator decided. Values are final here: `config_sources` has derived what was left empty."""

    # Where the server is
    base_url: Annotated[
        str,
        Meta(
            description="Public address of this server as browsers and other servers see it, without a path, for "
            "example https://social.example.org. Default: http://localhost and the listen port, for trying it out."
        ),
    ] = ""
    account_domain: Annotated[
        str,
        Meta(
            description="Domain in account names, for example example.org for @me@example.org. May differ from the "
            "host of base_url if that domain redirects /.well-known/webfinger here. It cannot be changed once other "
            "servers know the accounts. Default: the host of base_url."
        ),
    ] = ""
    listen_host: Annotated[
        str, Meta(description="Address to listen on; 0.0.0.0 or :: to be reachable from outside, as in a container.")
    ] = "127.0.0.1"
    listen_port: Annotated[Port, Meta(description="Port to listen on.")] = 8000
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(
            description="Addresses or networks (CIDR) of reverse proxies whose X-Forwarded-For is believed. "
            "Nobody's is believed by default."
        ),
    ] = ()
    metrics_listen: Annotated[
        str, Meta(description="host:port where /metrics is served, apart from the public port; off to serve none.")
    ] = "127.0.0.1:9464"
    development: Annotated[
        bool,
        Meta(
            description="Allows plain http in base_url and, unless set otherwise, peers at private addresses. "
            "Default: true if base_url is plain http on localhost, else false. Never for a real server."
        ),
    ] = False
    allow_private_peers: Annotated[
        bool,
        Meta(
            description="Lets the server talk to other servers at loopback and private addresses, and over plain "
            "http. Default: same as development."
        ),
    ] = False

    # What it keeps
    database_url: Annotated[
        str,
        Meta(
            description="postgresql://user:password@host/name of a database of your own (Postgres 15 or newer). "
            "Empty: an embedded Postgres under data_dir, started and stopped with the server.",
        ),
    ] = ""
    database_pool_size: Annotated[
        int, Meta(ge=2, le=500, description="Connections to the database each process may open.")
    ] = 10
    data_dir: Annotated[
        Path, Meta(description="Directory for what the server keeps: embedded database, media, generated secret.")
    ] = Path("data")
    media_dir: Annotated[Path, Meta(description="Directory for uploaded media. Default: media in data_dir.")] = Path()
    secret_key: Annotated[
        str,
        Meta(
            description="Secret from which keys are derived, at least 32 characters that cannot be guessed: those for "
            "forms in browsers and for Web Push, and the one that seals the private keys of accounts in the database. "
            "Default: generated when it is first needed and kept in data_dir/secret_key; beside a database of your "
            "own nothing is sealed with that. Keep it with your backups: with another one the server does not start "
            "(see fedi secret).",
        ),
    ] = ""

    # How it presents itself and who may join
    title: Annotated[str, Meta(min_length=1, max_length=100, description="Name of the server.")] = "Fedi"
    description: Annotated[str, Meta(max_length=5000, description="One paragraph about the server, shown to all.")] = ""
    contact_email: Annotated[str, Meta(description="Address for people who need the operator; shown to all.")] = ""
    source_url: Annotated[
        str,
        Meta(
            description="Where the source of the running version is offered. The licence (AGPL) asks this of whoever "
            "runs a modified version for others."
        ),
    ] = ""
    registrations: Annotated[
        Literal["open", "approval", "invite", "closed"],
        Meta(
            description="Who may sign up: anybody (open), anybody after a moderator agreed (approval), people with "
            "an invitation link (invite), nobody (closed)."
        ),
    ] = "approval"
    languages: Annotated[
        tuple[str, ...], Meta(min_length=1, description="Languages mainly spoken here, as ISO 639 codes.")
    ] = ("en",)
    suggested_accounts: Annotated[
        tuple[str, ...],
        Meta(description="Accounts recommended to everybody here, for example news or alice@example.org."),
    ] = ()
    trends_review: Annotated[
        bool, Meta(description="Shows only trends that staff has approved, otherwise all that it has not refused.")
    ] = False
    email_subscriptions: Annotated[
        Literal["off", "roles", "everyone"],
        Meta(
            description="Who may let visitors read their public posts by e-mail: nobody (off), people whose role has "
            "manage_email_subscriptions (roles), or all (everyone). Needs smtp_host."
        ),
    ] = "off"
    federation_mode: Annotated[
        Literal["open", "allowlist"],
        Meta(description="Whom we federate with: everybody not blocked (open), or only allowed domains (allowlist)."),
    ] = "open"
    authorized_fetch: Annotated[
        bool,
        Meta(
            description="Shows posts and profiles only to servers that sign their requests, so that those blocked get "
            "none by asking. Web pages stay open."
        ),
    ] = False
    send_blocks: Annotated[
        bool,
        Meta(
            description="Tells another server whom of its people somebody here blocks, as most do: it hides ours from "
            "them, and may show them that they are blocked. What either followed of the other ends in any case."
        ),
    ] = True
    lenient_host_signatures: Annotated[
        bool,
        Meta(
            description="Takes activities whose signature leaves out for which host they are, as old software makes "
            "them. What was meant for another server can then be sent on to this one."
        ),
    ] = False
    linked_data_signatures: Annotated[
        Literal["relays", "always", "never"],
        Meta(
            description="Signs public activities the older way instead of with proofs: as long as a relay of "
            "Mastodon's kind passes them on, which wants that (relays), always, or never. Costs a quarter of a second "
            "of a processor for each."
        ),
    ] = "relays"

    # Limits of a post. 5,000 characters: long enough for essays, and the largest limit common among servers whose
    # posts others show without trouble; Mastodon shows any length but writes 500.
    max_status_chars: Annotated[int, Meta(ge=1, le=100_000, description="Characters in a post, warning included.")] = (
        5000
    )
    # Eight: layouts of current clients cope, and it stays below the 16 that Mastodon keeps of a remote post.
    max_media_attachments: Annotated[int, Meta(ge=1, le=16, description="Attachments of a post.")] = 8
    poll_max_options: Annotated[int, Meta(ge=2, le=50, description="Options of a poll.")] = 8
    poll_max_option_chars: Annotated[int, Meta(ge=1, le=500, description="Characters in an option of a poll.")] = 100
    poll_min_seconds: Annotated[int, Meta(ge=1, description="Shortest poll, in seconds.")] = 300
    poll_max_seconds: Annotated[int, Meta(ge=60, description="Longest poll, in seconds.")] = 2_629_746
    image_max_bytes: Annotated[int, Meta(ge=65_536, description="Largest image accepted, in bytes.")] = 16_777_216
    image_max_pixels: Annotated[
        int, Meta(ge=65_536, description="Largest image accepted, in pixels (width times height).")
    ] = 33_177_600
    # Mastodon's numbers: clients make smaller what they would have to make smaller there.
    video_max_bytes: Annotated[
        int, Meta(ge=65_536, description="Largest video, animation or sound accepted, in bytes.")
    ] = 103_809_024
    video_max_pixels: Annotated[
        int, Meta(ge=65_536, description="Largest video accepted, in pixels (width times height).")
    ] = 8_294_400
    video_max_frame_rate: Annotated[
        int, Meta(ge=1, le=1000, description="Most frames a second of a video that is accepted.")
    ] = 120
    media_max_seconds: Annotated[int, Meta(ge=1, description="Longest video or sound accepted, in seconds.")] = 7200
    media_process_seconds: Annotated[
        int, Meta(ge=10, description="Seconds of a processor that converting one video or sound may take at most.")
    ] = 1800
    media_description_max_chars: Annotated[
        int, Meta(ge=100, le=100_000, description="Characters in the description of an attachment.")
    ] = 10_000

    # What it asks of others on behalf of people here
    link_previews: Annotated[
        bool, Meta(description="Fetches pages that posts link to, once each, to show their titles and pictures.")
    ] = True
    translation_url: Annotated[
        str,
        Meta(
            description="Address of a service with LibreTranslate's API that translates posts for people here, for "
            "example http://localhost:5000. It is asked directly, also at a private address. Empty: no translation."
        ),
    ] = ""
    translation_key: Annotated[str, Meta(description="Key for the translation service, if it wants one.")] = ""

    # Mail
    smtp_host: Annotated[
        str, Meta(description="Mail server to send through. Empty: no mail, so addresses are not confirmed.")
    ] = ""
    smtp_port: Annotated[Port, Meta(description="Port of the mail server.")] = 587
    smtp_tls: Annotated[
        Literal["starttls", "tls", "none"],
        Meta(
            description="Encryption to the mail server: starttls (usually 587), tls (usually 465), none (local only)."
        ),
    ] = "starttls"
    smtp_user: Annotated[str, Meta(description="Name to log in with at the mail server; empty for none.")] = ""
    smtp_password: Annotated[str, Meta(description="Password for the mail server.")] = ""
    smtp_from: Annotated[str, Meta(description="Sender of our mail. Default: no-reply at account_domain.")] = ""

    # How it works
    worker_concurrency: Annotated[int, Meta(ge=1, le=500, description="Jobs a process runs at once.")] = 8
    delivery_concurrency: Annotated[int, Meta(ge=1, le=2000, description="Servers we deliver to at once.")] = 64
    delivery_per_host: Annotated[int, Meta(ge=1, le=64, description="Deliveries to one server at once.")] = 4
    inbox_per_host: Annotated[
        int, Meta(ge=1, description="Activities of one site that may wait, of all 25 times as many; more are put off.")
    ] = 2000
    streams_per_token: Annotated[int, Meta(ge=1, description="Live connections that one log-in may hold open.")] = 20
    streams_per_address: Annotated[int, Meta(ge=1, description="Live connections that one address may hold open.")] = (
        500
    )
    rate_limiting: Annotated[
        bool, Meta(description="Limits requests and streams per person and address. Off only for load tests.")
    ] = True
    rate_limits: Annotated[
        tuple[str, ...],
        Meta(
            description="Other limits than Mastodon's, as name=calls/seconds: api (per token), user (per person), ip "
            "(per address without a token), media, statuses, deletes, follows, sign_up, apps, oauth, log_in, reset, "
            "interact, translate, subscribe. Example: api=600/300,media=60/1800."
        ),
    ] = ()
    request_max_bytes: Annotated[
        int, Meta(ge=64 * 1024, le=64 * 1024 * 1024, description="Largest body of a request, uploads not counted.")
    ] = 1024 * 1024
    page_max: Annotated[
        int, Meta(ge=20, le=200, description="Most entries of a page; lists whose own limit is lower (40, 80) keep it.")
    ] = 200
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="Least level that is logged.")
    ] = "info"
    log_format: Annotated[
        Literal["", "text", "json"],
        Meta(description="Lines for people (text) or machines (json). Default: text in development, else json."),
    ] = ""

    def __repr__(self) -> str:
        """Without secrets: what is shown ends up in logs."""
        values = ((name, getattr(self, name)) for name in self.__struct_fields__)
        shown = (f"{name}={MASK if value and name in SECRETS else repr(value)}" for name, value in values)
        return f"Settings({', '.join(shown)})"

    @property
    def https(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def web_domain(self) -> str:
        """Host of base_url, with the port if it is not the scheme's own."""
        return urlsplit(self.base_url).netloc

    @property
    def streaming_url(self) -> str:
        """ws:// or wss:// and the web domain; clients append the path."""
        return "ws" + self.base_url.removeprefix("http")

    @property
    def user_agent(self) -> str:
        return f"Fedi/{__version__} (+{self.base_url}/)"


def trusted_networks(settings: Settings) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(entry) for entry in settings.trusted_proxies)


def rate_limits(settings: Settings) -> dict[str, tuple[int, int]]:
    """By name of a limit, calls and seconds."""
    read = [RATE_LIMIT.fullmatch(entry) for entry in settings.rate_limits]
    return {match[1]: (int(match[2]), int(match[3])) for match in read if match}


def metrics_address(settings: Settings) -> tuple[str, int] | None:
    """Host and port to serve /metrics on; None when it is off."""
    return None if settings.metrics_listen == "off" else addresses.host_and_port(settings.metrics_listen)
