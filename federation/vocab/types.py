"""The types we know, by what they are; the treatment of each follows from these sets alone."""

from typing import Any

from msgspec import Struct

from federation.vocab import normalise
from federation.vocab.normalise import JSON

ACTORS = frozenset({"Person", "Service", "Application", "Group", "Organization", "Podcast"})
# Shown as they are: the content is the post.
NATIVE = frozenset(
    {"Note", "Question", "ChatMessage", "Answer", "Review", "Comment", "Quotation", "Rating", "GeneratedNote"}
)
# Shown with title, text and link.
CONVERTED = frozenset(
    {"Article", "Page", "Video", "Audio", "Image", "Event", "Album", "Track", "PodcastEpisode", "Document"}
)
# Never a post, even with a name or content.
NOT_POSTS = frozenset(
    {
        "Story", "Story:Reaction", "Story:Reply",
        "Playlist", "CacheFile", "WatchAction", "Place", "Profile", "Relationship", "Library", "Hashtag",
        "Mention", "Emoji", "Link", "PropertyValue", "Key", "CryptographicKey", "Multikey", "QuoteAuthorization",
        "FeatureAuthorization", "LikeAuthorization", "ReplyAuthorization", "AnnounceAuthorization", "LikeApproval",
        "ReplyApproval", "AnnounceApproval", "FeaturedCollection", "FeaturedItem", "Edition", "Work", "Author",
    }
)  # fmt: skip
COLLECTIONS = frozenset({"Collection", "OrderedCollection", "CollectionPage", "OrderedCollectionPage"})
ACTIVITIES = frozenset(
    {
        "Create", "Update", "Delete", "Undo", "Follow", "Accept", "Reject", "Like", "EmojiReact", "Dislike",
        "Announce", "Add", "Remove", "Block", "Flag", "Move", "QuoteRequest", "LikeRequest", "ReplyRequest",
        "AnnounceRequest", "FeatureRequest", "View", "Download", "Read", "Listen", "Play", "ApproveReply",
        "RejectReply", "Join", "Leave", "Invite", "TentativeAccept", "TentativeReject", "Offer", "Lock", "Warn",
        "Ignore", "Arrive", "Travel", "Bite",
    }
)  # fmt: skip
KNOWN = ACTORS | NATIVE | CONVERTED | NOT_POSTS | COLLECTIONS | ACTIVITIES | {"Tombstone"}


def primary(value: Any) -> str:
    """The type of an object: of several the first that is known, else the first, else an empty string."""
    return normalise.kind(value, KNOWN)


class Ref(Struct, frozen=True):
    """Something pointed at: by its id alone, or with a copy embedded.

    The copy is a hint and nothing more, unless its origin was proven to be that of whoever sent it.
    """

    id: str | None
    type: str = ""
    doc: JSON | None = None


def refs(value: Any) -> tuple[Ref, ...]:
    """Every object or id among the values of a property. A Link counts as the id it points to."""
    found = []
    for item in normalise.many(value):
        if isinstance(item, dict) and item:
            kind = primary(item)
            if kind == "Link" or set(item) <= {"id", "@id"}:
                found.append(Ref(normalise.iri(item) or normalise.identifier(item)))
            else:
                doc = normalise.properties(item)
                found.append(Ref(normalise.identifier(doc.get("id")), kind, doc))
        elif opaque := normalise.identifier(item):
            found.append(Ref(opaque))
    return tuple(found)


def ref(value: Any) -> Ref | None:
    return next(iter(refs(value)), None)
