"""From rows to activities and their audience: the JSON is stored once, with one delivery row per distinct inbox.

Everything here runs inside the transaction of an effect and only writes rows; `delivery` sends them later.
"""

from collections.abc import Sequence
from typing import Any

import orjson

from federation import asking, objects, outgoing, profiles, uris
from federation.context import INSTANCE_ACTOR_ID, Site
from federation.vocab import activity, audience, question
from storage import accounts, activities, audiences, ids, publishing, relays, statuses
from storage.accounts import Account
from storage.db import Conn
from storage.events import StatusDeleted
from storage.polls import Poll, Vote
from storage.statuses import Status
from storage.visibility import DIRECT, NAMES, PRIVATE, PUBLIC

JSON = dict[str, Any]  # Any: ActivityStreams


async def status_created(conn: Conn, site: Site, status: Status, *, again: bool = False) -> None:
    """Create of a post or Announce of a boost, to whoever may read it. `again`: they have been told, and are told more
    now."""
    inboxes = await audiences.of_status(conn, status.id)
    if not inboxes:
        return
    if again:
        await activities.replace(conn, status.uri)
    material = await publishing.load(conn, [status])
    if status.reblog_of_id is not None:
        if status.reblog_of_id not in material.parents:
            return  # Deleted meanwhile, and its boosts are about to be.
        document = objects.announce(status, material)
    else:
        document = activity.create(objects.render_note(site, status, material))
    await _tell(conn, site, document, status, inboxes)


async def _tell(conn: Conn, site: Site, document: JSON, status: Status, inboxes: Sequence[str]) -> None:
    await outgoing.send(
        conn,
        site,
        document,
        sender_id=status.account_id,
        inboxes=inboxes,
        object_uri=status.uri,
        bulk=status.visibility < DIRECT,
    )


async def status_updated(conn: Conn, site: Site, status: Status) -> None:
    """Update of a post: an edit, or new counts of a poll. Of a public one also to those who dealt with it."""
    inboxes = await asking.confined(conn, status.uri)
    if inboxes is None:
        inboxes = await audiences.of_status(conn, status.id, with_interested=True)
    if not inboxes:
        return
    material = await publishing.load(conn, [status])
    document = activity.update(objects.render_note(site, status, material), at=status.edited_at or status.created_at)
    document["id"] = uris.update(status.uri, outgoing.now())
    await _tell(conn, site, document, status, inboxes)


async def status_deleted(conn: Conn, site: Site, event: StatusDeleted) -> None:
    """Delete of a post, or Undo of a boost, to everybody who may hold a copy."""
    author = await _account(conn, event.account_id)
    inboxes = await asking.end(conn, event.uri)
    if inboxes is None:
        inboxes = await _holders(conn, author, event)
    await activities.discard_waiting(conn, event.uri)
    to, cc = await _addressed(conn, author, event)
    if event.reblog_of_id is None:
        document = activity.delete(author.uri, event.uri, to=to, cc=cc)
    else:
        boosted_uri = event.reblog_of_uri or await _announced(conn, event.uri)
        if boosted_uri is None:
            return
        announced = activity.announce(
            activity.Boost(
                id=event.uri,
                actor=author.uri,
                object=boosted_uri,
                to=to,
                cc=cc,
                published=ids.time_of(event.status_id),
            )
        )
        document = activity.undo(uris.undo(event.uri), author.uri, announced)
    await outgoing.send(
        conn,
        site,
        document,
        sender_id=author.id,
        inboxes=inboxes,
        object_uri=event.uri,
        bulk=event.visibility < DIRECT,
    )


async def _announced(conn: Conn, uri: str) -> str | None:
    """What a boost was of, as others were told; None if nobody was. Of what is gone from here nothing else knows."""
    told = await activities.by_uri(conn, uri)
    return str(orjson.loads(told.body)["object"]) if told is not None else None


async def _holders(conn: Conn, author: Account, event: StatusDeleted) -> list[str]:
    """The inboxes of everybody who was told of a post that is gone now."""
    inboxes = set(await audiences.of_accounts(conn, event.account_ids))
    if event.visibility < DIRECT:
        inboxes |= set(await audiences.of_followers(conn, author.id))
    if event.visibility < PRIVATE and event.in_reply_to_id is not None:
        # They were shown the answer: see `audiences.of_status`.
        inboxes |= set(await audiences.of_followers_of_author(conn, event.in_reply_to_id))
    if event.visibility == PUBLIC and event.reblog_of_id is None:
        inboxes |= set(await relays.inboxes(conn, follows_actor=False))
    return list(inboxes)


async def _addressed(conn: Conn, author: Account, event: StatusDeleted) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """`to` and `cc` of a farewell: as wide as what is gone was, and no wider. Of a direct post everybody knows who has
    it; of any other nobody is told who answered or liked it."""
    named = event.account_ids if event.visibility == DIRECT else event.mentioned_ids
    people = [account.uri for account in (await accounts.by_ids(conn, named)).values()]
    found = audience.audience(NAMES[event.visibility], author.followers_uri or "", people)
    return tuple(found.to), tuple(found.cc)


async def follow(conn: Conn, site: Site, follower: Account, target: Account, uri: str) -> None:
    document = activity.follow(uri, follower.uri, target.uri)
    await outgoing.to_one(conn, site, document, sender=follower, recipient=target)


async def unfollow(conn: Conn, site: Site, follower: Account, target: Account, uri: str) -> None:
    document = activity.undo(uris.undo(uri), follower.uri, activity.follow(uri, follower.uri, target.uri))
    await outgoing.to_one(conn, site, document, sender=follower, recipient=target)


def _asked(uri: str, follower: Account, target: Account) -> JSON:
    """Their Follow, as they called it."""
    return activity.follow(activity.spelt(uri, follower.uri), follower.uri, target.uri)


async def accept(conn: Conn, site: Site, follower: Account, target: Account, uri: str) -> None:
    """The target's yes to a remote follower; sent again under a new id when asked again."""
    answer = uris.answer(target.uri, "accepts", outgoing.now())
    document = activity.accept(answer, target.uri, _asked(uri, follower, target))
    await outgoing.to_one(conn, site, document, sender=target, recipient=follower)


async def reject(conn: Conn, site: Site, follower: Account, target: Account, uri: str) -> None:
    answer = uris.answer(target.uri, "rejects", outgoing.now())
    document = activity.reject(answer, target.uri, _asked(uri, follower, target))
    await outgoing.to_one(conn, site, document, sender=target, recipient=follower)


async def block(conn: Conn, site: Site, account: Account, target: Account, uri: str, *, undo: bool = False) -> None:
    document = activity.block(uri, account.uri, target.uri)
    if undo:
        document = activity.undo(uris.undo(uri), account.uri, document)
    await outgoing.to_one(conn, site, document, sender=account, recipient=target)


async def votes(conn: Conn, site: Site, asked: Status, poll: Poll, voter: Account, cast: Sequence[Vote]) -> None:
    """One Create for each option chosen in a remote poll, to its author."""
    author = await _account(conn, asked.account_id)
    for vote in cast:
        if vote.uri is None:
            continue
        document = question.vote(
            question.Vote(
                id=vote.uri,
                voter=voter.uri,
                poll=asked.uri,
                author=author.uri,
                option=poll.options[vote.choice],
                published=vote.created_at,
            )
        )
        await outgoing.to_one(conn, site, document, sender=voter, recipient=author)


async def account_updated(conn: Conn, site: Site, account: Account) -> None:
    """Update of an actor, to followers, to those that it had before it moved away, and to whom it dealt with lately."""
    document = activity.update(await profiles.person(conn, site, account), at=account.updated_at)
    document["id"] = uris.update(account.uri, outgoing.now())
    inboxes = await audiences.of_profile(conn, account.id)
    await outgoing.send(conn, site, document, sender_id=account.id, inboxes=inboxes, object_uri=account.uri)


async def account_deleted(conn: Conn, site: Site, account: Account) -> None:
    """Delete of an actor, to every inbox whose server may show it."""
    document = activity.delete(account.uri, account.uri)
    inboxes = await audiences.of_everybody(conn, account.id)
    await outgoing.send(conn, site, document, sender_id=account.id, inboxes=inboxes, object_uri=None)


async def pinned(conn: Conn, site: Site, status: Status, account: Account, *, undo: bool = False) -> None:
    """Add to, or Remove from, the featured collection, to followers."""
    verb = "removes" if undo else "adds"
    make = activity.remove if undo else activity.add
    document = make(
        uris.answer(account.uri, verb, outgoing.now()), account.uri, status.uri, target=account.featured_uri or ""
    )
    inboxes = await audiences.of_followers(conn, account.id)
    await outgoing.send(conn, site, document, sender_id=account.id, inboxes=inboxes, object_uri=None)


async def flag(conn: Conn, site: Site, named: Sequence[str], comment: str, uri: str, *, inboxes: Sequence[str]) -> None:
    """A report, as the instance actor, so that nobody learns who made it. `named`: the account, then what it made."""
    document = activity.flag(uri, uris.instance_actor(site.base_url), named, content=comment)
    await outgoing.send(conn, site, document, sender_id=INSTANCE_ACTOR_ID, inboxes=inboxes, object_uri=None, bulk=False)


async def _account(conn: Conn, account_id: int) -> Account:
    account = await accounts.by_id(conn, account_id)
    if account is None:
        raise LookupError(f"account {account_id} is gone")
    return account


async def local_status(conn: Conn, status_id: int) -> Status | None:
    """A status of ours that still exists and is not held back: what effects begin with."""
    status = await statuses.by_id(conn, status_id)
    return status if status is not None and status.is_local and status.held_until is None else None
