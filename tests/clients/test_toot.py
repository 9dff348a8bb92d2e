"""`toot`, the command line client, as its users run it, against a running server."""

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.support.browser import Browser
from tests.support.pictures import metadata, photograph
from tests.support.processes import ProcessNode
from tests.support.servers import Person

pytestmark = pytest.mark.anyio


class Toot:
    """Somebody's toot, with its settings in a directory of its own."""

    def __init__(self, home: Path) -> None:
        home.mkdir()
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

    def says(self, *arguments: str) -> str:
        """What a command prints."""
        command = [sys.executable, "-m", "toot", *arguments]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"toot {' '.join(arguments)}: {done.stdout} {done.stderr}"
        return done.stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self.says(*arguments, "--json"))

    def soon(self, *arguments: str, seconds: float = 15) -> Any:
        """What a command lists, once it lists something."""
        deadline = time.monotonic() + seconds
        while not (found := self.json(*arguments)):
            assert time.monotonic() < deadline, f"toot {' '.join(arguments)}: nothing came"
        return found


async def two(new_person: Any, tmp_path: Path) -> tuple[Person, Toot, Person, Toot]:
    alice, bob = await new_person("alice"), await new_person("bob")
    toots = [Toot(tmp_path / person.username) for person in (alice, bob)]
    for toot, person in zip(toots, (alice, bob), strict=True):
        await toot.log_in(person)
    return alice, toots[0], bob, toots[1]


async def test_a_conversation(shared: ProcessNode, new_person: Any, tmp_path: Path) -> None:
    alice, at_alice, bob, at_bob = await two(new_person, tmp_path)
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


async def test_tags_lists_and_polls(shared: ProcessNode, new_person: Any, tmp_path: Path) -> None:
    alice, at_alice, _bob, at_bob = await two(new_person, tmp_path)
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
    at_bob.says("lists", "delete", "friends")

    asked = at_alice.json("post", "Tea?", "--poll-option", "yes", "--poll-option", "no", "--poll-expires-in", "1 hour")
    assert [option["title"] for option in asked["poll"]["options"]] == ["yes", "no"]
    voted = at_bob.json("polls", "vote", asked["poll"]["id"], "0")
    assert (voted["own_votes"], voted["votes_count"]) == ([0], 1)
    assert asked["id"] in [each["id"] for each in at_bob.json("timelines", "public", "--local")]
    assert shared.domain in at_bob.says("instance", shared.base_url)
