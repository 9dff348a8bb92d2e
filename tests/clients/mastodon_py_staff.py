"""Mastodon.py in the hands of the owner, for `test_mastodon_py_whole`."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.mastodon_py import soon

SCOPES = "read write follow push profile admin:read admin:write"


async def work(scene: Any) -> None:
    await accounts(scene)
    reports(scene)
    rules(scene.owner)
    await trends(scene)
    numbers(scene.owner)


async def accounts(scene: Any) -> None:
    owner = scene.owner
    mallory, gone = await scene.server.person("mallory"), await scene.server.person("gone")
    assert [each["id"] for each in owner.admin_accounts(username="mallory")] == [mallory.id]
    assert [each["id"] for each in owner.admin_accounts_v1(username="mallory")] == [mallory.id]
    assert [each.id for each in owner.admin_accounts_v2(origin="local", username="mallory")] == [mallory.id]
    for action, back, flag in (
        ("disable", "enable", "disabled"),
        ("silence", "unsilence", "silenced"),
        ("sensitive", "unsensitive", "sensitized"),
        ("suspend", "unsuspend", "suspended"),
    ):
        owner.admin_account_moderate(mallory.id, action, text="because", send_email_notification=False)
        assert owner.admin_account(mallory.id)[flag]
        assert not getattr(owner, f"admin_account_{back}")(mallory.id)[flag]
    owner.admin_account_moderate(gone.id, "suspend")
    assert owner.admin_account_delete(gone.id).username == "gone"
    for name, verb in (("welcome", "approve"), ("unwelcome", "reject")):
        person = await scene.server.person(name, approved=False, reason="let me in")
        assert getattr(owner, f"admin_account_{verb}")(person.id).approved is (verb == "approve")


def reports(scene: Any) -> None:
    owner = scene.owner
    filed = scene.alice.report(scene.bob.me(), comment="rude")
    assert filed.id in [each.id for each in owner.admin_reports()]
    assert owner.admin_report(filed).comment == "rude"
    assert owner.admin_report_assign(filed).assigned_account.id == owner.me().id
    assert owner.admin_report_unassign(filed).assigned_account is None
    assert owner.admin_report_resolve(filed).action_taken
    assert not owner.admin_report_reopen(filed).action_taken


def rules(owner: Any) -> None:
    allow = owner.admin_create_domain_allow("good.test")
    assert owner.admin_domain_allow(allow).id == owner.admin_domain_allows()[0].id
    owner.admin_delete_domain_allow(allow)
    block = owner.admin_create_domain_block("bad.test", severity="suspend")
    assert owner.admin_domain_blocks(block).id == owner.admin_domain_blocks()[0].id
    assert owner.admin_update_domain_block(block, severity="silence").severity == "silence"
    owner.admin_delete_domain_block(block)
    mail = owner.admin_create_email_domain_block("mail.evil.test")
    assert owner.admin_email_domain_block(mail.id).id == owner.admin_email_domain_blocks()[0].id
    owner.admin_delete_email_domain_block(mail.id)
    hashed = owner.admin_create_canonical_email_block(email="x@mail.test")
    assert owner.admin_canonical_email_block(hashed.id).id == owner.admin_canonical_email_blocks()[0].id
    assert [each.id for each in owner.admin_test_canonical_email_block("X+y@mail.test")] == [hashed.id]
    owner.admin_delete_canonical_email_block(hashed.id)
    address = owner.admin_create_ip_block("198.51.100.7", "no_access", comment="a", expires_in=3600)
    assert owner.admin_ip_block(address.id).id == owner.admin_ip_blocks()[0].id
    assert owner.admin_update_ip_block(address.id, comment="b").comment == "b"
    owner.admin_delete_ip_block(address.id)


async def trends(scene: Any) -> None:
    """What three people post of becomes a trend when the owner has looked at it."""
    owner = scene.owner
    everybody = (scene.alice, scene.bob, owner)
    posts = [client.status_post(f"#popular {scene.site}/popular") for client in everybody]
    for client in everybody[1:]:
        client.status_favourite(posts[0])
        client.status_reblog(posts[0])
    await scene.look_at_pages()
    for what in ("tag", "link", "status"):
        plural = {"status": "statuses"}.get(what, f"{what}s")
        listed = getattr(owner, f"admin_trending_{plural}")
        (found, *_) = soon(listed)
        assert getattr(owner, f"admin_reject_trending_{what}")(found.id)
        assert getattr(owner, f"admin_approve_trending_{what}")(found.id)
        assert getattr(scene.alice, f"trending_{plural}")(), what


def numbers(owner: Any) -> None:
    now = datetime.now(UTC)
    since = now - timedelta(days=2)
    measures = owner.admin_measures(since, now, new_users=True, interactions=True, instance_accounts="b.test")
    assert [each.key for each in measures] == ["new_users", "interactions", "instance_accounts"]
    assert owner.admin_dimensions(since, now, languages=True, space_usage=True)[0].data
    assert owner.admin_retention(since, now, frequency="day")[0].data
