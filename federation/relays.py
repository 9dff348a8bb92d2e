"""Relays of both kinds (FEP-ae0c): subscribing, what they are sent, and who they are when they write to us."""

from starlette.requests import Request
from starlette.responses import Response

from federation import actors, outgoing, uris
from federation.context import INSTANCE_ACTOR_ID, Fed, Site
from federation.errors import Rejected
from federation.http.addresses import parse_url
from federation.http.errors import BadUrl
from federation.serving import JSON, Hidden, document, missing, visitor
from federation.vocab import activity, normalise
from federation.vocab.audience import PUBLIC
from storage import accounts, ids, relays, statuses
from storage.accounts import Account
from storage.db import Conn
from storage.relays import Relay
from storage.statuses import Status
from storage.visibility import PUBLIC as PUBLIC_LEVEL


async def subscribe(fed: Fed, address: str) -> None:
    """Ask a relay for what it passes on. An inbox belongs to one that is asked for everything public; anything else is
    the actor of one that is followed. Raises Rejected, Gone or Retry, and Conflict."""
    try:
        address = parse_url(address).full
    except BadUrl as exc:
        raise Rejected(f"{address} is not an address: {exc}") from exc
    by_inbox = address.rstrip("/").endswith("/inbox")
    actor = None if by_inbox else await actors.actor(fed, address, refresh=True)
    if actor is not None and actor.is_local:
        raise Rejected(f"{address} is ours")
    async with fed.db.transaction() as conn:
        uri = uris.relay_follow(fed.site.base_url, await accounts.new_id(conn))
        inbox = actor.inbox if actor is not None else address
        await relays.add(conn, inbox=inbox, actor_uri=actor.uri if actor else None, follow_uri=uri)
        await _send(conn, fed.site, _follow(fed.site, uri, actor.uri if actor else PUBLIC), inbox)


async def unsubscribe(conn: Conn, site: Site, relay: Relay) -> None:
    followed = relay.actor_uri if relay.follows_actor and relay.actor_uri else PUBLIC
    asked = _follow(site, relay.follow_uri, followed)
    undo = activity.undo(uris.undo(relay.follow_uri), uris.instance_actor(site.base_url), asked)
    await _send(conn, site, undo, relay.inbox)
    await relays.remove(conn, relay.id)


def _follow(site: Site, uri: str, target: str) -> JSON:
    return activity.follow(uri, uris.instance_actor(site.base_url), target)


async def _send(conn: Conn, site: Site, body: JSON, *inboxes: str) -> None:
    await outgoing.send(conn, site, body, sender_id=INSTANCE_ACTOR_ID, inboxes=inboxes, object_uri=None)


async def answered(conn: Conn, sender: Account, answer: activity.Activity, state: str) -> bool:
    """Take the answer of a relay; whether it was one. Only its own host may speak for it."""
    for ref in answer.objects:
        relay = await relays.asked(conn, ref.id) if ref.id is not None else None
        if relay is None:
            continue
        if not normalise.same_host(relay.inbox, sender.uri) or relay.actor_uri not in (None, sender.uri):
            raise Rejected("another relay was asked")
        await relays.answer(conn, relay.id, state, actor_uri=sender.uri)
        return True
    return False


async def is_known(conn: Conn, actor: Account) -> bool:
    """Whether an actor may follow the server itself: a relay that is followed follows back, perhaps before it has
    answered."""
    relay = await relays.find(conn, actor.uri)
    return relay is not None and relay.state != "rejected"


# ---------------------------------------------------------------- what they are sent


async def announce(conn: Conn, site: Site, status: Status) -> None:
    """To relays that are followed the server announces each public post."""
    if status.visibility != PUBLIC_LEVEL or status.reblog_of_id is not None:
        return
    inboxes = await relays.inboxes(conn, follows_actor=True)
    if inboxes:
        await _send(conn, site, _announce(site, status), *inboxes)


async def retract(conn: Conn, site: Site, status_id: int, uri: str) -> None:
    """What was announced is gone."""
    inboxes = await relays.inboxes(conn, follows_actor=True)
    if inboxes:
        announced = uris.relay_announce(site.base_url, status_id)
        done = {"id": announced, "type": "Announce", "actor": uris.instance_actor(site.base_url), "object": uri}
        undo = activity.undo(uris.undo(announced), done["actor"], {**done, "to": [PUBLIC]})
        await _send(conn, site, undo, *inboxes)


def _announce(site: Site, status: Status) -> JSON:
    actor = uris.instance_actor(site.base_url)
    return activity.announce(
        activity.Boost(
            id=uris.relay_announce(site.base_url, status.id),
            actor=actor,
            object=status.uri,
            to=[PUBLIC],
            cc=[],
            published=status.created_at,
        )
    )


async def announcement(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    """What the Announce of a public post for relays answers."""
    status_id = ids.parse(path["id"])
    try:
        await visitor(fed, request)
    except Hidden:
        return missing()
    async with fed.db.read() as conn:
        found = await statuses.visible_rows(conn, None, [status_id]) if status_id is not None else []
    status = found[0] if found else None
    if status is None or not status.is_local or status.visibility != PUBLIC_LEVEL or status.reblog_of_id is not None:
        return missing()
    return document(_announce(fed.site, status))
