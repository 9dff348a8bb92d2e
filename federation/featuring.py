"""Collections between servers (FEP-7aa9): ours as documents; those of others read, kept and proven.

A collection is believed from its own server. That somebody wants to be in it is believed from theirs alone.
"""

from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

from federation import budgets, origins, references, resolve, stamps, uris
from federation.context import Fed, Site
from federation.errors import Gone, Rejected, Retry
from federation.vocab import featured, normalise
from federation.vocab.consent import Stamp
from storage import accounts, collection_items, collections, inbox, jobs
from storage.accounts import Account
from storage.collection_items import SETTLE_JOB, Item, Listed
from storage.collections import Collection
from storage.db import Conn
from storage.errors import Conflict
from storage.tags import normalise as tag_name

JSON = dict[str, Any]  # Any: ActivityStreams
READ_JOB = "read_collections"  # payload {"account_id": …}
MAX_READ = 40
# Somebody whose profile is looked at again and again is read again this often.
READ_EVERY = timedelta(hours=1)


# ------------------------------------------------------------ ours, as documents


async def document(conn: Conn, site: Site, row: Collection) -> JSON:
    """One of ours, with who has agreed to be in it."""
    return (await documents(conn, site, [row]))[0]


async def documents(conn: Conn, site: Site, rows: list[Collection]) -> list[JSON]:
    """Several of one person's."""
    found = await collection_items.shown(conn, None, [row.id for row in rows])
    people = await accounts.by_ids(conn, [*{row.account_id for row in rows}, *(each.account_id or 0 for each in found)])
    return [
        featured.render(
            featured.Outgoing(
                id=row.uri,
                owner=people[row.account_id].uri,
                url=row.url or row.uri,
                name=row.name,
                summary=escape(row.description, quote=False),
                language=row.language,
                sensitive=row.sensitive,
                discoverable=row.discoverable,
                topic=(row.tag, uris.tag_page(site.base_url, tag_name(row.tag))) if row.tag else None,
                published=row.created_at,
                updated=row.updated_at,
                items=[item(each, people[each.account_id or 0]) for each in found if each.collection_id == row.id],
            )
        )
        for row in rows
    ]


def item(row: Item, person: Account) -> JSON:
    """Somebody in a collection of ours."""
    rendered = featured.Item(
        id=row.uri or "", object=row.object_uri, authorization=row.approval_uri, published=row.created_at
    )
    return featured.render_item(rendered, person.type)


def stamp(collection: Collection, person: Account, uri: str) -> Stamp:
    """That somebody agrees to be in a collection."""
    return Stamp(id=uri, type=featured.AUTHORIZATION, author=person.uri, interacting=collection.uri, target=person.uri)


# ------------------------------------------------------------ others'


async def fetched(fed: Fed, uri: str, *, again: bool = False) -> Collection:
    """The collection of a URI, read from its server when it is not known. Raises Rejected, Gone or Retry."""
    async with fed.db.read() as conn:
        known = await collections.by_uri(conn, uri)
    if known is not None and (known.is_local or not again):
        return known
    found = await origins.document(fed, uri, again=again)
    parsed = featured.parse(found.body)
    owner = await resolve.actor(fed, parsed.owner)
    return await store(fed, parsed, owner)


async def url(fed: Fed, text: str) -> Collection | None:
    """What a person pasted: the address of a collection, or of its page. None for anything else."""
    text = text.strip()
    try:
        address = origins.parsed(text)
        async with fed.db.read() as conn:
            known = await collections.by_url(conn, text)
        if known is not None or origins.is_ours(fed, address):
            return known
        found = await origins.page(fed, text)
        parsed = featured.parse(found.body)
        return await store(fed, parsed, await resolve.actor(fed, parsed.owner))
    except (Rejected, Gone, Retry):
        return None


async def store(fed: Fed, parsed: featured.Collection, owner: Account) -> Collection:
    """Keep what a document says whose origin is proven. Raises Rejected."""
    if parsed.owner != owner.uri or owner.is_local or not normalise.same_host(parsed.id, owner.uri):
        raise Rejected("somebody else's collection")
    now = datetime.now(UTC)
    remote = collections.Remote(
        uri=parsed.id,
        url=parsed.url,
        account_id=owner.id,
        words=collections.Words(
            name=parsed.name,
            description=parsed.summary,
            language=parsed.language,
            sensitive=parsed.sensitive,
            discoverable=parsed.discoverable,
            tag=parsed.topic,
        ),
        created_at=min(parsed.published or now, now),
        updated_at=min(parsed.updated or parsed.published or now, now),
    )
    async with fed.db.transaction() as conn:
        await inbox.lock(conn, parsed.id)
        if await inbox.buried(conn, parsed.id, actor_uri=owner.uri):
            raise Rejected("the collection is deleted")
        try:
            collection_id = await collections.upsert_remote(conn, remote)
        except Conflict as exc:
            raise Rejected(str(exc)) from exc
        await collection_items.replace_listed(conn, collection_id, [listed(each) for each in parsed.items])
        await settle_later(conn, collection_id)
        row = await collections.by_id(conn, collection_id)
    if row is None:
        raise Rejected(f"{parsed.id} was deleted meanwhile")
    return row


def listed(found: featured.Item) -> Listed:
    return Listed(uri=found.id, object_uri=found.object, approval_uri=found.authorization, created_at=found.published)


async def settle_later(conn: Conn, collection_id: int) -> None:
    """Leave a job that finds out who has agreed."""
    if await collection_items.waiting(conn, collection_id):
        payload = {"collection_id": collection_id, "chain": budgets.chain()}
        await jobs.enqueue(conn, SETTLE_JOB, payload, queue="slow", key=str(collection_id))


async def settle(fed: Fed, payload: dict[str, Any]) -> None:
    """Job: find who is in a collection of another server, and prove their stamps. Any: the job's payload."""
    async with fed.db.read() as conn:
        row = await collections.by_id(conn, payload["collection_id"])
        waiting = await collection_items.waiting(conn, row.id) if row is not None else []
    if row is None or row.is_local:
        return
    people = await resolve.actors(fed, [each.object_uri for each in waiting], budget=resolve.Budget())
    silent: Retry | None = None
    for each in waiting:
        person = people.get(each.object_uri)
        # Of people here every consent is known.
        if person is None or person.is_local:
            continue
        try:
            agreed = person.id == row.account_id or (
                each.approval_uri is not None and await stamps.given(fed, stamp(row, person, each.approval_uri))
            )
        except (Gone, Rejected):
            continue
        except Retry as exc:
            silent = exc
            continue
        if agreed:
            await accept(fed, each, person, each.approval_uri)
    if silent is not None:
        raise silent


async def accept(fed: Fed, row: Item, person: Account, approval_uri: str | None) -> None:
    """Unless the stamp was deleted meanwhile: whoever deletes it takes turns with us."""
    async with fed.db.transaction() as conn:
        if approval_uri is not None:
            await inbox.lock(conn, approval_uri)
            if await inbox.buried(conn, approval_uri, actor_uri=person.uri):
                return
        await collection_items.accept(conn, row.id, account_id=person.id, approval_uri=approval_uri)


async def read(fed: Fed, payload: dict[str, Any]) -> None:
    """Job: make what we hold of a remote account those collections that its server lists. Any: the job's payload."""
    async with fed.db.read() as conn:
        owner = await accounts.by_id(conn, payload["account_id"])
    if owner is None or owner.is_local or owner.collections_uri is None:
        return
    kept = list[str]()
    budget = resolve.Budget()
    for ref in await references.items(fed, owner.collections_uri, budget, most=MAX_READ):
        if ref.id is None or not normalise.same_host(ref.id, owner.uri):
            continue
        try:
            # A copy in the list is as good as fetched: both are of one host.
            body = ref.doc if ref.doc is not None and normalise.same_host(ref.id, owner.collections_uri) else None
            if body is None:
                body = (await origins.document(fed, ref.id, budget=budget, again=True)).body
            kept.append((await store(fed, featured.parse(body), owner)).uri)
        except Retry:
            kept.append(ref.id)
        except (Gone, Rejected):
            continue
    async with fed.db.transaction() as conn:
        await collections.forget_others(conn, owner.id, kept)


async def look(fed: Fed, owner: Account) -> None:
    """Somebody asks for the collections of an account: leave a job to read them, unless one was left lately."""
    recent: dict[int, datetime] = fed.memory.setdefault("featuring.looked", {})
    now = datetime.now(UTC)
    if owner.is_local or owner.collections_uri is None or recent.get(owner.id, now - READ_EVERY) > now - READ_EVERY:
        return
    if len(recent) > 10_000:
        recent.clear()
    recent[owner.id] = now
    async with fed.db.transaction() as conn:
        await jobs.enqueue(conn, READ_JOB, {"account_id": owner.id}, queue="slow", key=str(owner.id))
