"""`toot`, the command line client, as its users run it, against a running server."""

import asyncio
import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import click
import httpx
import pytest
from click.testing import CliRunner
from toot.cli import cli

from tests.support.browser import Browser
from tests.support.pictures import metadata, photograph, picture
from tests.support.processes import ProcessNode
from tests.support.servers import Person

pytestmark = pytest.mark.anyio


# What needs no server, or a screen.
ABSENT = {
    "diag": "tells about the machine",
    "timeline": "the old name of timelines",
    "timelines link": "needs a page to look at; the same request is in test_mastodon_py_whole.py",
    "tui": "fills a terminal; it calls what the others call",
    "login_cli": "asks for a password, which no server gives an application any more",
}


def commands(group: click.Group = cli, prefix: str = "") -> Iterator[str]:
    """`post`, `lists add` and so on: all that `toot --help` shows, without old names."""
    for name, each in group.commands.items():
        if isinstance(each, click.Group):
            yield from () if each.hidden else commands(each, f"{name} ")
        elif not each.hidden:
            yield f"{prefix}{name}"


def command(arguments: Sequence[str]) -> str:
    group = cli.commands[arguments[0]]
    return " ".join(arguments[: 2 if isinstance(group, click.Group) else 1])


class Toot:
    """Somebody's toot, with its settings in a directory of its own."""

    def __init__(self, home: Path, called: set[str]) -> None:
        home.mkdir()
        self.called = called
        self.home = home
        self.env = {
            **os.environ,
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home),
            "XDG_CACHE_HOME": str(home),
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore",
        }

    async def log_in(self, person: Person) -> None:
        """`toot login`: it shows a link, the person opens it in a browser and brings back the code."""
        command = [sys.executable, "-m", "toot", "login", "-i", person.node.base_url]
        process = await asyncio.create_subprocess_exec(
            *command, env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        assert process.stdin is not None
        assert process.stdout is not None
        while not (line := (await process.stdout.readline()).decode()).startswith("http"):
            assert line, "it says where to log in"
        async with httpx.AsyncClient(base_url=person.node.base_url) as http:
            native = await Browser(http).grant(line.strip(), person.username)
        code = parse_qs(urlsplit(native).query)["code"][0]
        said, _ = await process.communicate(f"n\n{code}\n".encode())
        assert process.returncode == 0, said.decode()
        assert "Successfully logged in" in said.decode()

    def says(self, *arguments: str, typed: str | None = None) -> str:
        """What a command prints. In this process, for to start one takes toot longer than to do anything."""
        self.called.add(command(arguments))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            done = CliRunner().invoke(cli, arguments, env=self.env, input=typed)
        assert done.exit_code == 0, f"toot {' '.join(arguments)}: {done.output} {done.exception!r}"
        return done.stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self.says(*arguments, "--json"))

    def soon(self, *arguments: str, seconds: float = 15) -> Any:
        """What a command lists, once it lists something."""
        deadline = time.monotonic() + seconds
        while not (found := self.json(*arguments)):
            assert time.monotonic() < deadline, f"toot {' '.join(arguments)}: nothing came"
        return found


class Pair(NamedTuple):
    """Two people and their toots."""

    server: ProcessNode
    alice: Person
    at_alice: Toot
    bob: Person
    at_bob: Toot


async def test_all_that_toot_can(shared: ProcessNode, new_person: Any, tmp_path: Path) -> None:
    called = {"login"}
    people = [await new_person(name) for name in ("alice", "bob")]
    toots = [Toot(tmp_path / person.username, called) for person in people]
    for toot, person in zip(toots, people, strict=True):
        await toot.log_in(person)
    pair = Pair(shared, people[0], toots[0], people[1], toots[1])
    await a_conversation(pair, tmp_path)
    tags_lists_and_polls(pair)
    posts(pair, tmp_path)
    people_and_oneself(pair, tmp_path)
    logins(pair)
    assert set(commands()) - called == ABSENT.keys()


async def a_conversation(pair: Pair, tmp_path: Path) -> None:
    _server, alice, at_alice, bob, at_bob = pair
    assert f"@{alice.username}" in at_alice.says("whoami")
    assert at_bob.json("follow", alice.username)["following"]
    assert [each["username"] for each in at_alice.json("followers", alice.username)] == [bob.username]

    (tmp_path / "photo.jpg").write_bytes(photograph())
    words = f"Look at this, {alice.username} says #toot{alice.id}"
    post = at_alice.json("post", words, "-m", str(tmp_path / "photo.jpg"), "-d", "a green square")
    [attachment] = post["media_attachments"]
    assert attachment["description"] == "a green square"
    async with httpx.AsyncClient() as http:
        assert metadata((await http.get(attachment["url"])).content) == {}

    assert [each["id"] for each in at_bob.soon("timelines", "home")] == [post["id"]]
    assert words.split("#")[0].strip() in at_bob.says("timelines", "home", "--no-pager")
    answer = at_bob.json("post", f"@{alice.username} nice", "-r", post["id"])
    assert at_bob.json("reblog", post["id"])["reblog"]["id"] == post["id"]
    assert at_bob.json("favourite", post["id"])["favourited"]
    assert at_bob.json("bookmark", post["id"])["bookmarked"]
    assert post["id"] in at_bob.says("bookmarks", "--once")
    thread = at_alice.json("thread", post["id"])
    assert [each["id"] for each in thread["descendants"]] == [answer["id"]]
    assert "nice" in at_alice.says("thread", post["id"])
    assert bob.username in at_alice.says("reblogged-by", post["id"])
    kinds = {each["type"] for each in at_alice.soon("notifications")}
    assert {"follow", "mention", "reblog", "favourite"} >= kinds
    assert bob.username in at_alice.says("notifications")

    found = at_bob.json("search", f"toot{alice.id}")
    assert [tag["name"] for tag in found["hashtags"]] == [f"toot{alice.id}"]
    assert at_bob.json("search", alice.username)["accounts"][0]["id"] == alice.id
    assert at_bob.json("unfollow", alice.username)["following"] is False
    assert at_bob.json("unreblog", post["id"])["reblogged"] is False
    at_alice.says("delete", post["id"])
    assert at_alice.json("timelines", "account", alice.username) == []


def tags_lists_and_polls(pair: Pair) -> None:
    server, alice, at_alice, _bob, at_bob = pair
    tag = f"tag{alice.id}"
    post = at_alice.json("post", f"about #{tag}")
    assert [each["id"] for each in at_bob.soon("timelines", "tag", tag)] == [post["id"]]
    assert at_bob.json("tags", "follow", tag)["following"]
    assert [each["name"] for each in at_bob.json("tags", "followed")] == [tag]
    assert at_bob.json("tags", "info", tag)["name"] == tag
    at_bob.says("tags", "unfollow", tag)

    at_bob.says("follow", alice.username)
    made = at_bob.json("lists", "create", "friends")
    at_bob.says("lists", "add", "friends", alice.username)
    assert [each["username"] for each in at_bob.json("lists", "accounts", "friends")] == [alice.username]
    assert [each["title"] for each in at_bob.json("lists", "list")] == ["friends"]
    post = at_alice.json("post", "for my friends")
    assert post["id"] in [each["id"] for each in at_bob.soon("timelines", "list", made["id"])]
    at_bob.says("lists", "remove", "friends", alice.username)
    assert at_bob.json("lists", "accounts", "friends") == []
    at_bob.says("lists", "delete", "friends")
    assert at_alice.json("tags", "feature", tag)["name"] == tag
    assert [each["name"] for each in at_alice.json("tags", "featured")] == [tag]
    at_alice.says("tags", "unfeature", tag)

    asked = at_alice.json("post", "Tea?", "--poll-option", "yes", "--poll-option", "no", "--poll-expires-in", "1 hour")
    assert [option["title"] for option in asked["poll"]["options"]] == ["yes", "no"]
    voted = at_bob.json("polls", "vote", asked["poll"]["id"], "0")
    assert (voted["own_votes"], voted["votes_count"]) == ([0], 1)
    assert asked["id"] in [each["id"] for each in at_bob.json("timelines", "public", "--local")]
    assert "yes" in at_bob.says("polls", "show", asked["poll"]["id"])
    assert server.domain in at_bob.says("instance", server.base_url)


def posts(pair: Pair, tmp_path: Path) -> None:
    """Warned of, with a file sent before, for later, pinned, liked, answered, and taken back."""
    _server, alice, at_alice, _bob, at_bob = pair
    warned = ("-p", "careful", "-s", "-v", "unlisted", "-l", "de", "-t", "text/markdown")
    post = at_alice.json("post", "**bold**", *warned)
    assert (post["spoiler_text"], post["visibility"], post["language"]) == ("careful", "unlisted", "de")
    assert "<strong>bold</strong>" in post["content"]
    assert at_bob.json("status", post["id"])["sensitive"]
    following = at_alice.json("post", "and more", "-R")
    assert following["in_reply_to_id"] == post["id"]
    (tmp_path / "loose.png").write_bytes(picture())
    assert at_alice.json("upload", str(tmp_path / "loose.png"), "-d", "red")["description"] == "red"
    later = at_alice.json("post", "later", "--scheduled-in", "2 hours")
    assert later["params"]["text"] == "later"
    at_alice.says("pin", post["id"])
    assert at_bob.json("status", post["id"])["id"] == post["id"]
    at_alice.says("unpin", post["id"])
    assert at_bob.json("favourite", post["id"])["favourited"]
    assert at_bob.json("timelines", "favourites")[0]["id"] == post["id"]
    assert not at_bob.json("unfavourite", post["id"])["favourited"]
    assert at_bob.json("bookmark", post["id"])["bookmarked"]
    assert not at_bob.json("unbookmark", post["id"])["bookmarked"]
    assert isinstance(at_bob.json("timelines", "trending"), list)
    at_alice.says("delete", following["id"])
    found = at_bob.json("timelines", "account", alice.username)
    assert following["id"] not in [each["id"] for each in found]


def people_and_oneself(pair: Pair, tmp_path: Path) -> None:
    _server, alice, at_alice, bob, at_bob = pair
    assert at_bob.json("whois", alice.username)["id"] == alice.id
    for verb, flag, listed in (("mute", "muting", "muted"), ("block", "blocking", "blocked")):
        assert at_alice.json(verb, bob.username)[flag]
        assert [each["username"] for each in at_alice.json(listed)] == [bob.username]
        assert not at_alice.json(f"un{verb}", bob.username)[flag]
    (tmp_path / "me.png").write_bytes(picture())
    wanted = ("--display-name", "Alice", "--note", "tea", "--locked", "--privacy", "unlisted", "--language", "en")
    changed = at_alice.json("update-account", *wanted, "--avatar", str(tmp_path / "me.png"))
    assert (changed["display_name"], changed["locked"]) == ("Alice", True)
    assert (changed["source"]["privacy"], changed["source"]["language"]) == ("unlisted", "en")
    for verb in ("reject", "accept"):
        assert at_bob.json("follow", alice.username)["requested"]
        assert [each["username"] for each in at_alice.json("follow-requests", "list")] == [bob.username]
        at_alice.says("follow-requests", verb, bob.username)
    assert [each["username"] for each in at_bob.json("following", bob.username)] == [alice.username]
    deadline = time.monotonic() + 15  # the server may still be about to tell of the last follow
    at_alice.says("notifications", "--clear")
    while at_alice.json("notifications"):
        assert time.monotonic() < deadline, "what is cleared stays"
        at_alice.says("notifications", "--clear")


def logins(pair: Pair) -> None:
    server, alice, at_alice, *_ = pair
    account = f"{alice.username}@{server.domain}"
    assert account in at_alice.says("auth")
    at_alice.says("activate", account)
    at_alice.says("logout", account)
    assert account not in at_alice.says("auth")
