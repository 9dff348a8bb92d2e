"""Settings: environment over file over default; what is left out is derived; what is wrong is said in one line."""

import os
from pathlib import Path

import pytest

from fedi import config, config_sources, secret
from fedi.config import ConfigError


def _load(**values: str) -> config.Settings:
    return config_sources.load({f"FEDI_{name.upper()}": value for name, value in values.items()})


@pytest.fixture(autouse=True)
def _no_file_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_without_any_setting_it_is_a_server_for_trying_out_on_localhost() -> None:
    settings = _load()
    assert settings.base_url == "http://localhost:8000"
    assert settings.account_domain == settings.web_domain == "localhost:8000"
    assert settings.development
    assert settings.allow_private_peers
    assert settings.streaming_url == "ws://localhost:8000"
    assert settings.log_format == "text"
    assert settings.media_dir == Path("data/media")


def test_a_real_address_is_not_development() -> None:
    settings = _load(base_url="https://Social.Example.org:443/", account_domain="Example.org")
    assert settings.base_url == "https://social.example.org"
    assert settings.account_domain == "example.org"
    assert not settings.development
    assert not settings.allow_private_peers
    assert settings.streaming_url == "wss://social.example.org"
    assert settings.smtp_from == "no-reply@example.org"
    assert settings.user_agent.endswith("(+https://social.example.org/)")


@pytest.mark.parametrize(
    "address", ["http://localhost:81", "http://a.localhost:8001", "http://127.0.0.1", "http://[::1]:9"]
)
def test_plain_http_on_this_machine_is_development(address: str) -> None:
    assert _load(base_url=address).development


def test_an_international_domain_is_stored_in_its_ascii_form() -> None:
    assert _load(base_url="https://bücher.example").account_domain == "xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("base_url", "http://social.example.org", "plain http is only for trying it out"),
        ("base_url", "https://example.org/social", "must not have a path"),
        ("base_url", "social.example.org", "is not an address like"),
        ("base_url", "https://example.org:99999", "is not allowed"),
        ("base_url", "https://me:pw@example.org", "is not an address like"),
        ("account_domain", "https://example.org", "is not a domain"),
        ("listen_port", "http", "expected a whole number from 1 to 65535"),
        ("listen_port", "0", "expected a whole number from 1 to 65535"),
        ("registrations", "opne", "expected one of open, approval, invite, closed"),
        ("rate_limiting", "maybe", "expected true or false"),
        ("trusted_proxies", "10.0.0.0/8,proxy", "'proxy' is not an address or network"),
        ("metrics_listen", "9464", "is neither host:port nor off"),
        ("database_url", "mysql://x", "must begin with postgresql://"),
        ("secret_key", "changeme", "must have at least 32 characters"),
        ("poll_min_seconds", "9999999", "must not be more than"),
        ("languages", " , ", "is not allowed"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_setting(name: str, value: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f"^FEDI_{name.upper()}: .*{message}") as refused:
        _load(**{name: value})
    assert "\n" not in str(refused.value)


def test_a_wrong_secret_is_not_shown() -> None:
    with pytest.raises(ConfigError) as refused:
        _load(secret_key="hunter2", database_url="mysql://user:hunter2@host/x")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("word", ["true", "1", "yes", "ON"])
def test_yes_has_many_words(word: str) -> None:
    assert _load(development=word, base_url="http://social.example.org").development


def test_environment_wins_over_file_and_file_over_default(tmp_path: Path) -> None:
    (tmp_path / "fedi.toml").write_text('title = "From the file"\nlisten_port = 9000\nlanguages = ["de", "en"]\n')
    settings = config_sources.load({"FEDI_LISTEN_PORT": "9001"})
    assert (settings.title, settings.listen_port, settings.languages) == ("From the file", 9001, ("de", "en"))
    sources = {line.name: line.source for line in config_sources.explain({"FEDI_LISTEN_PORT": "9001"})}
    assert sources["FEDI_LISTEN_PORT"] == "environment"
    assert sources["FEDI_TITLE"] == "fedi.toml"
    assert sources["FEDI_BASE_URL"] == "derived"
    assert sources["FEDI_LOG_LEVEL"] == "default"


def test_an_empty_variable_is_as_good_as_none() -> None:
    assert _load(title="").title == "Fedi"


def test_a_mistyped_name_is_refused_in_the_file_and_pointed_out_in_the_environment(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text("titel = 'x'\n")
    with pytest.raises(ConfigError, match=r"titel: not a setting.*did you mean title"):
        config_sources.load({"FEDI_CONFIG": str(tmp_path / "other.toml")})
    assert config_sources.unknown_variables({"FEDI_BASEURL": "x", "FEDI_TITLE": "x", "HOME": "/"}) == [
        "FEDI_BASEURL is not a setting; did you mean FEDI_BASE_URL?"
    ]


@pytest.mark.parametrize("content", [None, "title = ", "title = 5"])
def test_a_file_that_is_missing_or_wrong_is_one_line(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "chosen.toml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match=r"chosen\.toml"):
        config_sources.load({"FEDI_CONFIG": str(path)})


def test_secrets_come_from_files_too_and_are_masked(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2\n")
    environ = {"FEDI_SMTP_PASSWORD_FILE": str(tmp_path / "password")}
    assert config_sources.load(environ).smtp_password == "hunter2"
    line = next(line for line in config_sources.explain(environ) if line.name == "FEDI_SMTP_PASSWORD")
    assert (line.value, line.source) == (config.MASK, str(tmp_path / "password"))
    with pytest.raises(ConfigError, match="not both"):
        config_sources.load(environ | {"FEDI_SMTP_PASSWORD": "other"})


def test_an_address_for_metrics_has_two_parts() -> None:
    assert config.metrics_address(_load(metrics_listen="[::1]:9000")) == ("::1", 9000)
    assert config.metrics_address(_load(metrics_listen="off")) is None


def test_the_secret_is_generated_once_and_only_for_us(tmp_path: Path) -> None:
    settings = _load(data_dir=str(tmp_path / "data"))
    first = secret.derived_key(settings, "sessions")
    assert secret.derived_key(settings, "sessions") == first
    assert secret.derived_key(settings, "links") != first
    path = tmp_path / "data" / "secret_key"
    assert path.stat().st_mode & 0o777 == 0o600
    os.chmod(path, 0o644)
    with pytest.raises(ConfigError, match="others may read"):
        secret.derived_key(settings, "sessions")


def test_a_configured_secret_is_used(tmp_path: Path) -> None:
    assert secret.root(_load(secret_key="x" * 32, data_dir=str(tmp_path))) == b"x" * 32
    assert not list(tmp_path.iterdir())
