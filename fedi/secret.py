"""The server's own secret, and the keys made from it. Keys of different purposes tell nothing about each other."""

import contextlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path

from federation.vault import Vault
from fedi import strength
from fedi.config import ConfigError, Settings

FILE_NAME = "secret_key"
KEYS = "private keys"


def derived_key(settings: Settings, purpose: str) -> bytes:
    """32 bytes for one purpose, such as "sessions"."""
    return _derived(root(settings), purpose)


def _derived(secret: bytes, purpose: str) -> bytes:
    return hmac.digest(secret, b"fedi:" + purpose.encode(), "sha256")


def vault(settings: Settings) -> Vault:
    """What opens the private keys in the database. They are sealed where the secret cannot be another one in the next
    process: where the operator has set it, or it lies beside the embedded database."""
    return Vault(derived_key(settings, KEYS), sealing=bool(settings.secret_key or not settings.database_url))


def old_vault(path: Path) -> Vault:
    """The same, with the secret that a file holds."""
    try:
        value = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"cannot read {path}: {exc}") from exc
    return Vault(_derived(value.encode(), KEYS), sealing=True)


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
    fault = strength.fault(value, development=settings.development)
    if fault is not None:
        raise ConfigError(f"FEDI_SECRET_KEY: the secret in {path} {fault}")
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
