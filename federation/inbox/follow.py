"""Follow, Accept and Reject: who follows whom across servers."""

from collections.abc import Sequence

from federation import outbound, relays, uris
from federation.context import INSTANCE_ACTOR_ID
from federation.errors import Rejected
from federation.inbox.box import Box
from federation.vocab import normalise
from federation.vocab.types import Ref
from storage import accounts, blocks, domain_blocks, follows, inbox
from storage.accounts import Account
from storage.db import Conn
from storage.follows import Follow, Options


async def asked(box: Box) -> None:
    """Somebody elsewhere wants to follow somebody here."""
    async with box.fed.db.transaction() as conn:
        target = await accounts.by_uri(conn, box.object_id)
        if target is None or not target.is_local:
            return
        follow_id = await accounts.new_id(conn)
        uri = box.activity.id or uris.follow(box.actor.uri, follow_id)
        if await box.undone(conn, once=True):
            return
        if target.id == INSTANCE_ACTOR_ID and await relays.is_known(conn, box.actor):
            await outbound.accept(conn, box.fed.site, box.actor, target, uri)
            await inbox.reopen(conn, (box.actor.id, uri))
            return
        if await _unwanted(conn, box.actor, target):
            await outbound.reject(conn, box.fed.site, box.actor, target, uri)
            await inbox.reopen(conn, (box.actor.id, uri))
            return
        await follows.ask(
            conn, follow_id=follow_id, uri=uri, account_id=box.actor.id, target_id=target.id, options=Options()
        )


async def _unwanted(conn: Conn, follower: Account, target: Account) -> bool:
    return (
        target.id == INSTANCE_ACTOR_ID
        or target.suspended_at is not None
        or target.moved_to_id is not None
        or await blocks.exists(conn, target.id, follower.id)
        or await domain_blocks.exists(conn, target.id, follower.domain)
    )


async def accepted(box: Box) -> None:
    """The account that was asked agrees."""
    async with box.fed.db.transaction() as conn:
        if await relays.answered(conn, box.actor, box.activity, "accepted"):
            return
        ours = await asked_by_us(conn, box.actor, box.activity.objects)
        if ours is not None:
            await follows.accept(conn, ours.account_id, ours.target_id)


async def rejected(box: Box) -> None:
    """It refuses, or removes a follower."""
    async with box.fed.db.transaction() as conn:
        if await relays.answered(conn, box.actor, box.activity, "rejected"):
            return
        ours = await asked_by_us(conn, box.actor, box.activity.objects)
        if ours is not None:
            await follows.reject(conn, ours.account_id, ours.target_id)


async def asked_by_us(conn: Conn, sender: Account, refs: Sequence[Ref]) -> Follow | None:
    """The follow or request of ours that is meant, provided that it was the sender who was asked."""
    for ref in refs:
        found = await _meant(conn, ref, sender)
        if found is not None:
            if found.target_id != sender.id:
                raise Rejected("somebody else was asked")
            return found
    return None


async def _meant(conn: Conn, ref: Ref, target: Account) -> Follow | None:
    if ref.id is not None and (found := await follows.by_uri(conn, ref.id)) is not None:
        return found
    if ref.doc is None:
        return None
    # Some servers answer with an id of their own making: the embedded actor tells who had asked.
    follower = await accounts.by_uri(conn, normalise.iri(ref.doc.get("actor")) or "")
    if follower is None or not follower.is_local:
        return None
    return await follows.find_request(conn, follower.id, target.id) or await follows.find(conn, follower.id, target.id)
