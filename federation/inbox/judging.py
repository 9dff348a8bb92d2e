"""What becomes of an activity that arrives: the one place that decides. `judge` is asked once for each, when it is read
and before its signature is checked, so that what is not wanted costs nothing.

What is asked about is a claim still. Whatever is accepted is proven afterwards, and nobody claims to be somebody who is
refused; so `judge` may look at anything, but it changes nothing, fetches nothing and is quick. A new defence (words,
mass mentions, senders that are too new) is a function beside the ones here and a name in `_RULES`: the first that does
not accept decides.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

import msgspec

from federation import policy
from federation.context import Fed
from federation.http.addresses import parse_url
from federation.http.errors import BadUrl
from federation.vocab import types
from federation.vocab.activity import Activity
from federation.vocab.normalise import JSON
from storage import accounts
from storage.accounts import Account
from storage.db import Conn

# What people do elsewhere that changes nothing here.
IDLE = frozenset(
    {
        "Dislike", "View", "WatchAction", "Read", "Listen", "Play", "Download", "Join", "Leave", "Invite", "Offer",
        "TentativeAccept", "TentativeReject", "ApproveReply", "Lock", "Warn", "Ignore", "Arrive", "Travel", "Bite",
    }
)  # fmt: skip

Outcome = Literal["accept", "limit", "drop", "reject", "forged"]


class Arriving(msgspec.Struct, frozen=True, kw_only=True):
    """An activity as it is claimed to be."""

    activity: Activity
    document: JSON
    key_ids: Sequence[str]  # of its signatures, as far as they can be read
    recipient_id: int | None  # whose own inbox it came to
    verdicts: dict[str, policy.Verdict]  # on the hosts of its actor and of the keys


class Judgement(msgspec.Struct, frozen=True):
    """`accept`; `limit`: kept, and its sender is shown only to who follows them from now on; `drop`: answered as if it
    had been accepted, and forgotten; `reject`: answered with 403 and the reason; `forged`: with 401."""

    outcome: Outcome
    reason: str = ""


ACCEPTED = Judgement("accept")

Rule = Callable[[Conn, Fed, Arriving], Awaitable[Judgement]]


async def judge(
    fed: Fed, envelope: Activity, document: JSON, *, key_ids: Sequence[str], recipient_id: int | None
) -> Judgement:
    """What becomes of it."""
    hosts = {host for uri in (envelope.actor, *key_ids) if uri and (host := _host(uri))}
    async with fed.db.read() as conn:
        arriving = Arriving(
            activity=envelope,
            document=document,
            key_ids=key_ids,
            recipient_id=recipient_id,
            verdicts=await policy.verdicts(conn, fed.site, sorted(hosts)),
        )
        for rule in _RULES:
            judgement = await rule(conn, fed, arriving)
            if judgement.outcome != "accept":
                return judgement
    return ACCEPTED


async def limit(fed: Fed, sender: Account) -> None:
    """Show a sender only to who follows them: for as long as the rule about their server holds, else from now on."""
    async with fed.db.transaction() as conn:
        hosts = [host for host in (_host(sender.uri), sender.domain) if host]
        verdict = await policy.together(conn, fed.site, hosts)
        await accounts.limit(conn, sender.id, since=verdict.since)


def _host(uri: str) -> str | None:
    """None for a key that has no address: it will prove nothing."""
    try:
        return parse_url(uri).authority
    except BadUrl:
        return None


async def _ourselves(conn: Conn, fed: Fed, arriving: Arriving) -> Judgement:
    if fed.site.host in arriving.verdicts:
        return Judgement("forged", "We do not write to ourselves")
    return ACCEPTED


async def _domains(conn: Conn, fed: Fed, arriving: Arriving) -> Judgement:
    """The rules about servers: of whoever it is by, and of whoever passes it on."""
    verdicts = arriving.verdicts.values()
    if not all(verdict.allowed for verdict in verdicts):
        return Judgement("reject", "Your server is not welcome here")
    if arriving.activity.type == "Flag" and any(verdict.reject_reports for verdict in verdicts):
        return Judgement("drop", "reports of this server are not wanted")
    # Whoever passes it on lends its author none of their own limits.
    author = _host(arriving.activity.actor) if arriving.activity.actor else None
    if any(verdict.limited for host, verdict in arriving.verdicts.items() if author in (None, host)):
        return Judgement("limit", "this server is limited")
    return ACCEPTED


async def _of_no_interest(conn: Conn, fed: Fed, arriving: Arriving) -> Judgement:
    """No key is looked for to prove what changes nothing."""
    actor, kind = arriving.activity.actor, arriving.activity.type
    if kind in types.COLLECTIONS:
        return Judgement("drop", "it is no activity")
    if kind in IDLE and arriving.activity.object_type not in types.ACTIVITIES:
        known = actor is not None and await accounts.by_uri(conn, actor) is not None
        return ACCEPTED if known else Judgement("drop", "nobody here knows them")
    return ACCEPTED


_RULES: tuple[Rule, ...] = (_ourselves, _domains, _of_no_interest)
