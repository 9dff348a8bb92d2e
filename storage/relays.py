"""Relays: servers that pass public posts on to all who have subscribed to them."""

from datetime import UTC, datetime, timedelta

import msgspec

from storage.db import Conn
from storage.errors import Conflict
from storage.rows import columns, struct, structs

PATIENCE = timedelta(days=7)


class Relay(msgspec.Struct, frozen=True):
    """`follows_actor`: it announces posts as its actor, which is followed (LitePub); others pass on what they are sent
    to all who follow everything public (Mastodon)."""

    id: int
    inbox: str
    actor_uri: str | None
    follows_actor: bool
    follow_uri: str
    state: str
    created_at: datetime
    answered_at: datetime | None

    @property
    def condition(self) -> str:
        """The state, or `silent` when it has not answered for long."""
        late = self.state == "pending" and self.created_at < datetime.now(UTC) - PATIENCE
        return "silent" if late else self.state


_COLUMNS = columns(Relay)


async def add(conn: Conn, *, inbox: str, actor_uri: str | None, follow_uri: str) -> None:
    """`Conflict` when it is there already."""
    done = await conn.fetchval(
        """
        insert into relays (inbox, actor_uri, follows_actor, follow_uri) values ($1, $2, $3, $4)
        on conflict (inbox) do nothing returning id
        """,
        inbox, actor_uri, actor_uri is not None, follow_uri,
    )  # fmt: skip
    if done is None:
        raise Conflict(f"{inbox} is a relay of this server already")


async def listed(conn: Conn) -> list[Relay]:
    return structs(Relay, await conn.fetch(f"select {_COLUMNS} from relays order by id"))


async def find(conn: Conn, address: str) -> Relay | None:
    """By its inbox or its actor."""
    record = await conn.fetchrow(f"select {_COLUMNS} from relays where inbox = $1 or actor_uri = $1 limit 1", address)
    return struct(Relay, record)


async def remove(conn: Conn, relay_id: int) -> None:
    await conn.execute("delete from relays where id = $1", relay_id)


async def answer(conn: Conn, relay_id: int, state: str, *, actor_uri: str) -> None:
    """It agrees or refuses; whoever says so is its actor."""
    await conn.execute(
        "update relays set state = $2, actor_uri = $3, answered_at = now() where id = $1", relay_id, state, actor_uri
    )


async def asked(conn: Conn, follow_uri: str) -> Relay | None:
    """By the Follow that it was sent."""
    record = await conn.fetchrow(f"select {_COLUMNS} from relays where follow_uri = $1", follow_uri)
    return struct(Relay, record)


async def speaks(conn: Conn, actor_uri: str) -> bool:
    """Whether an actor is that of a relay which has agreed."""
    found: bool = await conn.fetchval(
        "select exists (select from relays where actor_uri = $1 and state = 'accepted')", actor_uri
    )
    return found


async def inboxes(conn: Conn, *, follows_actor: bool) -> list[str]:
    """Of the relays of one kind that have agreed."""
    records = await conn.fetch(
        "select inbox from relays where state = 'accepted' and follows_actor = $1 order by id", follows_actor
    )
    return [record[0] for record in records]


async def pass_on(conn: Conn) -> bool:
    """Whether there is one that has agreed and passes on what it is sent."""
    found: bool = await conn.fetchval(
        "select exists (select from relays where state = 'accepted' and not follows_actor)"
    )
    return found
