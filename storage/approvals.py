"""What authors elsewhere allow others to do with a post, and their consent to answers and boosts: to ours, and what
others claim to be theirs."""

from collections.abc import Collection, Sequence
from typing import Literal

import msgspec

from storage import events
from storage.db import Conn
from storage.rows import columns, struct, structs

Action = Literal["like", "reply", "announce"]


class Rule(msgspec.Struct, frozen=True):
    """Who may at once, and who has to be agreed to, by URI. Everybody may where there is no rule."""

    action: Action
    automatic: list[str]
    manual: list[str]


Verdict = Literal["automatic", "manual", "denied"]


def verdict(
    automatic: Sequence[str], manual: Sequence[str], actor: str, among: Collection[str], public: str
) -> Verdict:
    """What a rule says to an actor who is in the collections `among`. Whoever is named comes before collections, and
    these before everybody (`public`); who is in both lists may at once."""
    if actor in automatic:
        return "automatic"
    if actor in manual:
        return "manual"
    if public in automatic:
        return "manual" if among and set(among).isdisjoint(automatic) else "automatic"
    # Others cannot tell who follows whom, so that the author has to confirm it.
    return "manual" if among or public in manual else "denied"


async def set_rules(conn: Conn, status_id: int, rules: Sequence[Rule]) -> None:
    """Those that hold from now on."""
    await conn.execute("delete from interaction_rules where status_id = $1", status_id)
    for rule in rules:  # at most three
        await conn.execute(
            "insert into interaction_rules (status_id, action, automatic, manual) values ($1, $2, $3, $4)",
            status_id, rule.action, rule.automatic, rule.manual,
        )  # fmt: skip


async def rule(conn: Conn, status_id: int, action: Action) -> Rule | None:
    record = await conn.fetchrow(
        f"select {columns(Rule)} from interaction_rules where status_id = $1 and action = $2", status_id, action
    )
    return struct(Rule, record)


async def approve(conn: Conn, status_id: int, uri: str) -> None:
    """The author agreed. Emits `StatusTouched` when that is news: others believe the answer only with this URI."""
    changed = await conn.fetchval(
        """
        insert into interaction_approvals as a (status_id, uri) values ($1, $2)
        on conflict (status_id) do update set uri = excluded.uri where a.uri <> excluded.uri returning status_id
        """,
        status_id, uri,
    )  # fmt: skip
    if changed is not None:
        await events.emit(conn, events.StatusTouched(status_id))


async def claim(conn: Conn, status_id: int, uri: str) -> None:
    """An answer from elsewhere names a consent that nobody can look at yet: what it answers is not here."""
    await conn.execute(
        "insert into interaction_approvals (status_id, uri) values ($1, $2) on conflict do nothing", status_id, uri
    )


class Unjudged(msgspec.Struct, frozen=True):
    """An answer from elsewhere that was here before what it answers; `stamp` is the consent that it names."""

    id: int
    uri: str
    account_id: int
    stamp: str | None


async def unjudged(conn: Conn, status_id: int, limit: int) -> list[Unjudged]:
    """Answers to a post which still name it as what they wait for."""
    records = await conn.fetch(
        """
        select s.id, s.uri, s.account_id, c.uri as stamp
        from statuses p join statuses s on s.in_reply_to_id = p.id and s.in_reply_to_uri = p.uri and not s.is_local
        left join interaction_approvals c on c.status_id = s.id
        where p.id = $1 order by s.id limit $2
        """,
        status_id, limit,
    )  # fmt: skip
    return structs(Unjudged, records)


async def judged(conn: Conn, status_id: int) -> None:
    """An answer stands."""
    await conn.execute(
        "update statuses set in_reply_to_uri = null where id = $1 and in_reply_to_id is not null", status_id
    )


async def approved_by(conn: Conn, status_ids: Sequence[int]) -> dict[int, str]:
    records = await conn.fetch(
        "select status_id, uri from interaction_approvals where status_id = any($1)", list(status_ids)
    )
    return {record[0]: record[1] for record in records}


async def part(conn: Conn, status_id: int) -> None:
    """An answer that the author has refused is none: it stays with whoever wrote it, by itself."""
    await conn.execute(
        """
        with parted as (
            update statuses s set in_reply_to_id = null, in_reply_to_account_id = null, in_reply_to_uri = null,
                version = s.version + 1
            from statuses p where s.id = $1 and p.id = s.in_reply_to_id
            returning p.id, s.visibility < 2 and s.held_until is null as counted)
        update status_stats set replies_count = greatest(replies_count - 1, 0)
        where status_id in (select id from parted where counted)
        """,
        status_id,
    )
    await conn.execute("delete from interaction_approvals where status_id = $1", status_id)
    await events.emit(conn, events.StatusTouched(status_id))


class Stamp(msgspec.Struct, frozen=True):
    """An author of ours agrees to something about a post of theirs."""

    id: int
    account_id: int
    type: str
    interacting_uri: str
    target_uri: str
    status_id: int
    visibility: int


async def stamp(conn: Conn, *, account_id: int, status_id: int, kind: str, interacting_uri: str) -> int:
    """The id of the stamp, the same for the same question."""
    stamp_id: int = await conn.fetchval(
        """
        insert into interaction_stamps (account_id, status_id, type, interacting_uri) values ($1, $2, $3, $4)
        on conflict (status_id, type, interacting_uri) do update set type = excluded.type returning id
        """,
        account_id, status_id, kind, interacting_uri,
    )  # fmt: skip
    return stamp_id


async def stamp_by_id(conn: Conn, stamp_id: int) -> Stamp | None:
    record = await conn.fetchrow(
        """
        select t.id, t.account_id, t.type, t.interacting_uri, s.uri as target_uri, t.status_id, s.visibility
        from interaction_stamps t join statuses s on s.id = t.status_id where t.id = $1
        """,
        stamp_id,
    )
    return struct(Stamp, record)
