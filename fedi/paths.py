"""Where the files are that are not Python: beside the packages in a checkout, inside this one when installed."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def directory(name: str) -> Path:
    """The directory `templates` or `locales`. See setup.py."""
    installed = _PACKAGE / f"_{name}"
    return installed if installed.is_dir() else _PACKAGE.parent / name
