"""Absolute URLs of files: ours under /media/, other servers' where they are, and a picture for who has none."""


def blob(base_url: str, name: str) -> str:
    return f"{base_url}/media/{name}"


def either(base_url: str, file: str | None, remote_url: str | None) -> str | None:
    """Our copy if there is one, else the original."""
    return blob(base_url, file) if file else remote_url or None


def missing_avatar(base_url: str) -> str:
    return f"{base_url}/avatars/original/missing.png"


def missing_header(base_url: str) -> str:
    return f"{base_url}/headers/original/missing.png"
