"""Hashing of passwords."""

import time

import pytest

from fedi.auth import passwords

pytestmark = pytest.mark.anyio


async def test_hashes_are_argon2id_with_the_parameters_we_chose() -> None:
    hashed = await passwords.hashed("correct horse")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert not passwords.outdated(hashed)
    assert await passwords.matches(hashed, "correct horse")
    assert not await passwords.matches(hashed, "Correct horse")


async def test_a_login_that_does_not_exist_never_matches_and_costs_as_much() -> None:
    hashed = await passwords.hashed("something")
    assert not await passwords.matches(None, "no login has this password")

    async def cost(known: str | None) -> float:
        started = time.perf_counter()
        await passwords.matches(known, "wrong")
        return time.perf_counter() - started

    known = min([await cost(hashed) for _ in range(4)])
    unknown = min([await cost(None) for _ in range(4)])
    assert unknown > known / 3


async def test_broken_hashes_and_endless_passwords_are_no_match() -> None:
    assert not await passwords.matches("not a hash", "x")
    assert not await passwords.matches(await passwords.hashed("x" * 600), "x" * 600)


async def test_weaker_hashes_are_recognised() -> None:
    assert passwords.outdated("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$c29tZWhhc2hzb21laGFzaA")
