"""Backups as docs/operating.md says: `pg_dump -Fc`, and `pg_restore` into an empty database."""

import subprocess

from storage import binaries


def dump(url: str) -> bytes:
    return _run("pg_dump", "-Fc", url)


def restore(url: str, backup: bytes) -> None:
    _run("pg_restore", "--no-owner", "-d", url, given=backup)


def check(url: str) -> None:
    """pg_amcheck: no page contradicts another."""
    _run("pg_amcheck", "--install-missing", "--heapallindexed", "--parent-check", url)


def _run(program: str, *arguments: str, given: bytes | None = None) -> bytes:
    command = [str(binaries.find(None).directory / program), *arguments]
    done = subprocess.run(command, input=given, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-2000:]
    return done.stdout
