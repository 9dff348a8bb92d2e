"""Every setting of the server: declared once in `Settings`, read from FEDI_* variables and an optional TOML file.

The description of a field is its manual; `fedi config` prints it. Environment wins over file, file over default.
`FEDI_X_FILE` names a file that holds the value of a secret `X`. An empty variable counts as not set.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta
from msgspec.structs import FieldInfo

from fedi import __version__, addresses

PREFIX = "FEDI_"
CONFIG_VARIABLE = "FEDI_CONFIG"
DEFAULT_FILE = Path("fedi.toml")
MASK = "********"
SECRET_MIN_CHARS = 32
# Never shown; also read from the file that FEDI_X_FILE names.
SECRETS = frozenset({"database_url", "secret_key", "smtp_password", "translation_key"})

# Variables with our prefix that are not settings: where the file is, and what only the tests read.
_NOT_SETTINGS = {CONFIG_VARIABLE, "FEDI_TEST_DATABASE_URL"}
# fedi/http/limits.py says what they are.
_RATE_LIMIT = re.compile(
    "(api|user|ip|media|statuses|deletes|follows|sign_up|apps|oauth|log_in|reset|interact|translate)=([1-9][0-9]{0,6})/([1-9][0-9]{0,6})"
)


class ConfigError(Exception):
    """A setting is wrong. The message is one line for the operator and begins with the name of the setting."""


Port = Annotated[int, Meta(ge=1, le=65535)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator decided. Values are final here: what was left empty has been derived by `load`."""

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
            description="Secret from which the keys for forms in browsers and for Web Push are derived, at least 32 "
            "characters. Default: generated when it is first needed and kept in data_dir/secret_key. Keep it with "
            "your backups; with another one, forms that are open and subscriptions to Web Push are no longer valid.",
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
        bool,
        Meta(
            description="Shows only those trends that staff has approved. Otherwise it shows all that staff has not "
            "refused."
        ),
    ] = False
    federation_mode: Annotated[
        Literal["open", "allowlist"],
        Meta(description="Whom we federate with: everybody not blocked (open), or only allowed domains (allowlist)."),
    ] = "open"

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
        int,
        Meta(
            ge=10,
            description="Seconds of a processor that converting one video or sound may take; what takes longer is "
            "given up.",
        ),
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
        int, Meta(ge=1, description="Activities of one server that may wait to be handled; more are put off with 429.")
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
            "interact, translate. Example: api=600/300,media=60/1800."
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


_BOOLEANS = {"yes": "true", "on": "true", "no": "false", "off": "false"}


class Setting(msgspec.Struct, frozen=True):
    """One line of `fedi config`."""

    name: str
    value: str
    source: str
    doc: str


def load(environ: Mapping[str, str] = os.environ, toml_path: Path | None = None) -> Settings:
    """Settings from the environment and the TOML file (FEDI_CONFIG, else fedi.toml if there is one).

    Raises ConfigError, whose message is one line that names the setting.
    """
    return _resolve(environ, toml_path)[0]


def explain(environ: Mapping[str, str] = os.environ, toml_path: Path | None = None) -> list[Setting]:
    """Every setting with its value (secrets masked), where that came from, and what it means."""
    settings, sources = _resolve(environ, toml_path)
    lines = []
    for field in msgspec.structs.fields(Settings):
        value = getattr(settings, field.name)
        text = MASK if value and field.name in SECRETS else _as_text(value)
        lines.append(Setting(_variable(field.name), text, sources.get(field.name, "default"), _doc(field)))
    return lines


def unknown_variables(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Warnings for FEDI_* variables that mean nothing. Not errors: an orchestrator may set names with our prefix."""
    names = {_variable(name) for name in Settings.__struct_fields__}
    known = names | {_variable(name) + "_FILE" for name in SECRETS} | _NOT_SETTINGS
    strays = sorted(name for name in environ if name.startswith(PREFIX) and name not in known)
    return [f"{name} is not a setting{_suggestion(name, names)}" for name in strays]


def trusted_networks(settings: Settings) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(entry) for entry in settings.trusted_proxies)


def rate_limits(settings: Settings) -> dict[str, tuple[int, int]]:
    """By name of a limit, calls and seconds."""
    read = [_RATE_LIMIT.fullmatch(entry) for entry in settings.rate_limits]
    return {match[1]: (int(match[2]), int(match[3])) for match in read if match}


def metrics_address(settings: Settings) -> tuple[str, int] | None:
    """Host and port to serve /metrics on; None when it is off."""
    return None if settings.metrics_listen == "off" else addresses.host_and_port(settings.metrics_listen)


def _resolve(environ: Mapping[str, str], toml_path: Path | None) -> tuple[Settings, dict[str, str]]:
    """Settings and, for each that is not a plain default, where its value came from."""
    given = _from_file(environ, toml_path) | _from_environment(environ)
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(Settings):
        if field.name in given:
            values[field.name] = _converted(field, *given[field.name])
    sources = {name: source for name, (_, source) in given.items()}
    settings = Settings(**values)
    for name, value in _derived(settings, frozenset(given)).items():
        sources[name] = "derived"
        settings = msgspec.structs.replace(settings, **{name: value})
    for name, message in _complaints(settings):
        raise ConfigError(f"{_variable(name)}: {message} (from {sources.get(name, 'default')})")
    return settings, sources


def _from_file(environ: Mapping[str, str], toml_path: Path | None) -> dict[str, tuple[Any, str]]:
    chosen = toml_path or (Path(environ[CONFIG_VARIABLE]) if environ.get(CONFIG_VARIABLE) else None)
    path = chosen or DEFAULT_FILE
    if chosen is None and not path.exists():
        return {}
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise ConfigError(f"{CONFIG_VARIABLE}: cannot read {path}: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{CONFIG_VARIABLE}: {path} is not TOML: {exc}") from exc
    for name in entries:
        if name not in Settings.__struct_fields__:
            raise ConfigError(f"{name}: not a setting, in {path}{_suggestion(name, Settings.__struct_fields__)}")
    return {name: (value, str(path)) for name, value in entries.items()}


def _from_environment(environ: Mapping[str, str]) -> dict[str, tuple[Any, str]]:
    given: dict[str, tuple[Any, str]] = {}
    for name in Settings.__struct_fields__:
        variable = _variable(name)
        if environ.get(variable):
            given[name] = (environ[variable], "environment")
        if name in SECRETS and environ.get(variable + "_FILE"):
            if name in given:
                raise ConfigError(f"{variable}: set either {variable} or {variable}_FILE, not both")
            path = environ[variable + "_FILE"]
            try:
                given[name] = (Path(path).read_text(encoding="utf-8").strip(), path)
            except (OSError, UnicodeDecodeError) as exc:
                raise ConfigError(f"{variable}_FILE: cannot read {path}: {exc}") from exc
    return given


# Values are of any type here: what TOML or the environment holds, before it is checked.
def _converted(field: FieldInfo, value: Any, source: str) -> Any:
    shown = "" if field.name in SECRETS else f" {value!r}"
    if isinstance(value, str):
        value = value.strip()
        if isinstance(field.default, tuple):
            value = [part.strip() for part in value.split(",") if part.strip()]
        elif isinstance(field.default, bool):
            value = _BOOLEANS.get(value.lower(), value)
    try:
        converted = msgspec.convert(value, field.type, strict=False, dec_hook=_path)
        return _NORMAL_FORMS.get(field.name, _unchanged)(converted)
    except (msgspec.ValidationError, ValueError) as exc:
        expected = _expectation(field) or str(exc)
        raise ConfigError(f"{_variable(field.name)}:{shown} is not allowed, {expected} (from {source})") from exc


def _expectation(field: FieldInfo) -> str:
    """What a value must look like, in words; empty when the type alone does not say."""
    kind, *metas = get_args(field.type)
    if get_origin(kind) is Literal:
        return "expected one of " + ", ".join(filter(None, get_args(kind)))
    if kind is bool:
        return "expected true or false"
    limits = next((meta for meta in metas if isinstance(meta, Meta) and meta.ge is not None), None)
    if kind is int and limits:
        return f"expected a whole number from {limits.ge}" + (f" to {limits.le}" if limits.le else "")
    return ""


def _path(kind: type, value: Any) -> Path:
    if kind is not Path or not isinstance(value, str):
        raise ValueError("Expected a path")
    return Path(value).expanduser()


def _derived(settings: Settings, given: frozenset[str]) -> dict[str, Any]:
    """Values for the settings that were left to us."""
    base_url = settings.base_url or f"http://localhost:{settings.listen_port}"
    parts = urlsplit(base_url)
    development = settings.development
    if "development" not in given:
        development = parts.scheme == "http" and addresses.is_local(parts.hostname or "")
    account_domain = settings.account_domain or parts.netloc
    values = {
        "base_url": base_url,
        "account_domain": account_domain,
        "development": development,
        "allow_private_peers": development,
        "media_dir": settings.data_dir / "media",
        "smtp_from": f"no-reply@{account_domain.partition(':')[0]}",
        "log_format": "text" if development else "json",
    }
    return {name: value for name, value in values.items() if name not in given}


def _complaints(settings: Settings) -> Iterator[tuple[str, str]]:
    """(setting, what is wrong with it) for rules that a type cannot say."""
    parts = urlsplit(settings.base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        yield "base_url", f"{settings.base_url!r} is not an address like https://social.example.org"
    elif parts.path or parts.query or parts.fragment:
        yield "base_url", f"{settings.base_url!r} must not have a path; the server needs a domain to itself"
    elif parts.scheme == "http" and not settings.development:
        yield "base_url", "plain http is only for trying it out; use https, or set FEDI_DEVELOPMENT=true"
    if not addresses.DOMAIN.fullmatch(settings.account_domain):
        yield "account_domain", f"{settings.account_domain!r} is not a domain like example.org"
    if settings.metrics_listen != "off" and addresses.host_and_port(settings.metrics_listen) is None:
        yield "metrics_listen", f"{settings.metrics_listen!r} is neither host:port nor off"
    for entry in settings.trusted_proxies:
        if addresses.network(entry) is None:
            yield "trusted_proxies", f"{entry!r} is not an address or network like 10.0.0.0/8"
    for entry in settings.rate_limits:
        if not _RATE_LIMIT.fullmatch(entry):
            yield "rate_limits", f"{entry!r} is not a limit like api=300/300"
    translator = urlsplit(settings.translation_url)
    if settings.translation_url and (translator.scheme not in ("http", "https") or not translator.hostname):
        yield "translation_url", f"{settings.translation_url!r} is not an address like http://localhost:5000"
    if settings.database_url and not settings.database_url.startswith(("postgres://", "postgresql://")):
        yield "database_url", "must begin with postgresql://"
    if settings.secret_key and len(settings.secret_key) < SECRET_MIN_CHARS:
        yield "secret_key", f"must have at least {SECRET_MIN_CHARS} characters"
    if settings.poll_min_seconds > settings.poll_max_seconds:
        yield "poll_min_seconds", "must not be more than FEDI_POLL_MAX_SECONDS"


def _doc(field: FieldInfo) -> str:
    metas = get_args(field.type)[1:]
    return next((meta.description for meta in metas if isinstance(meta, Meta) and meta.description), "")


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _unchanged(value: Any) -> Any:
    return value


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _suggestion(name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(names), n=1)
    return f"; did you mean {close[0]}?" if close else ""


_NORMAL_FORMS: dict[str, Callable[[Any], Any]] = {
    "base_url": addresses.normal_address,
    "account_domain": addresses.ascii_domain,
}
