"""Is everything as it must be? What an operator would look at one by one, for `fedi check`."""

import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal
from urllib.parse import urlencode

import msgspec

from federation import uris
from federation.context import INSTANCE_ACTOR_ID
from federation.http.client import HTTPClient, Response
from federation.http.errors import HTTPError
from fedi import config_sources
from fedi.config import Settings
from storage import accounts, consistency, hosts, jobs, migrations, restored
from storage.db import Conn, Database

State = Literal["ok", "warning", "error"]

SLOW_DATABASE_MS = 100
SLOW_QUEUE_SECONDS, DEAD_QUEUE_SECONDS = 60, 600
CLOCK_WARNING_SECONDS, CLOCK_ERROR_SECONDS = 5, 60
LOW_DISK_BYTES, NO_DISK_BYTES = 1_000_000_000, 100_000_000
OLDEST_POSTGRES = 150_000
REQUEST_SECONDS = 10.0
ROWS_SECONDS = 3600.0
SHOWN = 3


class Finding(msgspec.Struct, frozen=True):
    name: str
    state: State
    message: str


async def run(settings: Settings, database_url: str, *, rows: bool = False) -> AsyncIterator[Finding]:
    """One finding after the other, in the order in which they depend on each other. Changes nothing. `rows`: compare
    what is in the tables, too, which takes as long as reading them.

    Raises what the driver raises when the database cannot be reached: nothing else can be said then.
    """
    for warning in config_sources.unknown_variables():
        yield Finding("settings", "warning", warning)
    schema = await _schema(database_url)
    db = await Database(database_url, size=2).open()
    http = HTTPClient(user_agent=settings.user_agent, https_only=settings.https, allow_private=True)
    try:
        async with db.read() as conn:
            yield await _database(conn)
            yield schema
            yield await _clock(conn)
            if schema.state == "ok":
                yield await _identity(conn, settings)
        yield _media(settings)
        answers, finding = await _address(http, settings)
        yield finding
        if answers:
            yield await _name(http, settings)
        if schema.state == "ok":
            async with db.read() as conn:
                yield await _sending(conn)
                yield await _queues(conn)
                yield await _parked(conn)
                yield await _hosts(conn)
            if rows:
                async with db.transaction() as conn:
                    yield await _rows(conn)
    finally:
        await http.aclose()
        await db.close()


async def _schema(database_url: str) -> Finding:
    try:
        current = await migrations.check(database_url)
    except migrations.MigrationError as exc:
        return Finding("schema", "error", str(exc))
    if current:
        return Finding("schema", "ok", f"version {migrations.latest()}")
    return Finding("schema", "error", f"behind version {migrations.latest()}: run fedi migrate")


async def _database(conn: Conn) -> Finding:
    started = time.perf_counter()
    number: int = await conn.fetchval("select current_setting('server_version_num')::int")
    ms = (time.perf_counter() - started) * 1000
    name = f"{number // 10_000}.{number % 10_000}"
    if number < OLDEST_POSTGRES:
        return Finding("database", "error", f"Postgres {name} is too old; 15 is the oldest that works")
    if ms > SLOW_DATABASE_MS:
        return Finding("database", "warning", f"Postgres {name} is slow: it answers in {ms:.1f} ms")
    return Finding("database", "ok", f"Postgres {name} answers in {ms:.1f} ms")


async def _clock(conn: Conn) -> Finding:
    before = datetime.now(UTC)
    theirs: datetime = await conn.fetchval("select clock_timestamp()")
    between = before + (datetime.now(UTC) - before) / 2
    return _judge_clock("the database", abs((theirs - between).total_seconds()))


def _judge_clock(other: str, seconds: float) -> Finding:
    """Signatures are refused beyond minutes, and ids are made from time."""
    if seconds < CLOCK_WARNING_SECONDS:
        return Finding("clock", "ok", f"agrees with {other}")
    state: State = "warning" if seconds < CLOCK_ERROR_SECONDS else "error"
    return Finding("clock", state, f"{seconds:.0f} s away from {other}: set up NTP on both")


async def _identity(conn: Conn, settings: Settings) -> Finding:
    """Every account's address is stored: with another base_url nobody would find them."""
    actor = await accounts.by_id(conn, INSTANCE_ACTOR_ID)
    if actor is None:
        return Finding("identity", "ok", "not used yet")
    if actor.uri != uris.instance_actor(settings.base_url):
        made_for = actor.uri.removesuffix("/actor")
        return Finding(
            "identity", "error", f"the database was made for {made_for}, FEDI_BASE_URL is {settings.base_url}"
        )
    if actor.domain != settings.account_domain:
        return Finding(
            "identity",
            "error",
            f"accounts here are @{actor.domain}, FEDI_ACCOUNT_DOMAIN is {settings.account_domain}",
        )
    return Finding("identity", "ok", f"accounts are @name@{settings.account_domain}")


def _media(settings: Settings) -> Finding:
    directory = settings.media_dir.absolute()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory) as file:
            file.write(b"x")
        free = shutil.disk_usage(directory).free
    except OSError as exc:
        return Finding("media", "error", f"cannot write to {directory}: {exc.strerror}")
    state: State = "error" if free < NO_DISK_BYTES else "warning" if free < LOW_DISK_BYTES else "ok"
    return Finding("media", state, f"{directory} is writable, {free / 1e9:.1f} GB free")


async def _address(http: HTTPClient, settings: Settings) -> tuple[bool, Finding]:
    """Whether anything of ours answers at base_url, and whether its clock is right."""
    url = f"{settings.base_url}/health"
    try:
        response = await http.request("GET", url, timeout=REQUEST_SECONDS)
    except HTTPError as exc:
        hint = "is the server running, and does the proxy pass requests on?"
        return False, Finding("address", "error", f"nothing answers at {settings.base_url} ({exc}); {hint}")
    if response.status != 200 or response.body.strip() != b"OK":
        return False, Finding("address", "error", f"{url} answers {response.status}, not with our OK")
    away = _seconds_away(response)
    if away is not None and away >= CLOCK_WARNING_SECONDS:
        return True, msgspec.structs.replace(_judge_clock(settings.base_url, away), name="address")
    return True, Finding("address", "ok", f"{settings.base_url} answers")


def _seconds_away(response: Response) -> float | None:
    try:
        return abs((parsedate_to_datetime(response.headers["date"]) - datetime.now(UTC)).total_seconds())
    except (KeyError, ValueError, TypeError):
        return None


async def _name(http: HTTPClient, settings: Settings) -> Finding:
    """WebFinger as other servers ask it: at the domain of the accounts, which may redirect to us."""
    name = settings.web_domain.partition(":")[0]
    scheme = settings.base_url.partition(":")[0]
    query = urlencode({"resource": f"acct:{name}@{settings.account_domain}"})
    url = f"{scheme}://{settings.account_domain}/.well-known/webfinger?{query}"
    try:
        response = await http.get_following(url, timeout=REQUEST_SECONDS)
        links = msgspec.json.decode(response.body, type=_Descriptor).links
    except HTTPError as exc:
        return Finding("webfinger", "error", f"{settings.account_domain} does not answer: {exc}")
    except (msgspec.ValidationError, msgspec.DecodeError):
        return Finding("webfinger", "error", f"{url} answers {response.status} with something else")
    wanted = uris.instance_actor(settings.base_url)
    if not any(link.rel == "self" and link.href == wanted for link in links):
        return Finding("webfinger", "error", f"{url} does not point to {wanted}")
    return Finding("webfinger", "ok", f"{settings.account_domain} points here")


class _Link(msgspec.Struct):
    rel: str = ""
    href: str = ""


class _Descriptor(msgspec.Struct):
    links: list[_Link]


async def _sending(conn: Conn) -> Finding:
    held = await restored.held(conn)
    if held is None:
        return Finding("sending", "ok", "nothing is held back")
    waiting = f"{held.before} deliveries from before and {held.after} from afterwards wait"
    return Finding("sending", "error", f"restored or copied data: {waiting} for fedi resume-delivery")


async def _queues(conn: Conn) -> Finding:
    waiting = await jobs.waiting(conn)
    if not waiting:
        return Finding("queue", "ok", "nothing is due")
    due = sum(count for count, _ in waiting.values())
    age = max(seconds for _, seconds in waiting.values())
    message = f"{due} due, the oldest for {age:.0f} s"
    if age < SLOW_QUEUE_SECONDS:
        return Finding("queue", "ok", message)
    state: State = "warning" if age < DEAD_QUEUE_SECONDS else "error"
    return Finding("queue", state, f"{message}: is a worker running, and does it keep up?")


async def _parked(conn: Conn) -> Finding:
    """Jobs that were given up."""
    parked = await jobs.parked(conn)
    if not parked:
        return Finding("parked", "ok", "no job was given up")
    newest = "; ".join(f"{job.name} {job.id}: {(job.last_error or '').partition(chr(10))[0]}" for job in parked[:SHOWN])
    return Finding("parked", "warning", f"{len(parked)} jobs were given up, latest: {newest}")


def _answering(known: int) -> str:
    return "1 other server, which answers" if known == 1 else f"{known} other servers, all answer"


async def _rows(conn: Conn) -> Finding:
    """Whether what is stored contradicts itself."""
    found = await consistency.faults(conn, timeout_seconds=ROWS_SECONDS)
    if not found:
        return Finding("rows", "ok", f"{len(consistency.RULES)} rules hold")
    faults = "; ".join(f"{each.rule}: {each.count} ({', '.join(map(str, each.examples))})" for each in found)
    return Finding("rows", "error", f"{faults}: please report this")


async def _hosts(conn: Conn) -> Finding:
    """Others being down is not our fault; all of them is."""
    failing, known = await hosts.failing(conn), await hosts.count(conn)
    if not failing:
        return Finding("hosts", "ok", _answering(known) if known else "no other servers yet")
    names = ", ".join(f"{host.host} since {host.failing_since:%Y-%m-%d}" for host in failing[:SHOWN])
    message = f"{len(failing)} of {known} other servers do not answer: {names}{', …' if len(failing) > SHOWN else ''}"
    return Finding("hosts", "warning" if known > SHOWN and len(failing) == known else "ok", message)
