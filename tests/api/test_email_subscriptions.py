"""Reading somebody's public posts by e-mail: who can be read, who is written to, and that nobody learns who reads."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from fedi.services import subscriptions
from tests.support import mailbox
from tests.support.browser import browser
from tests.support.mailbox import Mailbox
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

Servers = Callable[..., Awaitable[list[Node]]]
READER = "reader@mail.test"


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    async with mailbox.mailbox() as found:
        yield found


@pytest.fixture
async def stage(servers: Servers, box: Mailbox) -> tuple[Node, Person, Mailbox]:
    """Alice can be read by e-mail."""
    (server,) = await servers("example.test", email_subscriptions="everyone", **mailbox.settings(box))
    alice = await server.person("alice")
    await offers(alice)
    return server, alice, box


async def offers(person: Person, *, enabled: bool = True) -> None:
    async with browser(person.node) as window:
        await window.log_in(person.username)
        await window.open("/auth/subscribers")
        fields = {"enabled": "true"} if enabled else {}
        form = {name: value for name, value in window.form("/auth/subscribers").items() if name != "enabled"}
        sent = {"Sec-Fetch-Site": "same-origin", "Origin": person.node.base_url}
        answer = await window.client.post("/auth/subscribers", data={**form, **fields}, headers=sent)
        assert answer.status_code == 303
        await window.open(answer.headers["location"])
        assert "Saved." in window.html


async def asks(person: Person, address: str = READER, *, status: int = 200, language: str = "en") -> Any:
    path = f"/api/v1/accounts/{person.id}/email_subscriptions"
    headers = {"Accept-Language": language}
    return await person.node.api("POST", path, json={"email": address}, headers=headers, status=status)


async def later(server: Node) -> None:
    """What waits for its time has it now."""
    await drain(server)
    async with server.db.transaction() as conn:
        await conn.execute("update jobs set run_at = now()")
    await drain(server)


async def subscribed(stage: Any, address: str = READER) -> None:
    server, alice, box = stage
    await asks(alice, address)
    await drain(server)
    async with browser(server) as window:
        await window.open(box.link(address))
        await window.submit("/email_subscriptions/confirm")
        assert window.status == 200
    box.letters.clear()


async def count(server: Node, table: str = "email_subscriptions") -> int:
    async with server.db.read() as conn:
        found: int = await conn.fetchval(f"select count(*) from {table}")
    return found


def bodies(box: Mailbox, address: str = READER) -> list[str]:
    return [letter.get_content() for letter in box.to(address)]


async def test_posts_come_together_in_one_letter_after_the_address_is_confirmed(stage: Any) -> None:
    server, alice, box = stage
    assert await asks(alice) == {}
    await alice.posts("too early")
    await later(server)
    (letter,) = box.to(READER)
    assert letter["Subject"] == "Confirm that you want to read @alice by e-mail"
    first_link = box.link(READER)
    await subscribed(stage, "second@mail.test")
    async with browser(server) as window:
        await window.open(first_link)
        await window.submit("/email_subscriptions/confirm")
    box.letters.clear()
    first = await alice.posts("Good **morning**", content_type="text/markdown")
    await alice.posts("and good night", spoiler_text="Sleep")
    await drain(server)
    assert box.letters == []
    await later(server)
    assert sorted(str(each["To"]) for each in box.letters) == [READER, "second@mail.test"]
    (letter,) = box.to(READER)
    assert letter["Subject"] == "2 new posts by @alice"
    body = letter.get_content()
    assert "Good morning" in body
    assert first["url"] in body
    assert "Content warning: Sleep" in body
    assert "too early" not in body
    assert "good night" not in body
    box.letters.clear()
    await later(server)
    assert box.letters == []


async def test_what_is_not_for_everybody_is_sent_to_nobody(stage: Any) -> None:
    server, alice, box = stage
    await subscribed(stage)
    bob = await server.person("bob")
    theirs = await bob.posts("by bob")
    own = await alice.posts("the start")
    for visibility in ("unlisted", "private", "direct"):
        await alice.posts(f"{visibility} words", visibility=visibility)
    await alice.posts("@bob an answer", in_reply_to_id=theirs["id"])
    await alice.post(f"/api/v1/statuses/{theirs['id']}/reblog")
    await alice.posts("a thread", in_reply_to_id=own["id"])
    gone = await alice.posts("thought better of it")
    await drain(server)
    await alice.api("DELETE", f"/api/v1/statuses/{gone['id']}")
    await later(server)
    (body,) = bodies(box)
    assert "the start" in body
    assert "a thread" in body
    for words in ("unlisted", "private", "direct", "answer", "by bob", "thought better"):
        assert words not in body


async def test_one_click_ends_it_in_the_mail_program_too(stage: Any) -> None:
    server, alice, box = stage
    await subscribed(stage)
    await subscribed(stage, "second@mail.test")
    await alice.posts("Hello")
    await later(server)
    letter = box.to(READER)[0]
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = letter["List-Unsubscribe"].strip("<>")
    assert link in letter.get_content()
    # As it was sent: mail programs do not look for addresses in encoded words (RFC 2047, 5).
    assert dict(letter.raw_items())["List-Unsubscribe"] == f"<{link}>"
    seen = await server.client.get(link)
    assert await count(server) == 2, "who only looks stays"
    assert seen.status_code == 200
    for _ in range(2):
        answer = await server.client.post(link, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
    async with browser(server) as window:
        await window.open(box.to("second@mail.test")[0]["List-Unsubscribe"].strip("<>"))
        await window.submit("/email_subscriptions/unsubscribe")
        assert "not subscribed" in window.html
    assert await count(server) == 0
    box.letters.clear()
    await alice.posts("Anybody?")
    await later(server)
    assert box.letters == []


async def test_nobody_learns_who_reads(stage: Any) -> None:
    server, alice, box = stage
    await subscribed(stage)
    answers = [await server.client.post(f"/api/v1/accounts/{alice.id}/email_subscriptions", json={"email": each})
               for each in (READER, READER.upper(), "new@mail.test", "new@mail.test")]  # fmt: skip
    assert {(each.status_code, each.text) for each in answers} == {(200, "{}")}
    await drain(server)
    assert [str(each["To"]) for each in box.letters] == ["new@mail.test"]
    for purpose in ("confirm", "unsubscribe"):
        for token in ("", "1", "1-", "1-" + "0" * 40, "x-y", "99999999999999999999-1", "2-\u00e9"):
            got = await server.client.get(f"/email_subscriptions/{purpose}", params={"token": token})
            assert got.status_code == (410 if purpose == "confirm" else 200)
            posted = await server.client.post("/email_subscriptions/unsubscribe", params={"token": token})
            assert posted.status_code == 200
    assert await count(server) == 2


async def test_a_link_is_good_for_one_thing_and_one_address(stage: Any) -> None:
    server, alice, box = stage
    await asks(alice)
    await drain(server)
    token = box.link(READER).partition("token=")[2]
    await server.client.post("/email_subscriptions/unsubscribe", params={"token": token})
    other = token.replace(token.partition("-")[0], str(int(token.partition("-")[0]) + 1), 1)
    assert (await server.client.get("/email_subscriptions/confirm", params={"token": other})).status_code == 410
    assert await count(server) == 1
    async with server.db.transaction() as conn:
        await conn.execute("update email_subscriptions set asked_at = now() - interval '8 days'")
    await subscriptions.tidy(server.app)
    assert await count(server) == 0
    assert (await server.client.get("/email_subscriptions/confirm", params={"token": token})).status_code == 410


async def test_addresses_are_judged_as_at_the_door(stage: Any) -> None:
    server, alice, box = stage
    admin = await server.person("admin", role="admin", scopes="admin:write")
    await admin.post("/api/v1/admin/email_domain_blocks", {"domain": "spam.test"})
    await admin.post("/api/v1/admin/canonical_email_blocks", {"email": "evil@mail.test"})
    for address, code in (("", "ERR_BLANK"), ("nonsense", "ERR_INVALID"), ("x@spam.test", "ERR_BLOCKED")):
        answer = await asks(alice, address, status=422)
        assert [each["error"] for each in answer["details"]["email"]] == [code]
    assert await asks(alice, "e.vil+1@mail.test") == {}
    await drain(server)
    assert (box.letters, await count(server)) == ([], 0)


async def test_who_does_not_offer_it_cannot_be_read(stage: Any, servers: Servers) -> None:
    server, alice, box = stage
    bob = await server.person("bob")
    await asks(bob, status=404)
    assert (await alice.get("/api/v1/accounts/verify_credentials"))["email_subscriptions"] is True
    assert (await server.api("GET", f"/api/v1/accounts/{bob.id}"))["email_subscriptions"] is False
    profile = (await server.client.get("/@alice")).text
    assert "/email_subscriptions" in profile
    assert "/email_subscriptions" not in (await server.client.get("/@bob")).text
    await subscribed(stage)
    await offers(alice, enabled=False)
    assert (await server.api("GET", f"/api/v1/accounts/{alice.id}"))["email_subscriptions"] is False
    await asks(alice, status=404)
    await alice.posts("Hello?")
    await later(server)
    assert box.letters == []
    assert await count(server, "email_posts") == 0


async def test_off_is_off(servers: Servers, box: Mailbox) -> None:
    (server,) = await servers("example.test", **mailbox.settings(box))
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        await conn.execute("update account_settings set email_subscriptions = true")
    await asks(alice, status=404)
    assert "email_subscriptions" not in await alice.get("/api/v1/accounts/verify_credentials")
    async with browser(server) as window:
        await window.log_in("alice")
        await window.open("/auth/subscribers")
        assert "cannot offer" in window.html
        await window.open("/")
        assert "/auth/subscribers" not in window.html


async def test_roles_decide_where_the_operator_says_so(servers: Servers, box: Mailbox) -> None:
    (server,) = await servers("example.test", email_subscriptions="roles", **mailbox.settings(box))
    alice, admin = await server.person("alice"), await server.person("admin", role="admin")
    await offers(admin)
    await asks(admin)
    async with browser(server) as window:
        await window.log_in("alice")
        await window.open("/auth/subscribers")
        assert "cannot offer" in window.html
    async with server.db.transaction() as conn:
        await conn.execute("update account_settings set email_subscriptions = true")
    await asks(alice, status=404)


async def test_whoever_is_suspended_or_gone_is_read_no_more(stage: Any) -> None:
    server, alice, box = stage
    owner = await server.person("owner", role="owner", scopes="admin:write")
    await subscribed(stage)
    await alice.posts("Hello")
    await drain(server)
    await owner.post(f"/api/v1/admin/accounts/{alice.id}/action", {"type": "suspend"})
    await later(server)
    assert box.to(READER) == []
    await asks(alice, status=404)
    await owner.api("DELETE", f"/api/v1/admin/accounts/{alice.id}")
    await later(server)
    assert await count(server) == 0


async def test_an_address_that_there_is_not_is_forgotten(stage: Any) -> None:
    server, alice, box = stage
    await subscribed(stage)
    box.refuse = READER
    await alice.posts("Hello")
    await later(server)
    assert await count(server) == 0


async def test_the_form_on_a_profile_works_in_the_readers_language(stage: Any) -> None:
    server, _, box = stage
    async with browser(server) as window:
        window.client.headers["Accept-Language"] = "de"
        await window.open("/@alice")
        await window.submit("/email_subscriptions", {"email": "nonsense"})
        assert window.status == 422
        await window.submit("/email_subscriptions", {"email": READER})
        assert window.status == 200
        await drain(server)
        (letter,) = box.to(READER)
        assert letter["Subject"] == "Bestätige, dass du @alice per E-Mail lesen möchtest"
    async with browser(server) as window:
        await window.open("/@alice")
        form = {**window.form("/email_subscriptions"), "form_token": "x", "email": "other@mail.test"}
        await window.submit("/email_subscriptions", form)
        assert window.status == 422
    await drain(server)
    assert box.to("other@mail.test") == []


async def test_readers_are_counted_and_forgotten_by_whom_they_read(stage: Any) -> None:
    server, alice, _ = stage
    await subscribed(stage)
    async with browser(server) as window:
        await window.log_in("alice")
        await window.open("/auth/subscribers")
        assert "1 person reads you" in window.html
        assert READER not in window.html
        await window.submit("/auth/subscribers/forget", {"form_token": "x"})
        assert await count(server) == 1
        await window.open("/auth/subscribers")
        await window.submit("/auth/subscribers/forget")
        assert await count(server) == 0
    assert alice.id


async def test_asking_is_limited_by_network_and_by_address(servers: Servers, box: Mailbox) -> None:
    (server,) = await servers(
        "example.test", email_subscriptions="everyone", rate_limiting="true", rate_limits="subscribe=100/300",
        **mailbox.settings(box),
    )  # fmt: skip
    people = [await server.person(f"person{number}") for number in range(7)]
    async with server.db.transaction() as conn:
        await conn.execute("update account_settings set email_subscriptions = true")
    for number, person in enumerate(people):
        assert await asks(person, f"rea.der+{number}@mail.test") == {}
    await drain(server)
    assert len(box.letters) == 5
    (other,) = await servers("other.test", email_subscriptions="everyone", rate_limiting="true",
                             **mailbox.settings(box))  # fmt: skip
    alice = await other.person("alice")
    async with other.db.transaction() as conn:
        await conn.execute("update account_settings set email_subscriptions = true")
    for number in range(5):
        await asks(alice, f"x{number}@mail.test")
    await asks(alice, "x6@mail.test", status=429)


async def test_mail_is_needed(servers: Servers) -> None:
    with pytest.raises(Exception, match="FEDI_EMAIL_SUBSCRIPTIONS: needs FEDI_SMTP_HOST"):
        await servers("example.test", email_subscriptions="everyone")
