"""Making collections, and who may be in them. People here are asked by their profile, people elsewhere by a request."""

from collections.abc import Sequence

import msgspec

from federation import uris
from fedi import access, errors
from fedi.context import App
from fedi.http.endpoint import User
from fedi.services.signup import Fault, Refused
from fedi.text import compose, language, tags
from storage import accounts, collection_items, collections, feature_policies, roles, tagged_collections
from storage.accounts import Account
from storage.collections import Collection, Words
from storage.db import Conn

MAX_ITEMS = 25
MAX_NAME_CHARS = 40
MAX_DESCRIPTION_CHARS = 100


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """As typed; None stays. An empty `language` or `tag_name` means none."""

    name: str | None = None
    description: str | None = None
    language: str | None = None
    tag_name: str | None = None
    sensitive: bool | None = None
    discoverable: bool | None = None


async def create(app: App, user: User, draft: Draft, account_ids: Sequence[int]) -> int:
    """Make one, with these people in it from the start; its id."""
    words = _words(Words(name=""), draft)
    wanted = list(dict.fromkeys(account_ids))
    if len(wanted) > MAX_ITEMS:
        raise errors.Invalid(f"A collection can have at most {MAX_ITEMS} accounts")
    async with app.db.transaction() as conn:
        me = await access.account(conn, user.account_id, user.account_id)
        collection_id = await accounts.new_id(conn)
        new = collections.Local(
            id=collection_id,
            account_id=me.id,
            uri=uris.featured_collection(me.uri, collection_id),
            url=uris.collection_page(app.settings.base_url, collection_id),
            words=words,
        )
        await collections.create(conn, new, most=await _limit(conn, user))
        row = await access.own_collection(conn, me.id, collection_id)
        for account_id in wanted:
            await _put(conn, row, me, account_id, embedded=True)
    return collection_id


async def update(app: App, user: User, collection_id: int, draft: Draft) -> None:
    async with app.db.transaction() as conn:
        row = await access.own_collection(conn, user.account_id, collection_id)
        await collections.update(conn, row.id, _words(collections.words_of(row), draft))


async def remove(app: App, user: User, collection_id: int) -> None:
    async with app.db.transaction() as conn:
        row = await access.own_collection(conn, user.account_id, collection_id)
        await collections.remove(conn, row.id)


async def add(app: App, user: User, collection_id: int, account_id: int) -> int:
    """Put somebody in, or ask them; the id of the item."""
    async with app.db.transaction() as conn:
        row = await access.own_collection(conn, user.account_id, collection_id)
        me = await access.account(conn, user.account_id, user.account_id)
        return await _put(conn, row, me, account_id)


async def take_out(app: App, user: User, collection_id: int, item_id: int) -> None:
    """Whoever has left is out already, and stays so."""
    async with app.db.transaction() as conn:
        row = await access.own_collection(conn, user.account_id, collection_id)
        item = await collection_items.by_id(conn, item_id)
        if item is None or item.collection_id != row.id or item.state == "revoked":
            raise errors.NotFound
        await collection_items.remove(conn, item.id)


async def revoke(app: App, user: User, collection_id: int, item_id: int) -> None:
    """Leave a collection of anybody's, also one whose maker has blocked us meanwhile. Somebody else's place is
    `Forbidden` where it can be seen, and missing otherwise."""
    async with app.db.transaction() as conn:
        item = await collection_items.by_id(conn, item_id)
        if item is not None and item.collection_id == collection_id and item.account_id == user.account_id:
            await collection_items.revoke(conn, item.id)
            return
        row = await access.collection(conn, user.account_id, collection_id)
        shown = await collection_items.shown(conn, user.account_id, [row.id])
        raise errors.Forbidden if item_id in [each.id for each in shown] else errors.NotFound


async def _limit(conn: Conn, user: User) -> int:
    role = await roles.of_user(conn, user.user_id)
    return role.collection_limit if role is not None else 0


async def share(conn: Conn, account_id: int, status_id: int, links: Sequence[str]) -> None:
    """A post of ours shares the collections whose addresses stand in it, as far as its author may see them."""
    known = await access.shared_collections(conn, account_id, links)
    found: dict[str, int | None] = {known[link].uri: known[link].id for link in links if link in known}
    await tagged_collections.replace(conn, status_id, found)


async def _put(conn: Conn, row: Collection, me: Account, account_id: int, *, embedded: bool = False) -> int:
    person = await access.active_account(conn, me.id, account_id)
    if await feature_policies.judged(conn, person, by=me) not in ("automatic", "manual"):
        raise errors.Forbidden
    item_id = await accounts.new_id(conn)
    new = collection_items.New(
        id=item_id,
        collection_id=row.id,
        account_id=person.id,
        object_uri=person.uri,
        uri=uris.featured_item(row.uri, item_id),
        state="accepted" if person.is_local else "pending",
        request_uri=None if person.is_local else uris.feature_request(me.uri, item_id),
        approval_uri=uris.feature_authorization(person.uri, item_id) if person.is_local else None,
    )
    await collection_items.add(conn, new, most=MAX_ITEMS, embedded=embedded)
    return item_id


def _words(known: Words, draft: Draft) -> Words:
    """What the collection says now. `Refused` for what it cannot."""
    faults = list[Fault]()
    name = known.name if draft.name is None else compose.single_line(draft.name)
    if not name:
        faults.append(Fault("name", "ERR_BLANK", "can't be blank"))
    elif len(name) > MAX_NAME_CHARS:
        faults.append(Fault("name", "ERR_TOO_LONG", f"is too long (maximum is {MAX_NAME_CHARS} characters)"))
    description = known.description if draft.description is None else draft.description.replace("\0", "").strip()
    if len(description) > MAX_DESCRIPTION_CHARS:
        words = f"is too long (maximum is {MAX_DESCRIPTION_CHARS} characters)"
        faults.append(Fault("description", "ERR_TOO_LONG", words))
    spoken = known.language if draft.language is None else language.normalise(draft.language)
    if draft.language and spoken is None:
        faults.append(Fault("language", "ERR_INVALID", "is not included in the list"))
    tag = known.tag if draft.tag_name is None else tags.whole(draft.tag_name)
    if draft.tag_name and tag is None:
        faults.append(Fault("tag_name", "ERR_INVALID", "is invalid"))
    if faults:
        raise _refused(faults)
    return Words(
        name=name,
        description=description,
        language=spoken,
        sensitive=known.sensitive if draft.sensitive is None else draft.sensitive,
        discoverable=known.discoverable if draft.discoverable is None else draft.discoverable,
        tag=tag,
    )


def _refused(faults: Sequence[Fault]) -> errors.Invalid:
    """In the shape of this resource alone: the words and the details one level down."""
    inner = Refused(faults)
    return errors.Invalid("", extra={"error": {"error": inner.message, **inner.extra}})
