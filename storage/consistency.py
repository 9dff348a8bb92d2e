"""What must be true of the rows whatever was killed, cut off or tried again. A row that a query here finds is a bug.

True at any moment, since counters change with what they count and what follows is a job of the same transaction. What
effects make and remove is looked at when no event waits.
"""

import msgspec

from storage.db import Conn

EXAMPLES = 3
# So much longer than its lease something may be held: until the next look of a worker.
GRACE = "interval '1 minute'"

COUNTERS = {
    "statuses_count": """
        select a.account_id from account_stats a where statuses_count <> (
            select count(*) from statuses s
            where s.account_id = a.account_id and s.visibility < 3 and s.held_until is null)""",
    "following_count": """
        select a.account_id from account_stats a where following_count <>
            (select count(*) from follows f where f.account_id = a.account_id)""",
    "followers_count": """
        select a.account_id from account_stats a where followers_count <>
            (select count(*) from follows f where f.target_id = a.account_id)""",
    "replies_count": """
        select t.status_id from status_stats t where replies_count <> (
            select count(*) from statuses s
            where s.in_reply_to_id = t.status_id and s.visibility < 2 and s.held_until is null)""",
    "reblogs_count": """
        select t.status_id from status_stats t where reblogs_count <> (
            select count(*) from statuses s where s.reblog_of_id = t.status_id and s.held_until is null)""",
    "favourites_count": """
        select t.status_id from status_stats t where favourites_count <>
            (select count(*) from favourites f where f.status_id = t.status_id)""",
    "tallies": """
        select p.id from polls p join statuses s on s.poll_id = p.id where s.is_local and tallies <> array(
            select (select count(*) from poll_votes v where v.poll_id = p.id and v.choice = c.n - 1)
            from generate_series(1, cardinality(p.options)) c(n) order by c.n)""",
    "voters_count": """
        select p.id from polls p join statuses s on s.poll_id = p.id where s.is_local and voters_count <>
            (select count(distinct v.account_id) from poll_votes v where v.poll_id = p.id)""",
}
POINTERS = {
    "marks": """
        select m.status_id from marks m where (flags & 1 <> 0) <> exists (
                select from favourites f where f.account_id = m.account_id and f.status_id = m.status_id)
            or (flags & 2 <> 0) <> exists (
                select from bookmarks b where b.account_id = m.account_id and b.status_id = m.status_id)
            or (flags & 4 <> 0) <> exists (
                select from statuses s where s.account_id = m.account_id and s.reblog_of_id = m.status_id)""",
    "answers to nothing": """
        select s.id from statuses s where s.in_reply_to_id is not null
            and not exists (select from statuses p where p.id = s.in_reply_to_id)""",
    "posts of nobody": """
        select s.id from statuses s where not exists (select from accounts a where a.id = s.account_id)""",
    "posts and people without counters": """
        select s.id from statuses s where not exists (select from status_stats t where t.status_id = s.id)
            and s.reblog_of_id is null
        union all
        select a.id from accounts a where not exists (select from account_stats t where t.account_id = a.id)""",
    "a follow and a block": "select f.id from follows f join blocks b using (account_id, target_id)",
    "a follow and a request": "select f.id from follows f join follow_requests r using (account_id, target_id)",
}
QUEUES = {
    "deliveries of nothing": """
        select d.id from deliveries d where not exists (select from activities a where a.id = d.activity_id)""",
    "deliveries to hosts that are not known": """
        select d.id from deliveries d where d.state = 'waiting'
            and not exists (select from hosts h where h.host = d.host)""",
    "activities for nobody": """
        select a.id from activities a where not exists (select from deliveries d where d.activity_id = a.id)
            and exists (select from statuses s where s.uri = a.object_uri and s.is_local)
            and a.created_at > now() - interval '1 day'""",
    "leases that ended": f"""
        select j.id from jobs j where failed_at is null and holder is not null and run_at < now() - {GRACE}
        union all
        select d.id from deliveries d left join hosts h on h.host = d.host
        where d.state = 'waiting' and d.leased_until < now() - {GRACE} and d.next_at < now() - {GRACE}
            and coalesce(h.next_at, '-infinity') < now() - {GRACE}""",
    "ends that are none": """
        select d.id from deliveries d
        where (d.state = 'delivered') <>
            (d.delivered_at is not null and coalesce(d.last_status, 0) between 200 and 299)""",
}
_SETTLED = "not exists (select from jobs where queue = 'event' and failed_at is null)"
AFTERWARDS = {
    "homes with what is gone": f"""
        select h.status_id from home h where {_SETTLED}
            and not exists (select from statuses s where s.id = h.status_id)""",
    "notifications of what is gone": f"""
        select n.id from notifications n where {_SETTLED} and n.status_id is not null
            and not exists (select from statuses s where s.id = n.status_id)""",
}
RULES = {**COUNTERS, **POINTERS, **QUEUES, **AFTERWARDS}


class Fault(msgspec.Struct, frozen=True):
    """A rule that does not hold: of how many rows, and the ids of a few."""

    rule: str
    count: int
    examples: list[int]


async def faults(conn: Conn, *, timeout_seconds: float = 30.0) -> list[Fault]:
    """The rules that do not hold; none, if all is well. Reads whole tables, all as of one moment. In a transaction."""
    await conn.execute("set transaction isolation level repeatable read, read only")
    await conn.execute("select set_config('statement_timeout', $1, true)", f"{timeout_seconds:.0f}s")
    found = []
    for rule in RULES:
        records = await conn.fetch(RULES[rule], timeout=timeout_seconds)
        if records:
            found.append(Fault(rule, len(records), [record[0] for record in records[:EXAMPLES]]))
    return found
