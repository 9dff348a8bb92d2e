"""`fedi domain`."""

import json

import pytest

from storage import audit, domains
from storage.db import Database
from tests.cli.conftest import Fedi

pytestmark = pytest.mark.anyio


async def test_a_block_is_written_listed_and_removed(fedi: Fedi, database_url: str) -> None:
    done = await fedi("domain", "block", "https://Evil.Example/", "--yes", "--public-comment", "spam")
    assert (done.exit_code, done.stdout) == (0, "evil.example: suspend\n")
    assert (await fedi("domain", "block", "münchen.example", "--severity", "silence", "--reject-media")).exit_code == 0
    listed = json.loads((await fedi("domain", "list", "--json")).stdout)
    assert [(rule["domain"], rule["severity"], rule["reject_media"]) for rule in listed["blocks"]] == [
        ("evil.example", "suspend", False),
        ("xn--mnchen-3ya.example", "silence", True),
    ]
    db = await Database(database_url).open()
    async with db.read() as conn:
        rules = await domains.rules_for(conn, ["sub.evil.example", "good.example"])
    assert {domain: rule.severity for domain, rule in rules.items()} == {"sub.evil.example": "suspend"}
    assert (await fedi("domain", "unblock", "evil.example")).stdout == "evil.example: no rule\n"
    again = await fedi("domain", "unblock", "evil.example")
    assert (again.exit_code, again.stderr) == (1, "Error: there is no such rule for evil.example\n")
    async with db.read() as conn:
        actions = [(entry.action, entry.target) for entry in await audit.latest(conn)]
    await db.close()
    assert actions == [
        ("domain.unblock", "evil.example"),
        ("domain.block", "xn--mnchen-3ya.example"),
        ("domain.block", "evil.example"),
    ]


async def test_a_suspension_asks_first(fedi: Fedi) -> None:
    assert (await fedi("domain", "block", "evil.example", stdin="n\n")).exit_code == 1
    assert (await fedi("domain", "list")).stdout == "There are no rules.\n"
    assert (await fedi("domain", "block", "evil.example", stdin="y\n")).exit_code == 0


async def test_comments_stay_until_others_are_given(fedi: Fedi) -> None:
    async def says(*given: str) -> tuple[str | None, str | None]:
        assert (await fedi("domain", "block", "evil.example", "--yes", *given)).exit_code == 0
        [rule] = json.loads((await fedi("domain", "list", "--json")).stdout)["blocks"]
        return rule["public_comment"], rule["private_comment"]

    assert await says("--public-comment", "spam", "--private-comment", "see 17") == ("spam", "see 17")
    assert await says("--severity", "silence") == ("spam", "see 17")
    assert await says("--public-comment", "", "--private-comment", "see 18") == (None, "see 18")


@pytest.mark.parametrize("domain", ["social.example.test", "example.test", "SOCIAL.example.test"])
async def test_the_server_does_not_block_itself(fedi: Fedi, domain: str) -> None:
    result = await fedi("domain", "block", domain, "--yes")
    assert result.exit_code == 1
    assert "is this server" in result.stderr


async def test_only_domains_are_taken(fedi: Fedi) -> None:
    for wrong in ("not a domain", "", "a..b", "user@host"):
        assert (await fedi("domain", "block", "--yes", wrong)).exit_code == 2


async def test_the_allow_list(fedi: Fedi) -> None:
    done = await fedi("domain", "allow", "good.example")
    assert done.exit_code == 0
    assert "has no effect now" in done.stderr
    quiet = await fedi("domain", "allow", "good.example", federation_mode="allowlist")
    assert quiet.stderr == ""
    assert json.loads((await fedi("domain", "list", "--json")).stdout)["allows"] == ["good.example"]
    assert (await fedi("domain", "disallow", "good.example")).exit_code == 0
    assert (await fedi("domain", "disallow", "good.example")).exit_code == 1
