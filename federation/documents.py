"""What our URIs of actors, posts, boosts and emojis answer."""

import msgspec
import orjson
from starlette.requests import Request
from starlette.responses import Response

from federation import objects, profiles, uris
from federation.context import INSTANCE_ACTOR_ID, Fed
from federation.discovery import is_deleted
from federation.serving import (
    Hidden,
    Unsigned,
    Visitor,
    document,
    elsewhere,
    missing,
    tombstone,
    visitor,
    wants_activity,
)
from federation.vocab import activity, consent, quote, tag
from federation.vocab.audience import PUBLIC
from federation.vocab.context import wrap
from storage import accounts, activities, blocks, ids, publishing, quotes, statuses
from storage.accounts import Account
from storage.statuses import Status
from storage.visibility import PRIVATE

ACTOR_SECONDS = 180


async def local(fed: Fed, username: str) -> Account | None:
    """Somebody here, by the name in a path."""
    async with fed.db.read() as conn:
        found = await accounts.at(conn, uris.actor(fed.site.base_url, username), username, fed.site.domain)
    return found if found is not None and found.is_local and found.id > 0 else None


async def visited(fed: Fed, request: Request, path: dict[str, str]) -> Account | None:
    """Whose page a visitor asks for; None for a visitor we or they do not talk to, and while they are suspended."""
    try:
        guest = await visitor(fed, request)
    except Hidden:
        return None
    account = await local(fed, path["username"])
    if account is None or account.suspended_at is not None or await refused(fed, account.id, guest):
        return None
    return account


async def refused(fed: Fed, account_id: int, guest: Visitor) -> bool:
    """Whether somebody here has blocked a visitor, or their server."""
    if guest.account_id is None:
        return False
    async with fed.db.read() as conn:
        return await blocks.refuses(conn, account_id, guest.account_id)


async def actor(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    account = await local(fed, path["username"])
    if account is None:
        return missing()
    if not wants_activity(request) and request.url.path.rstrip("/").startswith("/users/"):
        return elsewhere(account.url)
    if await is_deleted(fed, account):
        return tombstone(account.uri)
    stranger = False
    try:
        await visitor(fed, request)
    except Hidden:
        if fed.site.mode == "open":
            return missing()
        stranger = True
    except Unsigned:
        stranger = True
    async with fed.db.read() as conn:
        body = await profiles.person(conn, fed.site, _without_profile(account) if account.suspended_at else account)
    if stranger:
        # Enough to verify what we send: whoever cannot prove who they are has to be able to check who we are.
        shown = ("id", "type", "preferredUsername", "inbox", "publicKey", "assertionMethod")
        body = wrap({name: body[name] for name in shown if name in body})
    return document(body, private=fed.site.asks_who, seconds=ACTOR_SECONDS)


async def instance_actor(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    """The actor of the server itself: open to all, always, or two careful servers could never meet."""
    async with fed.db.read() as conn:
        account = await accounts.by_id(conn, INSTANCE_ACTOR_ID)
        if account is None:
            return missing()
        return document(await profiles.person(conn, fed.site, account), seconds=ACTOR_SECONDS)


async def status(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    """A post; of a boost its Announce."""
    for_people = not wants_activity(request) and request.url.path.startswith("/users/")
    try:
        found, guest = await readable(fed, request, path, for_people=for_people)
    except Hidden:
        return await _absent(fed, path)
    if for_people and found.url:
        return elsewhere(found.url)
    async with fed.db.read() as conn:
        material = await publishing.load(conn, [found])
    if found.reblog_of_id is not None:
        return document(objects.announce(found, material), private=_is_private(found, guest))
    return document(objects.render_note(fed.site, found, material), private=_is_private(found, guest))


async def status_activity(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    """The Create of a post, or the Announce of a boost."""
    try:
        found, guest = await readable(fed, request, path)
    except Hidden:
        return missing()
    async with fed.db.read() as conn:
        material = await publishing.load(conn, [found])
    if found.reblog_of_id is not None:
        return document(objects.announce(found, material), private=_is_private(found, guest))
    note = objects.render_note(fed.site, found, material)
    return document(activity.create(note), private=_is_private(found, guest))


async def readable(
    fed: Fed, request: Request, path: dict[str, str], *, for_people: bool = False
) -> tuple[Status, Visitor]:
    """The local post or boost that a path names, for somebody who may read it. Raises Hidden, or Unsigned whether there
    is one or not. `for_people`: a browser asks, which will be sent to the page."""
    guest = Visitor()
    if fed.site.authorized_fetch and not for_people:
        guest = await visitor(fed, request)
    status_id = ids.parse(path["id"])
    account = await local(fed, path["username"])
    if status_id is None or account is None:
        raise Hidden
    async with fed.db.read() as conn:
        found = await statuses.by_id(conn, status_id)
    if found is None or not found.is_local or found.account_id != account.id:
        raise Hidden
    if guest.account_id is None and not for_people:
        guest = await visitor(fed, request, ask=found.visibility >= PRIVATE)
    async with fed.db.read() as conn:
        if not await statuses.visible(conn, guest.account_id, [found.id]):
            raise Hidden
    if found.visibility < PRIVATE and await refused(fed, account.id, guest):
        raise Hidden
    return found, guest


async def quote_authorization(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    """The stamp that says that one of our posts may be quoted by another; 404 once it was taken back."""
    account = await local(fed, path["username"])
    if account is None:
        return missing()
    try:
        await visitor(fed, request)
    except Hidden:
        return missing()
    uri = uris.quote_authorization(account.uri, path["id"])
    async with fed.db.read() as conn:
        row = await quotes.by_approval(conn, uri, quoted_account_id=account.id)
        quoting = await statuses.by_id(conn, row.status_id) if row is not None else None
    if row is None or quoting is None or quoting.held_until is not None:
        return missing()
    stamp = consent.Stamp(
        id=uri, type=quote.AUTHORIZATION, author=account.uri, interacting=quoting.uri, target=row.quoted_uri or ""
    )
    return document(consent.render(stamp), private=quoting.visibility >= PRIVATE)


async def emoji(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    emoji_id = ids.parse(path["id"])
    async with fed.db.read() as conn:
        row = await publishing.emoji(conn, emoji_id) if emoji_id is not None else None
    if row is None or row.file is None:
        return missing()
    rendered = tag.render_emoji(
        tag.Emoji(
            shortcode=row.shortcode,
            url=objects.media_url(fed.site, row.file),
            id=uris.emoji(fed.site.base_url, row.id),
            updated=row.updated_at,
        )
    )
    return document(rendered, seconds=ACTOR_SECONDS)


def _is_private(found: Status, guest: Visitor) -> bool:
    return found.visibility >= PRIVATE or guest.account_id is not None


def _without_profile(account: Account) -> Account:
    """A suspended account says that it is, and nothing else."""
    return msgspec.structs.replace(
        account,
        display_name="",
        note="",
        fields="[]",
        emojis=[],
        avatar_file=None,
        header_file=None,
        also_known_as=[],
    )


async def _absent(fed: Fed, path: dict[str, str]) -> Response:
    """410 for a public post whose deletion we have told others, else 404: hidden and never there look the same."""
    status_id = ids.parse(path["id"])
    if status_id is None:
        return missing()
    uri = uris.status(uris.actor(fed.site.base_url, path["username"]), status_id)
    async with fed.db.read() as conn:
        farewell = await activities.by_uri(conn, uris.delete(uri))
    if farewell is not None:
        sent = orjson.loads(farewell.body)
        if PUBLIC in (*sent.get("to", ()), *sent.get("cc", ())):
            return tombstone(uri)
    return missing()
