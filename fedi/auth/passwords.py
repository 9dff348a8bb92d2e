"""Passwords: argon2id, off the event loop, and never more at once than the machine can bear.

Parameters: RFC 9106 and OWASP's second choice (19 MiB, 2 passes, 1 lane).
"""

import asyncio
import functools
import os
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_CHARACTERS = 8
MAX_CHARACTERS = 512

_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_threads = ThreadPoolExecutor(max_workers=max(os.cpu_count() or 1, 2), thread_name_prefix="passwords")


async def hashed(password: str) -> str:
    return await asyncio.get_running_loop().run_in_executor(_threads, _hasher.hash, password)


async def matches(known: str | None, password: str) -> bool:
    """Takes the same time whether or not there is a login: without a hash, a dummy is verified."""
    right = await asyncio.get_running_loop().run_in_executor(_threads, _verify, known, password)
    return right and known is not None


def outdated(known: str) -> bool:
    """Whether it was made with other parameters than today's."""
    return _hasher.check_needs_rehash(known)


def _verify(known: str | None, password: str) -> bool:
    if len(password) > MAX_CHARACTERS:
        return False
    try:
        return _hasher.verify(known or _dummy(), password)
    except (VerificationError, InvalidHashError):
        return False


@functools.cache
def _dummy() -> str:
    return _hasher.hash("no login has this password")
