"""What follows from collections: people are told and asked, and other servers hear who is in them."""

from federation import featuring, outgoing, uris
from federation.vocab import activity, consent, featured
from fedi.effects import notify
from fedi.effects.context import Context
from storage import accounts, audiences, collection_items, events, notifications
from storage import collections as rows
from storage.accounts import Account
from storage.collection_items import Item
from storage.collections import Collection


async def published(ctx: Context, event: events.CollectionCreated) -> None:
    row = await rows.by_id(ctx.conn, event.collection_id)
    owner = await _owner(ctx, row)
    if row is not None and owner is not None:
        document = activity.add(
            uris.answer(owner.uri, "adds", outgoing.now()),
            owner.uri,
            await featuring.document(ctx.conn, ctx.fed.site, row),
            target=owner.collections_uri or "",
        )
        await _send(ctx, document, owner, await _people(ctx, row))


async def changed(ctx: Context, event: events.CollectionUpdated) -> None:
    row = await rows.by_id(ctx.conn, event.collection_id)
    owner = await _owner(ctx, row)
    if row is not None and owner is not None:
        document = activity.update(await featuring.document(ctx.conn, ctx.fed.site, row), at=row.updated_at)
        document["id"] = uris.update(row.uri, outgoing.now())
        await _send(ctx, document, owner, await _people(ctx, row))


async def told_of_change(ctx: Context, event: events.CollectionUpdated) -> None:
    """Whoever is in it and here: they stand for something else now, perhaps. An earlier notice gives way."""
    row = await rows.by_id(ctx.conn, event.collection_id)
    if row is None or not event.renamed:
        return
    await notifications.withdraw(ctx.conn, "collection_update", from_id=row.account_id, about_id=row.id)
    people = await collection_items.members(ctx.conn, row.id, local=True)
    await notify.tell(ctx, "collection_update", people, row.account_id, about_id=row.id)


async def deletion(ctx: Context, event: events.CollectionDeleted) -> None:
    owner = await accounts.by_id(ctx.conn, event.account_id)
    if owner is not None and owner.is_local:
        document = activity.remove(
            uris.answer(owner.uri, "removes", outgoing.now()),
            owner.uri,
            event.uri,
            target=owner.collections_uri or "",
        )
        await _send(ctx, document, owner, list(event.account_ids))


async def request(ctx: Context, event: events.FeatureAsked) -> None:
    """Ask somebody elsewhere."""
    found = await _loaded(ctx, event.item_id)
    if found is None:
        return
    item, row, owner, person = found
    if item.request_uri is None or item.state != "pending" or not owner.is_local:
        return
    asked = consent.Request(
        id=item.request_uri, type=featured.REQUEST, actor=owner.uri, object=person.uri, instrument=row.uri
    )
    document = consent.request(asked, to=person.uri)
    await outgoing.to_one(ctx.conn, ctx.fed.site, document, sender=owner, recipient=person)


async def told(ctx: Context, event: events.FeatureGranted) -> None:
    """Whoever is in it now."""
    found = await _loaded(ctx, event.item_id)
    if found is not None:
        _, row, owner, person = found
        await notify.tell(ctx, "added_to_collection", [person.id], owner.id, about_id=row.id)


async def entry(ctx: Context, event: events.FeatureGranted) -> None:
    """Others hear of who is new in a collection of ours."""
    found = await _loaded(ctx, event.item_id)
    if found is None or event.embedded:
        return
    item, row, owner, person = found
    if owner.is_local and item.state == "accepted":
        document = activity.add(
            uris.answer(owner.uri, "adds", outgoing.now()),
            owner.uri,
            featuring.item(item, person),
            target=row.uri,
        )
        await _send(ctx, document, owner, await _people(ctx, row))


async def untold(ctx: Context, event: events.FeatureRevoked) -> None:
    found = await _loaded(ctx, event.item_id)
    if found is not None:
        _, row, owner, person = found
        for kind in ("added_to_collection", "collection_update"):
            await notifications.withdraw(ctx.conn, kind, from_id=owner.id, recipient_id=person.id, about_id=row.id)


async def departure(ctx: Context, event: events.FeatureRevoked) -> None:
    """Others hear of who has left a collection of ours."""
    found = await _loaded(ctx, event.item_id)
    if found is not None and found[2].is_local:
        item, row, owner, person = found
        await _dropped(ctx, owner, row.uri, item.uri or "", [*await _people(ctx, row), person.id])


async def revocation(ctx: Context, event: events.FeatureRevoked) -> None:
    """The stamp of one of ours is deleted, where it may be known: by the maker, who tells others, and by followers of
    both."""
    found = await _loaded(ctx, event.item_id)
    if found is None:
        return
    item, row, owner, person = found
    if not person.is_local or item.approval_uri is None:
        return
    document = consent.revoke(featuring.stamp(row, person, item.approval_uri))
    inboxes = {
        *await audiences.of_accounts(ctx.conn, [owner.id, *await _people(ctx, row)]),
        *await audiences.of_followers(ctx.conn, person.id),
        *await audiences.of_followers(ctx.conn, owner.id),
    }
    await outgoing.send(ctx.conn, ctx.fed.site, document, sender_id=person.id, inboxes=inboxes, object_uri=None)


async def removal(ctx: Context, event: events.FeatureDropped) -> None:
    owner = await accounts.by_id(ctx.conn, event.account_id)
    if owner is None:
        return
    row = await rows.by_uri(ctx.conn, event.collection_uri)
    people = await _people(ctx, row) if row is not None else []
    dropped = [event.dropped_id] if event.dropped_id is not None else []
    await _dropped(ctx, owner, event.collection_uri, event.uri, [*people, *dropped])


async def block(ctx: Context, event: events.Blocked) -> None:
    """Nobody is recommended by whom they have blocked, nor the other way round."""
    await collection_items.part(ctx.conn, event.account_id, event.target_id)


async def _dropped(ctx: Context, owner: Account, collection_uri: str, uri: str, people: list[int]) -> None:
    document = activity.remove(uris.answer(owner.uri, "removes", outgoing.now()), owner.uri, uri, target=collection_uri)
    await _send(ctx, document, owner, people)


async def _send(ctx: Context, document: outgoing.JSON, owner: Account, people: list[int]) -> None:
    """To the followers of whoever made a collection, and to who is in it."""
    inboxes = {*await audiences.of_followers(ctx.conn, owner.id), *await audiences.of_accounts(ctx.conn, people)}
    await outgoing.send(ctx.conn, ctx.fed.site, document, sender_id=owner.id, inboxes=inboxes, object_uri=None)


async def _people(ctx: Context, row: Collection) -> list[int]:
    return await collection_items.members(ctx.conn, row.id, local=False)


async def _owner(ctx: Context, row: Collection | None) -> Account | None:
    """Whoever made it, if here."""
    if row is None or not row.is_local:
        return None
    return await accounts.by_id(ctx.conn, row.account_id)


async def _loaded(ctx: Context, item_id: int) -> tuple[Item, Collection, Account, Account] | None:
    """With the collection, its maker, and who is meant; None when any of them is gone."""
    item = await collection_items.by_id(ctx.conn, item_id)
    row = await rows.by_id(ctx.conn, item.collection_id) if item is not None else None
    if item is None or row is None or item.account_id is None:
        return None
    people = await accounts.by_ids(ctx.conn, [row.account_id, item.account_id])
    if len(people) < len({row.account_id, item.account_id}):
        return None
    return item, row, people[row.account_id], people[item.account_id]
