"""Actors of other servers: URI or handle → the stored account, read from its origin and verified when it is new or old.

actor    one, by URI           actors    many, by URI
handle   one, by user@host     handles   many
keep     write down a document whose origin is proven already
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from federation import budgets, knocking, origins, permissions, webfinger
from federation.budgets import Budget
from federation.context import Fed
from federation.errors import Gone, Rejected, Retry, SignatureError
from federation.signatures import keys as public_keys
from federation.vocab import actor as vocab
from federation.vocab import normalise
from federation.vocab.attachment import Image
from federation.webfinger import Handle
from storage import accounts, audiences, emojis, hosts, jobs, keys, moves
from storage.accounts import Account
from storage.db import Conn
from storage.errors import Conflict

REFRESH_JOB = "refresh_actor"  # payload {"uri": …}
NODEINFO_JOB = "read_nodeinfo"  # payload {"host": …}
PART_JOB = "part_account"  # payload {"account_id": …}
MAX_AT_ONCE = 8
# Of one post or collection: who else is named there has to be met elsewhere.
MAX_UNKNOWN = 25
MAX_KEY_DOCUMENTS = 3
# Of the accounts behind an inbox that is gone so many are asked at a time, and each so often.
MAX_DOUBTED = 20
DOUBT_SECONDS = 3600
# A handle that was established is asked for again when the actor is read after so long.
HANDLE_LASTS = timedelta(hours=24)

_UNUSABLE_NAME = frozenset('@/:?#<>"\\')


async def actor(
    fed: Fed,
    uri: str,
    *,
    max_age_hours: float = 48,
    refresh: bool = False,
    onward: bool = True,
    budget: Budget | None = None,
) -> Account:
    """The account of an actor URI. An old row is returned as it is and read again in the background; `refresh` asks
    the origin now. `onward`: where it says that it has moved to is looked at later. An address that leads to an actor
    of another id is nobody's: what is said in its name is not said by that one. Raises Rejected, Retry, or Gone once
    what we hold is marked as gone."""
    async with fed.db.read() as conn:
        known = await accounts.by_uri(conn, uri)
    if known is not None and known.is_local:
        return known
    if known is not None and not refresh:
        await _refresh_later(fed, [known], max_age_hours)
        return known
    found = await _fetch(fed, uri, budget=budget, again=refresh, onward=onward)
    if found.uri != uri:
        raise Rejected(f"{uri} is no actor, but the address of {found.uri}")
    return found


async def actors(fed: Fed, uris: Iterable[str], *, budget: Budget | None = None) -> dict[str, Account]:
    """The accounts of these URIs, as far as they can be had: unknown ones are fetched side by side, a few of them."""
    wanted = list(dict.fromkeys(uris))
    if not wanted:
        return {}
    async with fed.db.read() as conn:
        found = await accounts.by_uris(conn, wanted)
    await _refresh_later(fed, found.values(), 48)
    missing = [uri for uri in wanted if uri not in found and normalise.is_http(uri)][:MAX_UNKNOWN]
    budget = budget or budgets.current()
    fetched = await _gather([_attempt(_fetch(fed, uri, budget=budget)) for uri in missing])
    found.update((uri, account) for uri, account in zip(missing, fetched, strict=True) if account is not None)
    return found


async def handle(fed: Fed, text: str, *, budget: Budget | None = None) -> Account | None:
    """The account of `user@host`, looked up if it is not known; None when there is none or its server is silent.

    Without a host it is one of ours.
    """
    asked = (
        webfinger.parse(text) if "@" in text.strip().lstrip("@") else Handle(text.strip().lstrip("@"), fed.site.domain)
    )
    if asked is None:
        return None
    return (await handles(fed, [(asked.username, asked.domain)], budget=budget)).get((asked.username, asked.domain))


async def handles(
    fed: Fed, pairs: Sequence[tuple[str, str]], *, budget: Budget | None = None
) -> dict[tuple[str, str], Account]:
    """The accounts of (username, domain) pairs, by the pairs as given; what cannot be found is left out."""
    asked: dict[tuple[str, str], Handle] = {}
    for pair in pairs:
        parsed = webfinger.parse(f"{pair[0]}@{pair[1]}")
        if parsed is not None:
            asked[pair] = Handle(parsed.username, fed.site.handle_domain(parsed.domain))
    async with fed.db.read() as conn:
        rows = await accounts.by_handles(conn, [(each.username, each.domain) for each in asked.values()])
    by_handle = {row.handle.lower(): row for row in rows if row.id > 0}
    await _refresh_later(fed, by_handle.values(), 48)
    found = {pair: by_handle[str(each).lower()] for pair, each in asked.items() if str(each).lower() in by_handle}
    missing = {
        str(each).lower(): each
        for pair, each in asked.items()
        if pair not in found and not fed.site.is_own(each.domain)
    }
    budget = budget or budgets.current()
    names = list(missing)[:MAX_UNKNOWN]
    fetched = await _gather([_attempt(_by_webfinger(fed, missing[name], budget)) for name in names])
    looked_up = {name: account for name, account in zip(names, fetched, strict=True) if account is not None}
    for pair, each in asked.items():
        if pair not in found and str(each).lower() in looked_up:
            found[pair] = looked_up[str(each).lower()]
    return found


async def keep(fed: Fed, body: dict[str, Any], *, onward: bool = True, budget: Budget | None = None) -> Account:
    """Write down an actor's document; the row. Its origin must be proven: fetched from it, or signed by it.

    A document that shows nothing but keys changes nothing but keys. `onward` as for `actor`. Raises Rejected or Gone.
    """
    doc = normalise.properties(body)
    uri = normalise.iri(doc.get("id"))
    async with fed.db.read() as conn:
        known = await accounts.by_uri(conn, uri or "")
    if known is not None and known.is_local:
        raise Rejected(f"{uri} is ours")
    published = await _keys(fed, doc, budget)
    if known is not None and vocab.is_stub(doc):
        async with fed.db.transaction() as conn:
            await _replace_keys(conn, known.id, known.uri, published)
        return known
    parsed = vocab.parse(doc)
    host = origins.parsed(parsed.id).authority
    await origins.admit(fed, host)
    name = await _handle(fed, parsed, known, budget)
    verdict = await origins.admit(fed, host, name.domain)
    remote = _remote(parsed, name, with_media=not verdict.reject_media)
    async with fed.db.transaction() as conn:
        renamed = known is None or not name.matches(Handle(known.username, known.domain))
        holder = await accounts.by_handle(conn, name.username, name.domain) if renamed else None
        try:
            account_id = await accounts.upsert_remote(conn, remote)
        except Conflict as exc:
            raise Rejected(f"{parsed.id}: {exc}") from exc
        await _replace_keys(conn, account_id, parsed.id, published)
        await _redirect(conn, known, account_id, parsed.moved_to, onward=onward)
        if holder is not None and holder.id != account_id:
            # Whoever had the name until now has another, which their server knows.
            await jobs.enqueue(conn, REFRESH_JOB, {"uri": holder.uri}, queue="slow", key=holder.uri)
        if verdict.limited:
            await accounts.limit(conn, account_id, since=verdict.since)
        if verdict.reject_media:
            await accounts.reject_media(conn, account_id)
        else:
            await emojis.learn(
                conn, name.domain, [emojis.Remote(each.shortcode, each.url, each.id) for each in parsed.emojis]
            )
        if await hosts.unread(conn, host):
            await jobs.enqueue(conn, NODEINFO_JOB, {"host": host}, queue="slow", key=host)
        row = await accounts.by_id(conn, account_id)
    if row is None:
        raise Retry(f"{parsed.id} was removed meanwhile")
    if vocab.takes_rfc9421(doc):
        await knocking.learn(fed, host)
    return row


async def _redirect(conn: Conn, known: Account | None, account_id: int, uri: str | None, *, onward: bool) -> None:
    """Its document says that it is elsewhere now, which has to be looked at, or that it is not, which is for it to
    say."""
    if uri is None:
        await moves.point(conn, account_id, None)
        return
    if not onward:
        return
    target = await accounts.by_uri(conn, uri)
    if target is None or known is None or known.moved_to_id != target.id:
        payload = {"account_id": account_id, "uri": uri, "chain": budgets.chain()}
        await jobs.enqueue(conn, moves.REDIRECT_JOB, payload, queue="slow", key=str(account_id))


async def refresh(fed: Fed, payload: dict[str, Any]) -> None:
    """Job: read an actor again. When that fails, what we have stays, until it is old again."""
    try:
        account = await actor(fed, payload["uri"], refresh=True)
        async with fed.db.transaction() as conn:
            await accounts.look_at_pins(conn, account.id)
    except (Rejected, Retry):
        async with fed.db.transaction() as conn:
            await accounts.asked_in_vain(conn, payload["uri"])
    except Gone:
        pass  # marked; nothing is left to do


async def _by_webfinger(fed: Fed, asked: Handle, budget: Budget) -> Account:
    found = await webfinger.lookup(fed, asked, budget=budget)
    return await actor(fed, found.actor_uri, budget=budget)


async def _attempt(work: Any) -> Account | None:  # Any: a coroutine of an Account
    """None instead of an error: who is named somewhere may not exist."""
    try:
        account: Account = await work
    except (Rejected, Retry, Gone):
        return None
    return account


async def _gather(work: Sequence[Any]) -> list[Account | None]:  # Any: coroutines of an Account or None
    room = asyncio.Semaphore(MAX_AT_ONCE)

    async def limited(one: Any) -> Account | None:
        async with room:
            account: Account | None = await one
            return account

    return await asyncio.gather(*(limited(one) for one in work))


async def _refresh_later(fed: Fed, known: Iterable[Account], max_age_hours: float) -> None:
    limit = datetime.now(UTC) - timedelta(hours=max_age_hours)
    old = [row for row in known if not row.is_local and (row.fetched_at is None or row.fetched_at < limit)]
    if not old:
        return
    async with fed.db.transaction() as conn:
        # The rest is seen again soon enough.
        for row in old[:MAX_AT_ONCE]:
            await jobs.enqueue(conn, REFRESH_JOB, {"uri": row.uri}, queue="slow", key=row.uri)


async def _fetch(
    fed: Fed, uri: str, *, budget: Budget | None = None, again: bool = False, onward: bool = True
) -> Account:
    budget = budget or budgets.current()
    await budgets.spend(fed, budget, origins.parsed(uri).authority, actor=True)

    async def read() -> Account:
        try:
            found = await origins.document(fed, uri, budget=budget, again=again)
            return await keep(fed, found.body, onward=onward, budget=budget)
        except Gone:
            await mark_gone(fed, uri)
            raise

    return await origins.once(fed, ("actor", uri), read)


async def mark_gone(fed: Fed, uri: str) -> None:
    """Its own server says that it does not exist any more: hide it, and part it from whom it follows and who follows
    it. Removing its posts is the Delete's business."""
    async with fed.db.transaction() as conn:
        known = await accounts.by_uri(conn, uri)
        if known is None or known.is_local or known.suspended_at is not None:
            return
        await accounts.suspend_by_origin(conn, known.id, True)
        await jobs.enqueue(conn, PART_JOB, {"account_id": known.id}, queue="slow", key=str(known.id))


async def doubt(conn: Conn, inboxes: Sequence[str]) -> None:
    """These inboxes are gone: ask in the background whether those who read them are. One may be a whole server's, whose
    people are asked a few at a time, and each only about itself."""
    for uri in await audiences.behind(conn, inboxes, age_seconds=DOUBT_SECONDS, limit=MAX_DOUBTED):
        await jobs.enqueue(conn, REFRESH_JOB, {"uri": uri}, queue="slow", key=uri)


async def _handle(fed: Fed, parsed: vocab.Actor, known: Account | None, budget: Budget | None) -> Handle:
    """The handle of an actor, established by asking its domain; what was established before stays until it changes."""
    username = parsed.username.removeprefix("@")
    if not username or _UNUSABLE_NAME & set(username) or any(c.isspace() for c in username) or len(username) > 255:
        raise Rejected("the actor has no usable name")
    at_host = webfinger.host_handle(username, parsed.id)
    named = webfinger.parse(parsed.webfinger) if parsed.webfinger else None
    wanted = named or at_host
    same = known is not None and _still(known, wanted, named=named is not None)
    if known is not None and same and _established(known):
        return Handle(wanted.username, known.domain)
    if fed.site.is_own(at_host.domain):
        raise Rejected(f"{at_host} would be ours")
    for asked in dict.fromkeys((wanted, at_host)):
        try:
            found = await webfinger.lookup(fed, asked, budget=budget)
        except (Rejected, Gone, Retry):
            # Not every server answers; but where another domain was claimed, silence is a no.
            continue
        if found.actor_uri == parsed.id:
            return found.handle
        if asked == at_host:
            raise Rejected(f"{asked} is another actor than {parsed.id}")
    if known is not None and same:
        return Handle(wanted.username, known.domain)  # silence says nothing new
    # The host of the id is the authority for names at itself, whether or not it knows WebFinger.
    await _require_free(fed, at_host, parsed.id)
    return at_host


def _established(known: Account) -> bool:
    """Whether its domain was asked lately. It may have given the name to somebody else since, or itself another."""
    return known.fetched_at is not None and known.fetched_at > datetime.now(UTC) - HANDLE_LASTS


def _still(known: Account, wanted: Handle, *, named: bool) -> bool:
    if named:
        return wanted.matches(Handle(known.username, known.domain))
    return wanted.username.lower() == known.username.lower()


async def _require_free(fed: Fed, name: Handle, uri: str) -> None:
    async with fed.db.read() as conn:
        holder = await accounts.by_handle(conn, name.username, name.domain)
    if holder is not None and holder.uri != uri:
        raise Rejected(f"{name} belongs to {holder.uri}")


async def _keys(fed: Fed, doc: dict[str, Any], budget: Budget | None) -> list[keys.Public]:
    """The usable keys of an actor's document; those it names by address alone are fetched from the same host."""
    uri = normalise.iri(doc.get("id"))
    published = list(vocab.keys(doc))
    for address in vocab.key_references(doc)[:MAX_KEY_DOCUMENTS]:
        if not normalise.same_host(address, uri):
            continue
        try:
            found = await origins.document(fed, address.partition("#")[0], budget=budget)
        except (Rejected, Retry, Gone):
            continue
        published += [key for key in vocab.keys(found.body) if key.owner == uri and key.id in (address, found.uri)]
    usable: dict[str, keys.Public] = {}
    for key in published:
        if key.owner != uri or not normalise.same_host(key.id, uri):
            continue
        try:
            loaded = public_keys.load_public(key.material)
        except SignatureError:
            continue
        kind: keys.Kind = "ed25519" if isinstance(loaded, Ed25519PublicKey) else "rsa"
        usable.setdefault(key.id, keys.Public(key.id, kind, public_keys.public_pem(loaded)))
    return list(usable.values())


async def _replace_keys(conn: Conn, account_id: int, uri: str, published: Sequence[keys.Public]) -> None:
    """A document without keys says nothing about them. A key that another actor holds is not given away, unless it
    lies at or below this actor's address: then the other one's claim was the false one."""
    if published:
        own = [key.uri for key in published if key.uri == uri or key.uri.startswith((f"{uri}#", f"{uri}/"))]
        await keys.take_back(conn, account_id, own)
        await keys.replace(conn, account_id, published)


def _remote(parsed: vocab.Actor, name: Handle, *, with_media: bool) -> accounts.Remote:
    now = datetime.now(UTC)
    icon, image = (parsed.icon, parsed.image) if with_media else (None, None)
    permitted = permissions.policy(
        parsed.can_feature, author=parsed.id, followers=parsed.followers, following=parsed.following
    )
    return accounts.Remote(
        uri=parsed.id,
        username=name.username,
        domain=name.domain,
        type=parsed.type,
        url=parsed.url,
        inbox=parsed.inbox,
        shared_inbox=parsed.shared_inbox,
        outbox=parsed.outbox,
        followers_uri=parsed.followers,
        following_uri=parsed.following,
        featured_uri=parsed.featured,
        collections_uri=parsed.featured_collections,
        featured_tags_uri=parsed.featured_tags,
        show_media=parsed.show_media,
        show_media_replies=parsed.show_media_replies,
        show_featured=parsed.show_featured,
        display_name=parsed.name if parsed.name != parsed.username else "",
        note=parsed.summary,
        fields=[accounts.Field(field.name, field.value) for field in parsed.fields],
        emojis=[each.shortcode for each in parsed.emojis],
        avatar_remote_url=_picture(icon),
        avatar_description=icon.description if icon else "",
        header_remote_url=_picture(image),
        header_description=image.description if image else "",
        locked=parsed.locked,
        bot=parsed.is_bot,
        group=parsed.is_group,
        discoverable=parsed.discoverable,
        indexable=bool(parsed.indexable),
        memorial=parsed.memorial,
        also_known_as=list(parsed.aliases),
        attribution_domains=list(parsed.attribution_domains),
        feature_automatic=permitted.automatic,
        feature_manual=permitted.manual,
        suspended=parsed.suspended,
        created_at=min(parsed.published or now, now),
    )


def _picture(found: Image | None) -> str | None:
    return found.url if found is not None and normalise.is_http(found.url) else None
