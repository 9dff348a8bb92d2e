"""What we would make of a document, judged from the document alone: for reports, logs and `scripts/payloads.py`.

Authority is not judged here: it depends on who signed and on what is stored.
"""

from collections.abc import Callable

from msgspec import Struct

from federation.errors import Gone, Rejected
from federation.vocab import activity, actor, attachment, audience, collection, normalise, note, reaction, tag, types
from federation.vocab.activity import Activity
from federation.vocab.normalise import JSON

# What has no id of its own is judged by its shape; only inside of a Create that has one can it be kept.
WITHOUT_ID = "about:blank"

_ACTIVITY_KINDS = {
    "Follow": "follow request",
    "Dislike": "ignored",
    "Block": "block",
    "Flag": "report",
    "Move": "move",
    "Add": "item added",
    "Remove": "item removed",
    "QuoteRequest": "quote request",
    "LikeRequest": "interaction request",
    "ReplyRequest": "interaction request",
    "AnnounceRequest": "interaction request",
    "FeatureRequest": "feature request",
}
_UNDO_KINDS = {
    "Follow": "unfollow",
    "Like": "unfavourite",
    "EmojiReact": "unfavourite",
    "Announce": "unboost",
    "Block": "unblock",
    "Accept": "follow revoked",
    "Create": "status deleted",
}
# What is answered; an id alone is most often that of a follow.
_ANSWERED = {"QuoteRequest": "quote", "FeatureRequest": "feature"} | dict.fromkeys(
    ("LikeRequest", "ReplyRequest", "AnnounceRequest", "Like", "Announce", "Create", "Note"), "interaction"
)
_STAMPS = ("Authorization", "Approval")
_OBJECT_KINDS = {
    "Emoji": "emoji",
    "QuoteAuthorization": "quote stamp",
    "FeaturedItem": "feature item",
    "FeaturedCollection": "feature collection",
    "Tombstone": "gone",
}


class Treatment(Struct, frozen=True):
    """`kind` is the class; `visibility` and `features` say more about a post or a profile."""

    kind: str
    visibility: str = ""
    features: frozenset[str] = frozenset()

    def __str__(self) -> str:
        shown = f"{self.kind} ({self.visibility})" if self.visibility else self.kind
        return ", ".join([shown, *sorted(self.features)])


def classify(document: JSON) -> Treatment:
    """Never raises for a decoded object; what we refuse is a Treatment too."""
    doc = normalise.properties(document)
    if not types.primary(doc):
        return _untyped(doc)
    try:
        return _typed(doc)
    except Gone:
        return Treatment("gone")
    except Rejected as exc:
        return Treatment("refused", str(exc))


def _typed(doc: JSON) -> Treatment:
    kind = types.primary(doc)
    if kind in types.ACTIVITIES:
        return _activity(activity.parse(doc))
    if kind in types.COLLECTIONS:
        return _collection(doc)
    if kind in types.ACTORS:
        return _profile(actor.parse(doc), "profile")
    if kind in _OBJECT_KINDS:
        usable = kind != "Emoji" or tag.parse_emoji(doc)
        return Treatment(_OBJECT_KINDS[kind] if usable else "ignored")
    if kind.endswith(_STAMPS):
        return Treatment("interaction stamp")
    if actor.keys(doc) and "inbox" not in doc:
        return Treatment("key")
    if kind == "Document" and normalise.iri(doc.get("id")) is None and attachment.parse_one(doc):
        return Treatment("media")
    return _post(doc, None)


def _untyped(doc: JSON) -> Treatment:
    rels = [normalise.text(link.get("rel"), 200) for link in normalise.objects(doc.get("links"))]
    if "links" in doc and ("subject" in doc or "self" in rels):
        return Treatment("webfinger")
    if "software" in doc or any("nodeinfo" in rel for rel in rels):
        return Treatment("nodeinfo")
    return Treatment("key") if actor.keys(doc) else Treatment("ignored")


def _activity(found: Activity) -> Treatment:
    if found.object_type == "Story":
        return Treatment("ignored")
    handler = _HANDLERS.get(found.type)
    if handler is not None:
        return handler(found)
    return Treatment(_ACTIVITY_KINDS.get(found.type, "ignored"))


def _create(found: Activity) -> Treatment:
    if len(found.objects) > 1:
        return Treatment("list")
    if found.object is None:
        return Treatment("ignored")
    if found.object.doc is None:
        return Treatment("fetch")
    if not note.is_post(found.object.doc) and found.object.type != "Tombstone":
        return Treatment("ignored")
    return _post(found.object.doc, found)


def _update(found: Activity) -> Treatment:
    if found.object is None:
        return Treatment("ignored")
    doc, kind = found.object.doc, found.object.type
    if doc is None:
        return Treatment("fetch")
    if kind in types.ACTORS:
        return _profile(actor.parse(doc), "profile update")
    if kind == "FeaturedCollection":
        return Treatment("feature collection update")
    if kind == "Question":
        refresh = not (doc.get("attributedTo") or doc.get("updated"))
        return Treatment("poll refresh" if refresh else "poll edit")
    parsed = note.parse(doc)
    return Treatment("converted edit" if parsed.converted else "edit")


def _delete(found: Activity) -> Treatment:
    if found.object_id is None:
        return Treatment("ignored")
    if found.object_id == found.actor or found.object_type in types.ACTORS:
        return Treatment("account deleted")
    return Treatment("authorization revoked" if found.object_type.endswith(_STAMPS) else "status deleted")


def _undo(found: Activity) -> Treatment:
    if not found.objects:
        return Treatment("ignored")
    return Treatment(_UNDO_KINDS.get(found.object_type, "ignored") if found.object_type else "undo by id")


def _answer(found: Activity) -> Treatment:
    if found.object_type in types.CONVERTED or found.object_type in {"Join", "Invite", "Offer"}:
        return Treatment("ignored")
    word = "accepted" if found.type == "Accept" else "rejected"
    return Treatment(f"{_ANSWERED.get(found.object_type, 'follow')} {word}")


def _announce(found: Activity) -> Treatment:
    if found.object is None:
        return Treatment("ignored")
    if found.object_type in types.ACTIVITIES:
        return Treatment("group redistribution", found.object_type)
    return Treatment("boost of embedded" if found.object.doc else "boost")


def _reaction(found: Activity) -> Treatment:
    if reaction.parse(found) is not None:
        return Treatment("reaction")
    return Treatment("favourite" if found.type == "Like" else "ignored")


_HANDLERS: dict[str, Callable[[Activity], Treatment]] = {
    "Create": _create,
    "Update": _update,
    "Delete": _delete,
    "Undo": _undo,
    "Accept": _answer,
    "Reject": _answer,
    "Announce": _announce,
    "Like": _reaction,
    "EmojiReact": _reaction,
}


def _post(doc: JSON, envelope: Activity | None) -> Treatment:
    parsed = note.parse(doc, fallback=WITHOUT_ID)
    if parsed.is_vote:
        return Treatment("vote")
    if parsed.type == "ChatMessage":
        return Treatment("chat message")
    if envelope is None:
        made, author = audience.Audience(parsed.to, parsed.cc), parsed.author
    else:
        made, author = note.recipients(envelope, parsed), parsed.author or envelope.actor
    level = audience.visibility(made.to, made.cc, None, author=author) if made.to or made.cc else "unaddressed"
    return Treatment("converted" if parsed.converted else "status", level, _features(parsed))


def _features(parsed: note.Note) -> frozenset[str]:
    present = {
        "reply": parsed.in_reply_to,
        "media": parsed.attachments,
        "preview link": parsed.links,
        "mentions": parsed.mentions,
        "hashtags": parsed.hashtags,
        "custom emoji": parsed.emojis,
        "content warning": parsed.summary,
        "sensitive": parsed.sensitive and not parsed.summary,
        "poll": parsed.poll,
        "quote": parsed.quote,
        "source": parsed.source,
        "without id": parsed.id == WITHOUT_ID,
    }
    return frozenset(name for name, value in present.items() if value)


def _profile(parsed: actor.Actor, kind: str) -> Treatment:
    present = {
        "bot": parsed.is_bot,
        "group": parsed.is_group,
        "locked": parsed.locked,
        "aliases": parsed.aliases,
        "fields": parsed.fields,
        "without key": not parsed.keys,
    }
    return Treatment(kind, parsed.type, frozenset(name for name, value in present.items() if value))


def _collection(doc: JSON) -> Treatment:
    parsed = collection.parse(doc)
    if parsed.is_page:
        return Treatment("collection page")
    return Treatment("collection with items" if parsed.items else "collection index")
