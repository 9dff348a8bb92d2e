"""Consent by authors elsewhere to what people here do with their posts: asked for, given, refused.

The answer or boost itself bears the proof in `interaction_approvals`, once it has left; a Like has it here.
"""

from typing import Literal

import msgspec

from storage import events
from storage.db import Conn
from storage.rows import columns, struct

State = Literal["asked", "given", "refused"]


class Consent(msgspec.Struct, frozen=True):
    """`interacting_uri`: of the answer, the boost or the Like; `status_id`: what it is about."""

    interacting_uri: str
    request_uri: str | None
    account_id: int
    status_id: int
    state: State
    approval_uri: str | None


_COLUMNS = columns(Consent)


async def ask(conn: Conn, *, interacting_uri: str, request_uri: str, account_id: int, status_id: int) -> None:
    """Somebody here wants to do something that they do not do before the author has agreed."""
    await conn.execute(
        """
        insert into interaction_consents (interacting_uri, request_uri, account_id, status_id, state)
        values ($1, $2, $3, $4, 'asked') on conflict do nothing
        """,
        interacting_uri, request_uri, account_id, status_id,
    )  # fmt: skip


async def find(conn: Conn, interacting_uri: str) -> Consent | None:
    record = await conn.fetchrow(
        f"select {_COLUMNS} from interaction_consents where interacting_uri = $1", interacting_uri
    )
    return struct(Consent, record)


async def named(conn: Conn, uri: str) -> Consent | None:
    """By the question, or by what it is about, locked."""
    record = await conn.fetchrow(
        f"select {_COLUMNS} from interaction_consents where request_uri = $1 or interacting_uri = $1 for update", uri
    )
    return struct(Consent, record)


async def waits(conn: Conn, interacting_uri: str) -> bool:
    """Whether something must not be told yet, or ever."""
    found: bool = await conn.fetchval(
        "select exists (select from interaction_consents where interacting_uri = $1 and state <> 'given')",
        interacting_uri,
    )
    return found


async def give(conn: Conn, row: Consent, approval_uri: str) -> None:
    """The author agrees. Emits `ConsentGiven` when that is news."""
    changed = await conn.fetchval(
        """
        insert into interaction_consents as c (interacting_uri, account_id, status_id, state, approval_uri)
        values ($1, $2, $3, 'given', $4)
        on conflict (interacting_uri) do update set state = 'given', approval_uri = excluded.approval_uri
            where c.state = 'asked' or (c.state = 'given' and c.approval_uri <> excluded.approval_uri)
        returning account_id
        """,
        row.interacting_uri, row.account_id, row.status_id, approval_uri,
    )  # fmt: skip
    if changed is not None:
        await events.emit(conn, events.ConsentGiven(row.interacting_uri, row.status_id, row.account_id))


async def refuse(conn: Conn, interacting_uri: str) -> None:
    await conn.execute(
        "update interaction_consents set state = 'refused', approval_uri = null where interacting_uri = $1",
        interacting_uri,
    )


async def drop(conn: Conn, interacting_uri: str) -> Consent | None:
    """What was wanted or done is no more."""
    record = await conn.fetchrow(
        f"delete from interaction_consents where interacting_uri = $1 returning {_COLUMNS}", interacting_uri
    )
    return struct(Consent, record)
