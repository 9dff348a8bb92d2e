"""Activities: the envelope of what arrives, and every activity we send."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from federation.errors import Rejected
from federation.vocab import normalise, types
from federation.vocab.audience import PUBLIC, addresses
from federation.vocab.context import bare, wrap
from federation.vocab.normalise import JSON
from federation.vocab.types import Ref

MAX_CONTENT_CHARACTERS = 5_000
# A report may name many posts. Each object of anything else is work.
MAX_OBJECTS = 500
# Schemes of names that are no addresses.
_OPAQUE = ("urn:", "tag:", "ap:", "did:", "at:")


class Activity(Struct, frozen=True, kw_only=True):
    """An activity as it arrived. Nothing in it is proven but what the signature proves.

    `type` is the plain name (an unknown one is kept). `actor` is None when the document names none. `object` is the
    first of `objects`; an object given by id alone has no `doc`. `id` is None for one-shot types of some servers.
    """

    id: str | None
    type: str
    actor: str | None
    objects: tuple[Ref, ...]
    target: Ref | None
    origin: Ref | None
    instrument: Ref | None
    result: str | None
    to: tuple[str, ...]
    cc: tuple[str, ...]
    audience: tuple[str, ...]
    published: datetime | None
    content: str
    raw: JSON

    @property
    def object(self) -> Ref | None:
        return self.objects[0] if self.objects else None

    @property
    def object_id(self) -> str | None:
        return self.objects[0].id if self.objects else None

    @property
    def object_type(self) -> str:
        """The type of an embedded object, or an empty string."""
        return self.objects[0].type if self.objects else ""


def parse(document: JSON) -> Activity:
    """Raise Rejected only when there is no type at all; an unknown type is for the dispatcher to ignore."""
    doc = normalise.properties(document)
    kind = types.primary(doc)
    if not kind:
        raise Rejected("the activity has no type")
    return Activity(
        id=normalise.identifier(doc.get("id")),
        type=kind,
        actor=normalise.iri(doc.get("actor")) or normalise.iri(doc.get("attributedTo")),
        objects=types.refs(doc.get("object"))[:MAX_OBJECTS],
        target=types.ref(doc.get("target")),
        origin=types.ref(doc.get("origin")),
        instrument=types.ref(doc.get("instrument")),
        result=normalise.iri(doc.get("result")),
        to=addresses(doc.get("to")),
        cc=addresses(doc.get("cc")),
        audience=addresses(doc.get("audience")),
        published=normalise.moment(doc.get("published")),
        content=reaction(doc) or normalise.text(doc.get("summary"), MAX_CONTENT_CHARACTERS),
        raw=doc,
    )


def arrived(document: JSON) -> Activity:
    """Like `parse`, for what another server sent: an id on another host than its actor's is left out. It is the name of
    somebody else's activity, or will be, and whoever knows an id first must not use it up. One that has no host, as
    Fedify makes them, is its actor's own."""
    found = parse(document)
    if found.type == "Undo":
        objects = tuple(Ref(_own(ref.id, found.actor) or ref.id, ref.type, ref.doc) for ref in found.objects)
        found = replace(found, objects=objects)
    if found.id is None or normalise.same_host(found.id, found.actor):
        return found
    return replace(found, id=_own(found.id, found.actor))


def spelt(uri: str, actor: str) -> str:
    """An id as its actor spells it."""
    opaque = uri.removeprefix(f"{actor}#")
    return opaque if opaque.startswith(_OPAQUE) else uri


def _own(uri: str | None, actor: str | None) -> str | None:
    """The id of something that only its actor may speak of; None for an id that has a host."""
    if uri is None or actor is None or not uri.startswith(_OPAQUE):
        return None
    return f"{actor}#{uri}" if len(actor) + len(uri) < normalise.MAX_URI_CHARACTERS else None


def reaction(doc: JSON) -> str:
    """The emoji of a reaction, the text of a report."""
    found = normalise.translated(doc, "content", MAX_CONTENT_CHARACTERS)
    return (found or normalise.text(doc.get("_misskey_reaction"), MAX_CONTENT_CHARACTERS)).strip()


def create(obj: JSON) -> JSON:
    """The Create of a rendered post: addressed like it, its id is the post's plus /activity."""
    return wrap(
        {
            "id": f"{obj['id']}/activity",
            "type": "Create",
            "actor": obj["attributedTo"],
            "published": obj["published"],
            **_addressed(obj["to"], obj["cc"]),
            **_audience(obj),
            "object": bare(obj),
        }
    )


def update(obj: JSON, *, at: datetime, to: Sequence[str] = (PUBLIC,), cc: Sequence[str] = ()) -> JSON:
    """The Update of a rendered post, addressed like it, or of an actor, addressed as told."""
    return wrap(
        {
            "id": f"{obj['id']}#updates/{at.timestamp() * 1000:.0f}",
            "type": "Update",
            "actor": obj.get("attributedTo", obj["id"]),
            "published": normalise.stamp(at),
            **_addressed(obj.get("to", to), obj.get("cc", cc)),
            **_audience(obj),
            "object": bare(obj),
        }
    )


def delete(actor: str, uri: str, *, to: Sequence[str] = (PUBLIC,), cc: Sequence[str] = ()) -> JSON:
    """The Delete of a post, as a Tombstone, or of the actor itself, by id."""
    obj: str | JSON = uri if uri == actor else {"id": uri, "type": "Tombstone"}
    return wrap({"id": f"{uri}#delete", "type": "Delete", "actor": actor, **_addressed(to, cc), "object": obj})


class Boost(Struct, frozen=True, kw_only=True):
    """An Announce to send; `object` is the id of the boosted post."""

    id: str
    actor: str
    object: str
    to: Sequence[str]
    cc: Sequence[str]
    published: datetime
    approved_by: str | None = None


def announce(boost: Boost) -> JSON:
    return wrap(
        {
            "id": boost.id,
            "type": "Announce",
            "actor": boost.actor,
            "published": normalise.stamp(boost.published),
            **_addressed(boost.to, boost.cc),
            "object": boost.object,
            **proof("announce", boost.approved_by),
        }
    )


def like(uri: str, actor: str, post: str, *, author: str) -> JSON:
    return wrap({"id": uri, "type": "Like", "actor": actor, "object": post, **_addressed([author])})


def agreed(like: JSON, stamp: str | None) -> JSON:
    """The Like with the proof that the author agrees to it."""
    return wrap({**bare(like), **proof("like", stamp)})


def proof(action: str, stamp: str | None) -> JSON:
    """What names the consent to a Like, an answer (`reply`) or an Announce, for the versions of GoToSocial before and
    since 0.20."""
    return {} if stamp is None else {"approvedBy": stamp, f"{action}Authorization": stamp}


def follow(uri: str, actor: str, target: str) -> JSON:
    return wrap({"id": uri, "type": "Follow", "actor": actor, "object": target, **_addressed([target])})


def accept(uri: str, actor: str, request: JSON) -> JSON:
    """The answer to a Follow, which is embedded with the id, actor and object it came with."""
    return _answer("Accept", uri, actor, request)


def reject(uri: str, actor: str, request: JSON) -> JSON:
    return _answer("Reject", uri, actor, request)


def undo(uri: str, actor: str, done: JSON) -> JSON:
    """Take back an activity of ours, embedded and addressed as it was sent."""
    inner = _core(done)
    return wrap(
        {
            "id": uri,
            "type": "Undo",
            "actor": actor,
            **_addressed(done.get("to", ()), done.get("cc", ())),
            "object": inner,
        }
    )


def block(uri: str, actor: str, target: str) -> JSON:
    return wrap({"id": uri, "type": "Block", "actor": actor, "object": target, **_addressed([target])})


def flag(uri: str, actor: str, objects: Sequence[str], *, content: str) -> JSON:
    """A report: the account, then what it made. Sent by the instance actor, so that the reporter stays unknown."""
    return wrap(
        {
            "id": uri,
            "type": "Flag",
            "actor": actor,
            "content": content[:MAX_CONTENT_CHARACTERS],
            **_addressed(objects[:1]),
            "object": list(objects),
        }
    )


def add(uri: str, actor: str, obj: str | JSON, *, target: str) -> JSON:
    """`obj`: an id, or a rendered object."""
    inner = obj if isinstance(obj, str) else bare(obj)
    return wrap({"id": uri, "type": "Add", "actor": actor, **_addressed([PUBLIC]), "object": inner, "target": target})


def remove(uri: str, actor: str, obj: str | JSON, *, target: str) -> JSON:
    """`obj`: an id, or a rendered object that has none."""
    inner = obj if isinstance(obj, str) else bare(obj)
    return wrap(
        {"id": uri, "type": "Remove", "actor": actor, **_addressed([PUBLIC]), "object": inner, "target": target}
    )


def move(uri: str, actor: str, target: str, *, followers: str) -> JSON:
    """Public, so that it bears a proof for those to whom relays pass it on."""
    addressed = _addressed([followers], [PUBLIC])
    return wrap({"id": uri, "type": "Move", "actor": actor, **addressed, "object": actor, "target": target})


def _answer(kind: str, uri: str, actor: str, request: JSON) -> JSON:
    asked = normalise.iri(request.get("actor"))
    addressed = _addressed([asked] if asked else [])
    return wrap({"id": uri, "type": kind, "actor": actor, **addressed, "object": _core(request)})


def _audience(obj: JSON) -> JSON:
    return {"audience": obj["audience"]} if "audience" in obj else {}


def _core(document: JSON) -> JSON:
    """An activity for embedding: id, type, actor and object, all strings."""
    activity = parse(document)
    core: dict[str, Any] = {
        "id": activity.id,
        "type": activity.type,
        "actor": activity.actor,
        "object": activity.object_id,
    }
    return {name: value for name, value in core.items() if value is not None}


def _addressed(to: Sequence[str], cc: Sequence[str] = ()) -> JSON:
    return {"to": list(to), "cc": list(cc)}
