"""The server's own secret, and the keys made from it. Keys of different purposes tell nothing about each other."""

import contextlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path

from fedi.config import SECRET_MIN_CHARS, ConfigError, Settings

FILE_NAME = "secret_key"


def derived_key(settings: Settings, purpose: str) -> bytes:
    """32 bytes for one purpose, such as "sessions"."""
    return hmac.digest(root(settings), b"fedi:" + purpose.encode(), "sha256")


def root(settings: Settings) -> bytes:
    """The secret: configured, or read from data_dir, or generated there at the first start (mode 0600).

    Raises ConfigError when it cannot be kept, is too short, or others may read it.
    """
    if settings.secret_key:
        return settings.secret_key.encode()
    path = settings.data_dir / FILE_NAME
    try:
        if not path.exists():
            _generate(path)
        if path.stat().st_mode & 0o077:
            raise ConfigError(f"FEDI_SECRET_KEY: others may read {path}; run: chmod 600 {path}")
        value = path.read_text().strip()
    except OSError as exc:
        raise ConfigError(f"FEDI_SECRET_KEY: cannot keep a secret in {path}: {exc.strerror}") from exc
    if len(value) < SECRET_MIN_CHARS:
        raise ConfigError(f"FEDI_SECRET_KEY: the secret in {path} is shorter than {SECRET_MIN_CHARS} characters")
    return value.encode()


def _generate(path: Path) -> None:
    """Written apart and linked into place, so that of two processes starting at once both use the first one's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".secret") as draft:
        draft.write(secrets.token_hex(32) + "\n")
        draft.flush()
        os.fsync(draft.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft.name, path)
