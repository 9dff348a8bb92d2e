"""Settings from where the operator wrote them: FEDI_* variables and an optional TOML file, read and checked.

Environment wins over file, file over default. `FEDI_X_FILE` names a file that holds the value of a secret `X`. An empty
variable counts as not set.
"""

import difflib
import os
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta
from msgspec.structs import FieldInfo

from fedi import addresses, strength
from fedi.config import MASK, RATE_LIMIT, SECRETS, ConfigError, Settings

PREFIX = "FEDI_"
CONFIG_VARIABLE = "FEDI_CONFIG"
DEFAULT_FILE = Path("fedi.toml")

# Variables with our prefix that are not settings: where the file is, and what only the tests read.
_NOT_SETTINGS = {CONFIG_VARIABLE, "FEDI_TEST_DATABASE_URL"}
_FIELDS = msgspec.structs.fields(Settings)
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
    for field in _FIELDS:
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


def _resolve(environ: Mapping[str, str], toml_path: Path | None) -> tuple[Settings, dict[str, str]]:
    """Settings and, for each that is not a plain default, where its value came from."""
    given = _from_file(environ, toml_path) | _from_environment(environ)
    values: dict[str, Any] = {}
    for field in _FIELDS:
        if field.name in given:
            values[field.name] = _converted(field, *given[field.name])
    sources = {name: source for name, (_, source) in given.items()}
    settings = Settings(**values)
    for name, value in _derived(settings, frozenset(given)).items():
        sources[name] = "derived"
        settings = msgspec.structs.replace(settings, **{name: value})
    for name, message in (*_complaints(settings), *_open_secrets(settings, sources)):
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
        if not RATE_LIMIT.fullmatch(entry):
            yield "rate_limits", f"{entry!r} is not a limit like api=300/300"
    translator = urlsplit(settings.translation_url)
    if settings.translation_url and (translator.scheme not in ("http", "https") or not translator.hostname):
        yield "translation_url", f"{settings.translation_url!r} is not an address like http://localhost:5000"
    if settings.database_url and not settings.database_url.startswith(("postgres://", "postgresql://")):
        yield "database_url", "must begin with postgresql://"
    fault = strength.fault(settings.secret_key, development=settings.development) if settings.secret_key else None
    if fault is not None:
        yield "secret_key", fault
    if settings.email_subscriptions != "off" and not settings.smtp_host:
        yield "email_subscriptions", "needs FEDI_SMTP_HOST"
    if settings.poll_min_seconds > settings.poll_max_seconds:
        yield "poll_min_seconds", "must not be more than FEDI_POLL_MAX_SECONDS"


def _open_secrets(settings: Settings, sources: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Secrets that everybody on the machine may read, or tries first. For trying things out anything will do."""
    if settings.development:
        return
    for name in sorted(SECRETS & sources.keys()):
        path = Path(sources[name])
        if getattr(settings, name) and sources[name] != "environment" and strength.exposed(path):
            yield name, f"others may read {path}; run: chmod o-r {path}"
    try:
        database = urlsplit(settings.database_url)
    except ValueError:
        yield "database_url", "is not an address like postgresql://user@host/name"
        return
    elsewhere = bool(database.hostname) and not addresses.is_local(database.hostname or "")
    if elsewhere and strength.known_password(database.password or ""):
        yield "database_url", "its password is one that everybody tries first"


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
