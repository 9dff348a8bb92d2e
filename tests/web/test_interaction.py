"""Arriving with an address to follow somebody or answer a post, in a browser without scripts."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.support.browser import Browser, browser
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

PATH = "/authorize_interaction"


def about(uri: str) -> str:
    return f"{PATH}?uri={quote(uri, safe='')}"


async def relationship(viewer: Person, other: dict[str, Any]) -> Any:
    (found,) = await viewer.api("GET", "/api/v1/accounts/relationships", params={"id[]": other["id"]})
    return found


async def button(window: Browser, action: str, do: str) -> None:
    """Press a button of a form, and go where it leads."""
    await window.submit(action, {"do": do})
    assert window.status == 303, window.html
    await window.follow()


async def test_who_is_not_signed_in_comes_back_after_logging_in(servers: Any) -> None:
    a, b = await servers("a.test", "b.test")
    await a.person("alice")
    bob = await b.person("bob")
    async with browser(a) as window:
        await window.open(f"{about(bob.uri)}&extra=1%262")
        assert window.status == 303
        await window.follow()
        await window.submit("/auth/log_in", {"login": "alice", "password": "correct horse battery staple"})
        assert window.location == f"{about(bob.uri)}&extra=1%262"
        await window.follow()
        assert window.status == 200
        assert "@bob@b.test" in window.html


@pytest.mark.parametrize("spelling", ["bob@b.test", "@bob@b.test", "acct:bob@b.test", "https://b.test/@bob"])
async def test_an_account_of_another_server_is_followed_and_left(servers: Any, spelling: str) -> None:
    a, b = await servers("a.test", "b.test")
    alice, bob = await a.person("alice"), await b.person("bob")
    async with browser(a) as window:
        await window.log_in("alice")
        await window.open(about(spelling))
        seen = await alice.finds(bob)
        action = f"{PATH}/accounts/{seen['id']}"
        await button(window, action, "follow")
        assert "You have asked to follow" in window.html
        await drain(a, b)
        await window.open(about(spelling))
        assert "You follow this account" in window.html
        assert [each["acct"] for each in await bob.get(f"/api/v1/accounts/{bob.id}/followers")] == ["alice@a.test"]
        await button(window, action, "unfollow")
        await drain(a, b)
    assert await bob.get(f"/api/v1/accounts/{bob.id}/followers") == []


async def test_a_request_can_be_withdrawn(server: Node) -> None:
    alice, locked = await server.person("alice"), await server.person("locked", locked=True)
    async with browser(server) as window:
        await window.log_in("alice")
        await window.open(about(locked.uri))
        assert "Ask to follow" in window.html
        action = f"{PATH}/accounts/{locked.id}"
        await button(window, action, "follow")
        assert (await relationship(alice, {"id": locked.id}))["requested"]
        assert "Withdraw the request" in window.html
        await button(window, action, "unfollow")
        assert not (await relationship(alice, {"id": locked.id}))["requested"]


async def test_who_has_been_blocked_gets_no_button_and_no_follow(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    async with browser(server) as window:
        await window.log_in("alice")
        await window.open(about(bob.uri))
        form = window.form(f"{PATH}/accounts/{bob.id}")
        await bob.post(f"/api/v1/accounts/{alice.id}/block")
        headers = {"Sec-Fetch-Site": "same-origin"}
        answer = await window.client.post(f"{PATH}/accounts/{bob.id}", data={**form, "do": "follow"}, headers=headers)
        assert answer.status_code == 403
        assert "You cannot follow this account" in answer.text
        assert 'value="follow"' not in answer.text
    assert not (await relationship(alice, {"id": bob.id}))["following"]


async def test_oneself_is_shown_without_buttons(server: Node) -> None:
    alice = await server.person("alice")
    async with browser(server) as window:
        await window.log_in("alice")
        await window.open(about("alice@example.test"))
        assert "This is you" in window.html
        assert f"{PATH}/accounts/{alice.id}" not in window.html


async def test_a_post_of_another_server_is_answered_favourited_and_boosted(servers: Any) -> None:
    a, b = await servers("a.test", "b.test")
    alice, bob = await a.person("alice"), await b.person("bob")
    carol = await b.person("carol")
    post = await bob.posts("What do you think, @carol?")
    async with browser(a) as window:
        await window.log_in("alice")
        await window.open(about(post["url"]))
        assert "What do you think" in window.html
        seen = await alice.sees(post["uri"])
        action = f"{PATH}/statuses/{seen['id']}"
        assert window.form(f"{action}/replies")["text"] == "@bob@b.test @carol@b.test "
        await button(window, action, "favourite")
        await button(window, action, "boost")
        assert 'value="unfavourite"' in window.html
        assert 'value="unboost"' in window.html
        await window.submit(f"{action}/replies", {"text": "@bob@b.test @carol@b.test A good idea."})
        assert window.status == 303, window.html
        await window.follow()
        assert "Your answer is posted" in window.html
        assert "A good idea." in window.html
    await drain(a, b)
    there = await bob.get(f"/api/v1/statuses/{post['id']}")
    assert (there["replies_count"], there["favourites_count"], there["reblogs_count"]) == (1, 1, 1)
    (answer,) = (await bob.get(f"/api/v1/statuses/{post['id']}/context"))["descendants"]
    assert (answer["account"]["acct"], answer["visibility"]) == ("alice@a.test", "public")
    assert [each["type"] for each in await carol.notifications()] == ["mention", "mention"]


async def test_marks_are_taken_back(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await bob.posts("hello")
    async with browser(server) as window:
        await window.log_in("alice")
        await window.open(about(post["uri"]))
        for do in ("favourite", "unfavourite", "boost", "unboost"):
            await button(window, f"{PATH}/statuses/{post['id']}", do)
    there = await alice.get(f"/api/v1/statuses/{post['id']}")
    assert (there["favourited"], there["reblogged"]) == (False, False)


@pytest.mark.parametrize("visibility", ["unlisted", "private", "direct"])
async def test_an_answer_is_as_private_as_what_it_answers(server: Node, visibility: str) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    await alice.follow(bob)
    post = await bob.posts("psst @alice", visibility=visibility, spoiler_text="a secret")
    async with browser(server) as window:
        await window.log_in("alice")
        await window.open(about(post["uri"]))
        assert ('value="boost"' in window.html) == (visibility == "unlisted")
        await window.submit(f"{PATH}/statuses/{post['id']}/replies", {"text": "@bob understood"})
        assert window.status == 303
    (answer,) = (await bob.get(f"/api/v1/statuses/{post['id']}/context"))["descendants"]
    assert (answer["visibility"], answer["spoiler_text"]) == (visibility, "a secret")


async def test_an_answer_sent_twice_is_posted_once(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await bob.posts("hello")
    async with browser(server) as window:
        await window.log_in("alice")
        await window.open(about(post["uri"]))
        action = f"{PATH}/statuses/{post['id']}/replies"
        sent = {**window.form(action), "text": "@bob once"}
        headers = {"Sec-Fetch-Site": "same-origin"}
        first = await window.client.post(action, data=sent, headers=headers)
        second = await window.client.post(action, data=sent, headers=headers)
        assert first.headers["location"] == second.headers["location"]
    assert (await alice.get(f"/api/v1/statuses/{post['id']}"))["replies_count"] == 1


@pytest.mark.parametrize("text", ["", "@bob", "@bob " + "x" * 6000])
async def test_an_answer_that_cannot_be_posted_keeps_its_text(server: Node, text: str) -> None:
    await server.person("alice")
    bob = await server.person("bob")
    post = await bob.posts("hello")
    async with browser(server) as window:
        await window.log_in("alice")
        await window.open(about(post["uri"]))
        action = f"{PATH}/statuses/{post['id']}/replies"
        await window.submit(action, {"text": text})
        assert window.status == 422
        assert 'role="alert"' in window.html
        assert window.form(action)["text"] == text


async def test_forms_from_elsewhere_do_nothing(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await bob.posts("hello")
    forms = {
        f"{PATH}/accounts/{bob.id}": {"do": "follow"},
        f"{PATH}/statuses/{post['id']}": {"do": "boost"},
        f"{PATH}/statuses/{post['id']}/replies": {"text": "@bob forged"},
    }
    async with browser(server) as window:
        await window.log_in("alice")
        for action, values in forms.items():
            uri = bob.uri if "accounts" in action else post["uri"]
            await window.open(about(uri))
            await window.submit(action, values, headers={"Sec-Fetch-Site": "cross-site"})
            assert window.status == 422
            await window.open(about(uri))
            await window.submit(action, {**values, "form_token": "0" * 64})
            assert window.status == 422
    async with browser(server) as stranger:
        answer = await stranger.client.post(f"{PATH}/accounts/{bob.id}", data={"do": "follow"})
        assert answer.headers["location"].startswith("/auth/log_in")
    assert not (await relationship(alice, {"id": bob.id}))["following"]
    there = await bob.get(f"/api/v1/statuses/{post['id']}")
    assert (there["replies_count"], there["reblogs_count"]) == (0, 0)


async def test_what_is_hidden_cannot_be_told_from_what_does_not_exist(server: Node) -> None:
    await server.person("alice")
    bob = await server.person("bob")
    hidden = await bob.posts("for followers", visibility="private")
    pages = []
    async with browser(server) as window:
        await window.log_in("alice")
        for uri in (hidden["uri"], f"{bob.uri}/statuses/1", "nobody@example.test", "https://down.test/@x", "words"):
            await window.open(about(uri))
            assert window.status == 404
            pages.append(window.html.replace(uri, ""))
        for action in ("", "/replies"):
            answer = await window.client.post(
                f"{PATH}/statuses/{hidden['id']}{action}",
                data={**window.client.cookies, "do": "favourite", "text": "x"},
                headers={"Sec-Fetch-Site": "same-origin"},
            )
            assert answer.status_code == 404
            assert "for followers" not in answer.text
    assert len(set(pages)) == 1


async def test_without_an_address_one_can_be_typed(server: Node) -> None:
    await server.person("alice")
    async with browser(server) as window:
        await window.log_in("alice")
        await window.open(PATH)
        assert window.status == 200
        assert window.form(PATH) == {"uri": ""}


async def test_looking_up_is_limited(servers: Any) -> None:
    (server,) = await servers("example.test", rate_limiting="true")
    await server.person("alice")
    async with browser(server) as window:
        await window.log_in("alice")
        codes = {(await window.open(about("alice@example.test"))).status_code for _ in range(61)}
    assert codes == {200, 429}


async def test_a_post_that_is_begun_elsewhere_is_written_here(server: Node) -> None:
    alice = await server.person("alice")
    descriptor = (await server.client.get("/.well-known/webfinger?resource=acct:alice@example.test")).json()
    (place,) = [link["template"] for link in descriptor["links"] if link["rel"] == "https://w3id.org/fep/3b86/Create"]
    begun = place.removeprefix(server.base_url).replace("{content}", quote("Look & <see>\nthis", safe=""))
    async with browser(server) as window:
        await window.open(begun)
        assert window.location.startswith("/auth/log_in")
        await window.log_in("alice")
        await window.open(f"{begun}&url=https://b.test/&title=On%20cats")
        assert window.form("/share")["text"] == "On cats\n\nLook & <see>\nthis\n\nhttps://b.test/"
        await window.submit("/share", {"text": "Look & see", "visibility": "unlisted"})
        assert window.status == 303
    [status] = await alice.get(f"/api/v1/accounts/{alice.id}/statuses")
    assert (status["visibility"], status["content"]) == ("unlisted", "<p>Look &amp; see</p>")


@pytest.mark.parametrize("text", ["", " ", "x" * 6000])
async def test_a_post_that_cannot_be_posted_keeps_its_text(server: Node, text: str) -> None:
    alice = await server.person("alice")
    async with browser(server) as window:
        await window.log_in("alice")
        await window.open("/share")
        await window.submit("/share", {"text": text, "visibility": "private"})
        assert window.status == 422
        assert window.form("/share")["text"] == text
        assert 'value="private" selected' in window.html
        await window.submit("/share", {"text": "forged"}, headers={"Sec-Fetch-Site": "cross-site"})
        assert window.status == 422
    assert await alice.get(f"/api/v1/accounts/{alice.id}/statuses") == []
