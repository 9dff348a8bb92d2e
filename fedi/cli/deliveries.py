"""`fedi delivery`: which servers got what, and why not."""

from datetime import UTC, datetime

import click
import msgspec

from fedi.cli import session
from fedi.services import ledger as verbs
from fedi.services.staff import OPERATOR
from storage import hosts, ledger
from storage.db import Conn
from storage.ledger import Entry
from storage.paging import Page

SHOWN_ERROR = 60


class Shown(msgspec.Struct, frozen=True):
    """What `show` prints as JSON."""

    uri: str
    counts: ledger.Counts
    deliveries: list[Entry]


@click.group("delivery")
def group() -> None:
    """What is sent: which servers got it, which not, and why."""


@group.command()
@click.argument("post")
@click.option("--limit", type=click.IntRange(1, 100_000), default=1000, show_default=True, help="Newest first.")
@session.as_json
def show(post: str, limit: int, as_json: bool) -> None:
    """Where a post went. POST is its id, its URI or its page; of one that is gone the URI."""

    async def work() -> Shown:
        async with session.opened() as app, app.db.read() as conn:
            uri = await _uri(conn, post)
            return Shown(uri, await ledger.counts(conn, uri), await ledger.of_object(conn, uri, Page(limit)))

    shown = session.run(work())
    if as_json:
        session.print_json(shown)
        return
    if shown.deliveries:
        session.print_table(
            ("SERVER", "WHAT", "STATE", "TRIES", "ANSWER", "NEXT"), [_cells(each) for each in shown.deliveries]
        )
    counts = msgspec.structs.asdict(shown.counts)
    click.echo(", ".join(f"{count} {name}" for name, count in counts.items() if count) or "It went nowhere.")


@group.command("hosts")
@click.argument("host", required=False)
@click.option("--failed", is_flag=True, help="With HOST: what it did not take, instead of what waits.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=1000, show_default=True)
@session.as_json
def hosts_(host: str | None, failed: bool, limit: int, as_json: bool) -> None:
    """Servers for which something waits or which do not answer; with HOST, what waits for it."""
    if host is None:
        _hosts(limit, as_json)
        return
    name = host.lower()

    async def work() -> list[Entry]:
        async with session.opened() as app, app.db.read() as conn:
            return await ledger.of_host(conn, name, Page(limit), failed=failed)

    entries = session.run(work())
    if as_json:
        session.print_json(entries)
    elif entries:
        heads = ("POST", "WHAT", "STATE", "TRIES", "ANSWER", "NEXT")
        session.print_table(heads, [(each.object_uri or each.activity_uri, *_cells(each)[1:]) for each in entries])
    else:
        click.echo(f"{name} took everything it was sent." if failed else f"Nothing waits for {name}.")


def _hosts(limit: int, as_json: bool) -> None:
    async def work() -> list[hosts.Queue]:
        async with session.opened() as app, app.db.read() as conn:
            return await hosts.queues(conn, limit=limit)

    found = session.run(work())
    if as_json:
        session.print_json(found)
    elif found:
        session.print_table(
            ("SERVER", "WAITING", "OLDEST", "FAILING SINCE", "TRIES", "NEXT", "WHY"), [_row(each) for each in found]
        )
    else:
        click.echo("All servers answer, and nothing waits.")


@group.command()
@click.argument("post", required=False)
@click.option("--host", help="Everything that waits for this server.")
@click.option("--ended", is_flag=True, help="Also what was refused or given up, unless something newer went there.")
def retry(post: str | None, host: str | None, ended: bool) -> None:
    """Send now what waits: about a POST, or for a server."""
    if (post is None) == (host is None):
        raise click.UsageError("name a POST, or a server with --host")

    async def work() -> str:
        async with session.opened() as app, app.db.transaction() as conn:
            if host is not None:
                count = await verbs.retry_host(conn, OPERATOR, host.lower(), ended=ended)
                return f"{host.lower()}: {count} to be sent"
            found = await verbs.retry_object(conn, OPERATOR, await _uri(conn, post or ""), ended=ended)
            return f"to be sent to {', '.join(found)}" if found else "There is nothing to send."

    click.echo(session.run(work()))


async def _uri(conn: Conn, name: str) -> str:
    found = await ledger.find_object(conn, name)
    if found is None:
        raise session.Failed(f"there is no post {name} of ours")
    return found.uri


def _cells(entry: Entry) -> tuple[str, ...]:
    answer = " ".join(str(part) for part in (entry.last_status, entry.last_error) if part not in (None, ""))
    return (entry.host, entry.type, entry.state, str(entry.attempts), _short(answer), _until(entry.next_at))


def _row(queue: hosts.Queue) -> tuple[str, ...]:
    return (
        queue.host,
        str(queue.waiting),
        _when(queue.oldest_at),
        _when(queue.failing_since),
        str(queue.failures),
        _until(queue.next_at) if queue.waiting else "",
        _short(queue.last_error or ""),
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN_ERROR else f"{line[: SHOWN_ERROR - 1]}…"


def _when(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if moment else ""


def _until(moment: datetime | None) -> str:
    """How long until then."""
    if moment is None:
        return ""
    seconds = int((moment - datetime.now(UTC)).total_seconds())
    if seconds <= 0:
        return "now"
    hours, minutes = divmod(seconds // 60, 60)
    return f"in {hours} h {minutes} min" if hours else f"in {minutes} min" if minutes else f"in {seconds} s"
