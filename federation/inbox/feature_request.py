"""FeatureRequest, and the answers to ours: whether somebody may be put into a collection (FEP-7aa9)."""

from federation import featuring, stamps, uris
from federation.errors import Rejected
from federation.inbox import answer
from federation.inbox import collection as contents
from federation.inbox.box import Box
from federation.vocab import consent, featured, normalise
from federation.vocab.types import Ref
from storage import accounts, collection_items, collections, feature_policies
from storage.accounts import Account
from storage.collection_items import Item
from storage.collections import Collection
from storage.db import Conn


async def requested(box: Box) -> None:
    """Somebody elsewhere wants a person here in a collection of theirs. The person's profile answers."""
    ref = box.activity.instrument
    async with box.fed.db.read() as conn:
        person = await accounts.by_uri(conn, box.object_id)
    if person is None or not person.is_local or person.id < 0 or person.suspended_at is not None:
        return
    if ref is None or ref.id is None or not box.owns(ref.id):
        return
    collection = await contents.theirs(box, ref.id)
    asked = consent.Request(
        id=box.activity.id or uris.feature_request(box.actor.uri, person.id),
        type=featured.REQUEST,
        actor=box.actor.uri,
        object=person.uri,
        instrument=ref.id,
    )
    async with box.fed.db.transaction() as conn:
        if await box.undone(conn):
            return
        stamp = await _stamp(conn, box, collection, person) if collection is not None else None
        await answer.give(conn, box, asked, sender=person, stamp=stamp)


async def _stamp(conn: Conn, box: Box, collection: Collection, person: Account) -> str | None:
    """The URI of their consent, given now or before; None when it is refused. Whoever has left is not asked again."""
    known = await collection_items.of_person(conn, collection.id, person.uri)
    if known is not None and known.state == "revoked":
        return None
    if known is not None and known.state == "accepted":
        return known.approval_uri
    if await feature_policies.judged(conn, person, by=box.actor) != "automatic":
        return None
    item_id = await accounts.new_id(conn)
    uri = uris.feature_authorization(person.uri, item_id)
    new = collection_items.New(
        id=item_id,
        collection_id=collection.id,
        account_id=person.id,
        object_uri=person.uri,
        uri=known.uri if known else None,
        state="accepted",
        approval_uri=uri,
    )
    await collection_items.add(conn, new)
    return uri


async def accepted(box: Box) -> bool:
    """Whether it answers something of ours."""
    row = await _ours(box)
    if row is not None:
        await _agreed(box, row)
    return row is not None


async def rejected(box: Box) -> bool:
    """Whether it answers something of ours."""
    row = await _ours(box)
    if row is not None:
        await _refused(box, row)
    return row is not None


async def _agreed(box: Box, row: Item) -> None:
    """Consent that nobody else could verify is none."""
    uri = box.activity.result
    async with box.fed.db.read() as conn:
        collection = await collections.by_id(conn, row.collection_id)
    if collection is None:
        return
    if uri is None or not await stamps.given(box.fed, featuring.stamp(collection, box.actor, uri)):
        raise Rejected("the stamp says something else")
    await featuring.accept(box.fed, row, box.actor, uri)


async def _refused(box: Box, row: Item) -> None:
    async with box.fed.db.transaction() as conn:
        await collection_items.reject(conn, row.id)


async def _ours(box: Box) -> Item | None:
    """Whom a collection of ours asked for, provided that it is the sender."""
    for ref in box.activity.objects:
        async with box.fed.db.read() as conn:
            row = await collection_items.by_request(conn, ref.id) if ref.id else None
            if row is None and ref.doc is not None:
                row = await _described(conn, ref)
            collection = await collections.by_id(conn, row.collection_id) if row else None
        if row is not None and collection is not None and collection.is_local:
            if row.account_id != box.actor.id:
                raise Rejected("somebody else was asked")
            return row
    return None


async def _described(conn: Conn, ref: Ref) -> Item | None:
    """By what a request says, if its answer bears another id."""
    collection_uri, actor_uri = (normalise.iri((ref.doc or {}).get(name)) for name in ("instrument", "object"))
    collection = await collections.by_uri(conn, collection_uri or "")
    return await collection_items.of_person(conn, collection.id, actor_uri or "") if collection else None
