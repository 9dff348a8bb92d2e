"""Interaction policies (GoToSocial): what the author of a post lets others do with it, and the proof of their consent.

Ours allow everything, which is what a post without a policy says.
"""

from typing import Any

from federation import origins, sharing
from federation.context import Fed, Site
from federation.errors import Gone, Rejected
from federation.vocab import activity, consent, interaction, normalise, types
from federation.vocab.activity import Activity
from federation.vocab.audience import PUBLIC
from federation.vocab.note import Note
from storage import accounts, approvals, follows, inbox, search_consents, statuses
from storage.accounts import Account
from storage.approvals import Action, Rule, Verdict
from storage.db import Conn
from storage.statuses import Status

NAMES: dict[Action, str] = {"like": "canLike", "reply": "canReply", "announce": "canAnnounce"}


async def keep(conn: Conn, site: Site, status_id: int, note: Note, author: Account) -> bool:
    """What a post of another server allows from now on, and the collections that it shares; whether these changed."""
    await approvals.set_rules(conn, status_id, rules(note))
    await search_consents.put(conn, status_id, _findable(note, author))
    return await sharing.replace(conn, site, status_id, note.collections)


async def begin(conn: Conn, site: Site, status_id: int, note: Note, author: Account) -> None:
    """The same for a post that is new: most say nothing of any."""
    if note.searchable_by is not None:
        await search_consents.put(conn, status_id, _findable(note, author))
    allowed = rules(note)
    if allowed:
        await approvals.set_rules(conn, status_id, allowed)
    if note.collections:
        await sharing.replace(conn, site, status_id, note.collections)


def _findable(note: Note, author: Account) -> int | None:
    """By whom a post may be found; None when that is its author's to say (fedibird, PieFed)."""
    if note.searchable_by is None:
        return None
    if PUBLIC in note.searchable_by:
        return search_consents.EVERYBODY
    followers = author.followers_uri is not None and author.followers_uri in note.searchable_by
    return search_consents.FOLLOWERS if followers else search_consents.AUTHOR


def rules(note: Note) -> list[Rule]:
    """Those that allow less than everything."""
    found = [(action, interaction.grants(note.raw, name)) for action, name in NAMES.items()]
    return [
        Rule(action, list(policy.automatic), list(policy.manual))
        for action, policy in found
        if policy is not None and (PUBLIC not in policy.automatic or {*policy.manual} - {*policy.automatic})
    ]


async def verdict(conn: Conn, post: Status, actor: Account, action: Action) -> Verdict:
    """What the author says to this. Whoever is named in a post, or answered by it, may answer."""
    rule = None if post.is_local else await approvals.rule(conn, post.id, action)
    if rule is None or post.account_id == actor.id:
        return "automatic"
    if action == "reply" and await _addressed(conn, post, actor):
        return "automatic"
    among = await _among(conn, rule, post, actor)
    return approvals.verdict(rule.automatic, rule.manual, actor.uri, among, PUBLIC)


async def _addressed(conn: Conn, post: Status, actor: Account) -> bool:
    named = (await statuses.mentioned(conn, [post.id]))[post.id]
    return post.in_reply_to_account_id == actor.id or any(each == actor.id for each, _ in named)


async def _among(conn: Conn, rule: Rule, post: Status, actor: Account) -> set[str]:
    """The collections of the author that the rule names and the actor is in."""
    author = await accounts.by_id(conn, post.account_id)
    if author is None:
        return set()
    entries, found = {*rule.automatic, *rule.manual}, set[str]()
    if author.followers_uri in entries and await follows.find(conn, actor.id, author.id) is not None:
        found.add(author.followers_uri or "")
    if author.following_uri in entries and await follows.find(conn, author.id, actor.id) is not None:
        found.add(author.following_uri or "")
    return found


async def admit(fed: Fed, note: Note, author: Account) -> bool:
    """Raise Rejected for an answer that the author of what it answers did not agree to; their server is asked. False
    when that could not be judged, as what it answers is not here."""
    if note.in_reply_to is None:
        return True
    stamp = consent_to_answer(note)
    return await check(fed, note.in_reply_to, author, "reply", interacting=note.id, stamp=stamp)


async def admit_activity(fed: Fed, envelope: Activity, actor: Account, action: Action, target: str) -> None:
    """Raise Rejected for what the author of a post did not agree to. It may come again, under the same id, when they
    have."""
    uri, stamp = envelope.id or "", proof(envelope.raw, action)
    try:
        await check(fed, target, actor, action, interacting=uri, stamp=stamp)
    except Rejected:
        async with fed.db.transaction() as conn:
            await inbox.reopen(conn, (actor.id, uri))
        raise


def consent_to_answer(note: Note) -> str | None:
    """The proof that an answer names."""
    return proof(note.raw, "reply")


def proof(document: dict[str, Any], action: Action) -> str | None:
    """The consent that an activity or an answer names. Any: JSON."""
    return normalise.iri(document.get(f"{action}Authorization")) or normalise.iri(document.get("approvedBy"))


async def check(fed: Fed, target: str, actor: Account, action: Action, *, interacting: str, stamp: str | None) -> bool:
    """The same for whatever somebody elsewhere did with a post."""
    async with fed.db.read() as conn:
        post = await statuses.by_uri(conn, target)
        if post is None:
            return False
        if await verdict(conn, post, actor, action) == "automatic":
            return True
        author = await accounts.by_id(conn, post.account_id)
    if stamp is None or author is None or not await _proven(fed, stamp, author.uri, interacting, post.uri):
        raise Rejected(f"the author of {target} has not agreed to {interacting}")
    return True


async def _proven(fed: Fed, uri: str, author: str, interacting: str, target: str) -> bool:
    if not normalise.same_host(uri, author):
        return False
    try:
        document = (await origins.document(fed, uri, again=True)).body
    except Gone:
        return False
    if types.primary(document) == "Accept":  # which older versions serve as the proof
        answer = activity.parse(document)
        return answer.id == uri and answer.actor == author and answer.object_id == interacting
    stamp = consent.parse(document)
    return (
        stamp is not None
        and stamp.type.endswith(("Approval", "Authorization"))
        and (stamp.id, stamp.author, stamp.interacting, stamp.target) == (uri, author, interacting, target)
    )
