"""Which collections a post of another server shares (FEP-7aa9). Those that are not known yet are read by a job."""

from collections.abc import Sequence

from federation import budgets
from federation.context import Site
from federation.vocab import normalise
from storage import collections, jobs, tagged_collections
from storage.db import Conn


async def replace(conn: Conn, site: Site, status_id: int, uris: Sequence[str]) -> bool:
    """What a post of another server shares from now on; whether anything changed. What is not known is read later."""
    known = await collections.by_uris(conn, uris)
    found: dict[str, int | None] = {}
    for uri in uris:
        row = known.get(uri)
        if row is not None:
            found[uri] = row.id
        elif not normalise.same_host(uri, site.base_url):
            found[uri] = None
            payload = {"uri": uri, "chain": budgets.chain()}
            await jobs.enqueue(conn, tagged_collections.READ_JOB, payload, queue="slow", key=uri)
    return await tagged_collections.replace(conn, status_id, found)
