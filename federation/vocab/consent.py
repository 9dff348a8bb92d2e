"""Consent by stamp, for quotes (FEP-044f) and collections (FEP-7aa9): somebody asks, the asked answers with a stamp
that everybody can look up, and deletes it to take the consent back.
"""

from msgspec import Struct

from federation.vocab import normalise, types
from federation.vocab.audience import PUBLIC
from federation.vocab.context import bare, wrap
from federation.vocab.normalise import JSON


class Stamp(Struct, frozen=True, kw_only=True):
    """`author` agrees that `interacting` does with `target` what the type says. All but the type are ids."""

    id: str
    type: str
    author: str
    interacting: str
    target: str


class Request(Struct, frozen=True, kw_only=True):
    """The question of `actor`, whose `instrument` is to do something with `object`. All but the type are ids."""

    id: str
    type: str
    actor: str
    object: str
    instrument: str


def parse(document: JSON) -> Stamp | None:
    """None for what is no complete stamp. One about an actor need not say whose it is."""
    doc = normalise.properties(document)
    names = ("id", "interactingObject", "interactionTarget")
    uri, interacting, target = (normalise.iri(doc.get(name)) for name in names)
    if uri is None or interacting is None or target is None:
        return None
    author = normalise.iri(doc.get("attributedTo")) or target
    return Stamp(id=uri, type=types.primary(doc), author=author, interacting=interacting, target=target)


def render(stamp: Stamp) -> JSON:
    return wrap(
        {
            "id": stamp.id,
            "type": stamp.type,
            "attributedTo": stamp.author,
            "interactingObject": stamp.interacting,
            "interactionTarget": stamp.target,
        }
    )


def revoke(stamp: Stamp, *, to: str = PUBLIC) -> JSON:
    """The Delete of a stamp."""
    return wrap(
        {
            "id": f"{stamp.id}#delete",
            "type": "Delete",
            "actor": stamp.author,
            "to": [to],
            "cc": [],
            "object": bare(render(stamp)),
        }
    )


def request(asked: Request, *, to: str, instrument: JSON | None = None) -> JSON:
    """`instrument`: the whole of it, so that whoever agrees sees to what."""
    document = {**_core(asked), "to": [to], "cc": []}
    if instrument is not None:
        document["instrument"] = bare(instrument)
    return wrap(document)


def accept(uri: str, actor: str, asked: Request, stamp: str) -> JSON:
    return wrap({**_answer("Accept", uri, actor, asked), "result": stamp})


def reject(uri: str, actor: str, asked: Request) -> JSON:
    return wrap(_answer("Reject", uri, actor, asked))


def _answer(kind: str, uri: str, actor: str, asked: Request) -> JSON:
    return {"id": uri, "type": kind, "actor": actor, "to": [asked.actor], "cc": [], "object": _core(asked)}


def _core(asked: Request) -> JSON:
    return {
        "id": asked.id,
        "type": asked.type,
        "actor": asked.actor,
        "object": asked.object,
        "instrument": asked.instrument,
    }
