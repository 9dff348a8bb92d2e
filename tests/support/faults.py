"""What tests of faults share: people of wild hosts as rows, posts that are sent until they are taken, and the look at
the rows afterwards."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx

from bench.wild import JSON, Host, Wild
from federation import actors
from storage import consistency, follows
from storage.db import Database
from tests.support.processes import ProcessNode, eventually
from tests.support.servers import Person


async def known(node: ProcessNode, host: Host, number: int = 0, *, inbox: str | None = None) -> int:
    """Somebody of a host as a row; their id."""
    document = host.actor(number)
    if inbox is not None:
        document["inbox"] = inbox
    return (await actors.keep(node.app.fed, document)).id


async def follow(node: ProcessNode, account_id: int, target_id: int) -> None:
    """As rows: nobody is told."""
    async with node.db.transaction() as conn:
        follow_id: int = await conn.fetchval("select timestamp_id()")
        await follows.ask(
            conn, follow_id=follow_id, uri=f"urn:follow:{follow_id}", account_id=account_id, target_id=target_id,
            options=follows.Options(),
        )  # fmt: skip
        await follows.accept(conn, account_id, target_id)


async def send(node: ProcessNode, wild: Wild, document: JSON) -> httpx.Response:
    """POST an activity of a wild host to the shared inbox."""
    headers, body = wild.sign(f"{node.base_url}/inbox", document)
    return await node.client.post("/inbox", content=body, headers=headers)


async def accepted(node: ProcessNode, wild: Wild, document: JSON) -> int:
    """Send it until it is taken, as other servers do; how often it was sent."""
    sent = 0
    while True:
        sent += 1
        try:
            response = await send(node, wild, document)
        except httpx.HTTPError:
            await asyncio.sleep(0.1)
            continue
        if response.status_code == 202:
            return sent
        assert response.status_code == 503, (response.status_code, response.text)
        await asyncio.sleep(0.1)


async def published(author: Person, number: int) -> str:
    """Post until the server says that it has it, always with the same key; the post's URI."""
    while True:
        try:
            response = await author.call(
                "POST",
                "/api/v1/statuses",
                json={"status": f"Post number {number}"},
                headers={"Idempotency-Key": f"post-{number}"},
            )
        except httpx.HTTPError:
            await asyncio.sleep(0.1)
            continue
        if response.status_code == 200:
            return str(response.json()["uri"])
        assert response.status_code == 503, response.text
        assert int(response.headers["Retry-After"]) > 0
        await asyncio.sleep(0.1)


async def all_well(db: Database) -> None:
    """Nothing contradicts itself."""
    async with db.transaction() as conn:
        found = await consistency.faults(conn)
    assert not found, found


async def rows(node: ProcessNode, query: str, *arguments: Any) -> Sequence[Any]:
    async with node.db.read() as conn:
        return [tuple(record) for record in await conn.fetch(query, *arguments)]


async def change(node: ProcessNode, query: str, *arguments: Any) -> None:
    async with node.db.transaction() as conn:
        await conn.execute(query, *arguments)


async def listening(node: ProcessNode, count: int) -> None:
    """Wait until so many processes are up."""

    async def found() -> bool:
        query = "select pid from pg_stat_activity where datname = current_database() and query ilike 'listen %'"
        return len(await rows(node, query)) == count

    await eventually(found, seconds=60)


@contextlib.asynccontextmanager
async def deaf(node: ProcessNode) -> AsyncIterator[None]:
    """Whoever listens is cut off at once, again and again."""

    async def cut() -> None:
        while True:
            await rows(
                node,
                """
                select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid() and query ilike 'listen %'
                """,
            )
            await asyncio.sleep(0.02)

    task = asyncio.create_task(cut())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@contextlib.asynccontextmanager
async def poisonous(node: ProcessNode) -> AsyncIterator[None]:
    """A mistake of ours, as none is known: some post cannot be written."""
    await change(
        node,
        """
        create function poison() returns trigger language plpgsql as
        $$ begin raise exception 'this is poison'; end $$;
        create trigger poison before insert on statuses for each row
            when (new.content like '%poison%') execute function poison()
        """,
    )
    try:
        yield
    finally:
        await change(node, "drop function poison cascade")


async def parked(node: ProcessNode, count: int) -> bool:
    """Let time pass for what arrived and waits for another try, until only so many are left, and those put aside."""
    await change(node, "update jobs set run_at = now() where queue = 'inbox' and holder is null")
    left = await rows(node, "select failed_at is not null from jobs where queue = 'inbox'")
    return left == [(True,)] * count
