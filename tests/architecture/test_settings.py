"""Every setting says what it is for, where it is declared; the example file shows all of them and nothing else."""

import re
import tomllib
from pathlib import Path

import pytest

from fedi import config_sources

ROOT = Path(__file__).parents[2]
SETTINGS = config_sources.explain({}, None)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_setting_is_documented(setting: config_sources.Setting) -> None:
    assert setting.doc.endswith("."), f"{setting.name} lacks a description in fedi/config.py"


# What the example shows instead of a default that depends on other settings.
SHOWN = {
    "base_url": "https://social.example.org",
    "account_domain": "example.org",
    "development": False,
    "allow_private_peers": False,
    "smtp_from": "no-reply@example.org",
    "log_format": "json",
}


def test_the_example_file_has_every_setting_with_its_description_and_default() -> None:
    """It is the reference that people read; config.Settings is where it is written."""
    _, *blocks = (ROOT / "fedi.example.toml").read_text().strip().split("\n\n")
    found = {}
    for block in blocks:
        *words, value = block.splitlines()
        ((name, default),) = tomllib.loads(value.removeprefix("# ")).items()
        found[name] = (" ".join(word.removeprefix("## ") for word in words), default)
    settings = config_sources.load({})
    for setting in SETTINGS:
        name = setting.name.removeprefix("FEDI_").lower()
        value = getattr(settings, name)
        wanted = list(value) if isinstance(value, tuple) else str(value) if isinstance(value, Path) else value
        doc, default = found.pop(name)
        assert doc == setting.doc, name
        assert default == SHOWN.get(name, wanted), name
    assert not found


def test_the_example_file_is_valid_when_uncommented(tmp_path: Path) -> None:
    lines = (ROOT / "fedi.example.toml").read_text().splitlines()
    path = tmp_path / "fedi.toml"
    path.write_text("\n".join(re.sub(r"^# (\w+ = )", r"\1", line) for line in lines))
    settings = config_sources.load({}, path)
    assert settings.base_url == "https://social.example.org"


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml", "deploy/fedi.service", ".env.example", "Makefile"])
def test_files_for_operators_name_only_settings_that_exist(name: str) -> None:
    known = {setting.name for setting in SETTINGS}
    known |= {f"{setting}_FILE" for setting in known} | {"FEDI_CONFIG", "FEDI_TEST_DATABASE_URL"}
    named = set(re.findall(r"\bFEDI_[A-Z_]*[A-Z]\b", (ROOT / name).read_text()))
    assert named <= known
