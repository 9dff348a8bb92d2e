"""AsyncRefresh: how it goes with what was begun for an answer and is not in it yet."""

from msgspec import Struct

from storage.thread_refreshes import Refresh

# After so many seconds it is worth asking again.
RETRY_SECONDS = 3


class AsyncRefresh(Struct, frozen=True):
    id: str
    status: str
    result_count: int | None


class Wrapped(Struct, frozen=True):
    async_refresh: AsyncRefresh


def build(row: Refresh) -> Wrapped:
    """`running` or `finished`."""
    status = "running" if row.finished_at is None else "finished"
    return Wrapped(AsyncRefresh(str(row.id), status, row.fetched))


def header(row: Refresh) -> str:
    return f'id="{row.id}", retry={RETRY_SECONDS}, result_count={row.fetched}'
