"""Two servers on this machine that federate with each other, with a few people who talk. `make demo`; Ctrl-C ends it.

The servers are what `fedi serve` runs, one process each, on two databases of one embedded Postgres. What they hold is
made once, through the same API that apps use, and kept in data/demo (FEDI_DEMO_DIR); delete that to begin anew.
"""

import asyncio
import contextlib
import io
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import httpx
from PIL import Image, ImageDraw, ImageFilter

from fedi.cli import main as fedi
from storage import embedded, migrations
from storage.errors import StorageError

DIRECTORY = Path(os.environ.get("FEDI_DEMO_DIR", "data/demo")).absolute()
SERVERS = {"a": ("a.localhost", 8001), "b": ("b.localhost", 8002)}
PASSWORD = "federation"
PATIENCE_SECONDS = 60.0
STOP_SECONDS = 25.0

# username: (server, display name, what they say of themselves, colours of the picture)
PEOPLE = {
    "alice": ("a", "Alice Ahrens", "Grows tomatoes on a roof, asks questions.", ((196, 77, 64), (250, 204, 110))),
    "chen": ("a", "Chen Wei", "Photographs mountains, mostly at unreasonable hours.", ((52, 73, 140), (240, 148, 110))),
    "bob": ("b", "Bob Bakare", "Baker. Sourdough since before it was fashionable.", ((120, 74, 43), (232, 192, 138))),
    "dana": ("b", "Dana Duarte", "Asks before being followed. Librarian.", ((38, 104, 92), (168, 214, 176))),
}  # fmt: skip

JSON = Any  # what the client API answers
T = TypeVar("T")


class Broken(Exception):
    """Why the demo cannot go on."""


# ---------------------------------------------------------------- processes


async def run() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    check_ports()
    say("Starting two servers …")
    async with embedded.running(DIRECTORY) as url:
        told = DIRECTORY / "told"
        await make_databases(url, anew=not told.exists())
        with serving("a", url) as a, serving("b", url) as b:
            await first(stop, until_up(a, "a"), until_up(b, "b"))
            if not told.exists() and not stop.is_set():
                say("The people move in and talk; this happens once …")
                await first(stop, tell())
                if not stop.is_set():
                    told.touch()
            if not stop.is_set():
                explain()
                await first(stop, ended(a, "a"), ended(b, "b"))
            say("\nStopping …")


def check_ports() -> None:
    """Before anything has begun: otherwise we would talk to whoever is there."""
    for _, port in SERVERS.values():
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError as exc:
            raise Broken(f"port {port} is in use; stop what runs there (another demo?)") from exc


async def first(stop: asyncio.Event, *work: Awaitable[None]) -> None:
    """Until all of the work is done, something of it fails, or we are asked to stop."""

    async def everything() -> None:
        await asyncio.gather(*work)

    tasks = [asyncio.create_task(everything()), asyncio.create_task(until(stop))]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for task in done:
        task.result()


async def until(stop: asyncio.Event) -> None:
    await stop.wait()


async def make_databases(url: str, *, anew: bool) -> None:
    """`anew`: a story that was broken off is not gone on with."""
    connection = await migrations.connect(url)
    try:
        for name in SERVERS:
            if anew:
                await connection.execute(f"drop database if exists demo_{name} with (force)")
            if not await connection.fetchval("select true from pg_database where datname = $1", f"demo_{name}"):
                await connection.execute(f"create database demo_{name}")
    finally:
        await connection.close()
    for name in SERVERS:
        await migrations.upgrade(database_url(url, name))


@contextlib.contextmanager
def serving(name: str, url: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A server process. It ends with us, even if we are killed: its standard input is a pipe that then closes."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("FEDI_")}
    host, port = SERVERS[name]
    environment |= {
        "FEDI_BASE_URL": address(name),
        "FEDI_LISTEN_PORT": str(port),
        "FEDI_DATABASE_URL": database_url(url, name),
        "FEDI_DATA_DIR": str(DIRECTORY / name),
        "FEDI_TITLE": host,
        "FEDI_REGISTRATIONS": "open",
        "FEDI_RATE_LIMITING": "false",
        "FEDI_METRICS_LISTEN": "off",
    }
    with (DIRECTORY / f"{name}.log").open("ab") as log:
        command = [sys.executable, __file__, "serve"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin is not None:
            process.stdin.close()


def serve() -> None:
    """In the process that `serving` starts."""

    def watch() -> None:
        os.read(sys.stdin.fileno(), 1)  # not through a buffer, which the interpreter locks when it ends
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
    # Ctrl-C reaches the whole terminal; we are told by the one who started us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    fedi(["serve"], prog_name="fedi")


async def until_up(process: "subprocess.Popen[bytes]", name: str) -> None:
    host, port = SERVERS[name]
    deadline = time.monotonic() + PATIENCE_SECONDS
    async with httpx.AsyncClient(trust_env=False) as client:
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                if (await client.get(f"http://127.0.0.1:{port}/health")).status_code == 200 and process.poll() is None:
                    return
            await asyncio.sleep(0.1)
    raise Broken(f"{host} did not start: {last_words(name)}")


async def ended(process: "subprocess.Popen[bytes]", name: str) -> None:
    while process.poll() is None:  # noqa: ASYNC110 (a process that is not asyncio's sets no event)
        await asyncio.sleep(0.5)
    raise Broken(f"{SERVERS[name][0]} has ended: {last_words(name)}")


def last_words(name: str) -> str:
    path = DIRECTORY / f"{name}.log"
    lines = path.read_text(errors="replace").splitlines()
    return f"{lines[-1] if lines else 'it said nothing'} (see {path})"


def address(name: str) -> str:
    host, port = SERVERS[name]
    return f"http://{host}:{port}"


def database_url(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/demo_{name}"))


def say(line: str) -> None:
    print(line, flush=True)


# ---------------------------------------------------------------- people


class Person:
    """Somebody with an app."""

    def __init__(self, username: str, client: httpx.AsyncClient) -> None:
        self.username = username
        self.client = client
        host, port = SERVERS[PEOPLE[username][0]]
        self.handle = f"{username}@{host}:{port}"

    async def call(self, method: str, path: str, **body: Any) -> JSON:
        response = await self.client.request(method, path, **body)
        if response.is_error:
            raise Broken(f"{method} {path} for {self.handle}: {response.status_code} {response.text[:300]}")
        return response.json()

    async def joins(self) -> None:
        """As an app does it: register the app, sign up, fill in the profile."""
        _, name, about, colours = PEOPLE[self.username]
        scopes = "read write follow push"
        form = {"client_name": "Demo", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob", "scopes": scopes}
        app = await self.call("POST", "/api/v1/apps", json=form)
        keys = {"client_id": app["client_id"], "client_secret": app["client_secret"], "scope": scopes}
        token = await self.call("POST", "/oauth/token", json={"grant_type": "client_credentials", **keys})
        self.client.headers["Authorization"] = f"Bearer {token['access_token']}"
        login = {"username": self.username, "email": f"{self.username}@demo.example", "password": PASSWORD}
        person = await self.call("POST", "/api/v1/accounts", json={**login, "agreement": True, "locale": "en"})
        self.client.headers["Authorization"] = f"Bearer {person['access_token']}"
        await self.call(
            "PATCH",
            "/api/v1/accounts/update_credentials",
            data={"display_name": name, "note": about, "locked": str(self.username == "dana").lower()},
            files={"avatar": ("avatar.png", portrait(name, colours), "image/png")},
        )

    async def follows(self, other: "Person") -> None:
        found = await self.call("GET", "/api/v2/search", params={"q": f"@{other.handle}", "resolve": "true"})
        await self.call("POST", f"/api/v1/accounts/{found['accounts'][0]['id']}/follow")

    async def posts(self, text: str, **more: Any) -> JSON:
        return await self.call("POST", "/api/v1/statuses", json={"status": text, "language": "en", **more})

    async def answers(self, status: JSON, text: str, **more: Any) -> JSON:
        """A status as this person's own server shows it."""
        mine = await self.sees(status)
        text = f"@{mine['account']['acct']} {text}"
        more = {"visibility": mine["visibility"], **more}
        return await self.posts(text, in_reply_to_id=mine["id"], **more)

    async def does(self, verb: str, status: JSON) -> None:
        mine = await self.sees(status)
        await self.call("POST", f"/api/v1/statuses/{mine['id']}/{verb}")

    async def votes(self, status: JSON, choice: int) -> None:
        mine = await self.sees(status)
        await self.call("POST", f"/api/v1/polls/{mine['poll']['id']}/votes", json={"choices": [choice]})

    async def sees(self, status: JSON) -> JSON:
        """Waits until it has come to this person's server."""

        async def look() -> JSON | None:
            found = await self.call("GET", "/api/v2/search", params={"q": status["uri"], "resolve": "true"})
            return next(iter(found["statuses"]), None)

        return await eventually(look, f"{status['uri']} for {self.handle}")

    async def is_asked_by(self, other: "Person") -> str:
        """Waits for a request to follow; the id of who asks."""

        async def look() -> str | None:
            asking = await self.call("GET", "/api/v1/follow_requests")
            return next((one["id"] for one in asking if one["username"] == other.username), None)

        return await eventually(look, f"{other.handle} asking {self.handle}")

    async def has_followers(self, number: int) -> None:
        """Waits until so many follow, as their posts reach only those."""

        async def look() -> bool | None:
            me = await self.call("GET", "/api/v1/accounts/verify_credentials")
            return me["followers_count"] >= number or None

        await eventually(look, f"{number} followers of {self.handle}")


async def eventually(look: Callable[[], Awaitable[T | None]], what: str) -> T:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = await look()
        if found is not None:
            return found
        await asyncio.sleep(0.2)
    raise Broken(f"waited in vain for {what}")


@contextlib.asynccontextmanager
async def moving_in() -> AsyncIterator[dict[str, Person]]:
    async with contextlib.AsyncExitStack() as stack:
        people = {}
        for username, (server, *_) in PEOPLE.items():
            host, port = SERVERS[server]
            # By number, for not every system knows names below .localhost; browsers do.
            client = httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{port}", headers={"Host": f"{host}:{port}"}, trust_env=False, timeout=30
            )
            people[username] = Person(username, await stack.enter_async_context(client))
            await people[username].joins()
        yield people


# ---------------------------------------------------------------- what happens


async def tell() -> None:
    async with moving_in() as people:
        alice, bob, chen, dana = (people[name] for name in ("alice", "bob", "chen", "dana"))
        await meet(alice, bob, chen, dana)
        await show_a_picture(alice, bob, chen, dana)
        await vote_on_bread(alice, bob, chen, dana)
        await talk_quietly(alice, bob, dana)


async def meet(alice: Person, bob: Person, chen: Person, dana: Person) -> None:
    for one, other in ((alice, bob), (alice, chen), (bob, alice), (bob, chen), (chen, alice), (chen, bob)):
        await one.follows(other)
    for one in (alice, bob, chen):
        await dana.follows(one)
    await chen.follows(dana)
    await dana.call("POST", f"/api/v1/follow_requests/{await dana.is_asked_by(chen)}/authorize")
    await alice.follows(dana)  # left to be decided on
    for one in (alice, bob, chen):
        await one.has_followers(3)
    await dana.has_followers(1)


async def show_a_picture(alice: Person, bob: Person, chen: Person, dana: Person) -> None:
    media = await chen.call(
        "POST",
        "/api/v2/media",
        data={"description": "Three ridges one behind the other at sunrise, the sun a pale disc between them."},
        files={"file": ("ridges.png", landscape(), "image/png")},
    )
    photo = await chen.posts("Four in the morning, and worth it. #mountains #sunrise", media_ids=[media["id"]])
    for one in (alice, bob, dana):
        await one.does("favourite", photo)
    await bob.does("reblog", photo)
    asked = await bob.answers(photo, "Is that the ridge behind the old mill? I deliver bread up there.")
    answered = await chen.answers(asked, "The very one! Bring a croissant next time and I carry your flour.")
    await alice.answers(answered, "You two have never met, and here you are planning breakfast.")


async def vote_on_bread(alice: Person, bob: Person, chen: Person, dana: Person) -> None:
    poll = {"options": ["Rye with caraway", "Walnut", "The one with potatoes"], "expires_in": 86400}
    question = await bob.posts("What shall be in the window on Saturday? #bread", poll=poll)
    for one, choice in ((alice, 2), (chen, 1), (dana, 2)):
        await one.votes(question, choice)
    await alice.answers(question, "Potatoes. It keeps until Tuesday, I have tested this.")


async def talk_quietly(alice: Person, bob: Person, dana: Person) -> None:
    await alice.posts(
        "The butler did it. Of course the butler did it.", spoiler_text="How the library's new crime novel ends"
    )
    await dana.posts(
        "Only for those who follow me: the reading room opens on Sundays from now on.", visibility="private"
    )
    note = await bob.posts(f"@{alice.handle} Your tomatoes are in the shop at seven, as agreed?", visibility="direct")
    await alice.answers(note, "At seven. Two crates.")


# ---------------------------------------------------------------- pictures

Colour = tuple[int, int, int]


def gradient(size: tuple[int, int], top: Colour, bottom: Colour) -> Image.Image:
    return Image.composite(
        Image.new("RGB", size, bottom), Image.new("RGB", size, top), Image.linear_gradient("L").resize(size)
    )


def portrait(name: str, colours: tuple[Colour, Colour]) -> bytes:
    """Initials on a disc."""
    image = gradient((400, 400), *colours)
    draw = ImageDraw.Draw(image)
    draw.ellipse((60, 60, 340, 340), outline=(255, 255, 255), width=8)
    initials = "".join(word[0] for word in name.split())
    draw.text((200, 200), initials, fill=(255, 255, 255), font_size=140, anchor="mm")
    return png(image)


def landscape() -> bytes:
    """Three ridges and a sun."""
    width, height = 1280, 800
    image = gradient((width, height), (66, 80, 140), (252, 190, 140))
    draw = ImageDraw.Draw(image)
    draw.ellipse((560, 300, 720, 460), fill=(255, 240, 214))
    image = image.filter(ImageFilter.GaussianBlur(3))
    for depth, colour in enumerate(((122, 96, 140), (78, 64, 110), (36, 34, 66))):
        ridge = [(0, height)]
        for x in range(0, width + 40, 40):
            wave = abs((x * (depth + 2) // 3) % 440 - 220) + abs((x * (depth + 5) // 4) % 170 - 85)
            ridge.append((x, 380 + depth * 130 + wave // 2))
        ImageDraw.Draw(image).polygon([*ridge, (width, height)], fill=colour)
    return png(image)


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


# ---------------------------------------------------------------- words


def explain() -> None:
    say(f"\nTwo servers that federate with each other. The password of everybody is {PASSWORD}\n")
    for name in SERVERS:
        people = [username for username, (server, *_) in PEOPLE.items() if server == name]
        say(f"  {address(name)}   " + "   ".join(f"{one}@demo.example" for one in people))
    say(
        f"""
What to look at:
  {address("a")}/@chen
      a picture, and answers that came from the other server
  {address("b")}/@bob
      a poll with votes from both
  {address("a")}/auth/log_in
      be alice: her timeline, a private note from bob. Clients that speak plain http see it too:
      toot login --instance {address("a")}{_names_wanted()}
  {address("b")}/auth/log_in
      be dana: alice asks to follow her
Post on one side and see it arrive on the other.

What they hold, and their logs (a.log, b.log): {DIRECTORY}
Stop with Ctrl-C."""
    )


def _names_wanted() -> str:
    """Browsers know names under localhost by themselves; what else runs here asks the system, and not all know them."""
    try:
        socket.getaddrinfo("a.localhost", None)
    except OSError:
        return "\n      (this system needs a line in /etc/hosts for that: 127.0.0.1 a.localhost b.localhost)"
    return ""


def main() -> None:
    if sys.argv[1:] == ["serve"]:
        serve()
        return
    try:
        asyncio.run(run())
    except (Broken, embedded.EmbeddedError, StorageError, OSError) as exc:
        raise SystemExit(f"The demo cannot run: {exc}") from exc


if __name__ == "__main__":
    main()
