"""Collections of people, FEP-7aa9: somebody recommends others, each of whom has agreed to it with a stamp."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from federation import sanitize
from federation.errors import Rejected
from federation.vocab import normalise, types
from federation.vocab.context import wrap
from federation.vocab.normalise import JSON

COLLECTION, ITEM = "FeaturedCollection", "FeaturedItem"
AUTHORIZATION, REQUEST = "FeatureAuthorization", "FeatureRequest"

MAX_ITEMS = 150
MAX_NAME_CHARACTERS = 256
MAX_SUMMARY_CHARACTERS = 2_048


class Item(Struct, frozen=True, kw_only=True):
    """Somebody who is in a collection: `object` is the actor, `authorization` their stamp."""

    id: str
    object: str
    authorization: str | None
    published: datetime | None = None


class Collection(Struct, frozen=True, kw_only=True):
    """`name` is text, `summary` clean HTML, `topic` a hashtag without its sign."""

    id: str
    owner: str
    url: str | None
    name: str
    summary: str
    language: str | None
    sensitive: bool
    discoverable: bool
    topic: str | None
    items: tuple[Item, ...]
    published: datetime | None
    updated: datetime | None


class Outgoing(Struct, frozen=True, kw_only=True):
    """One of ours, to be published. `summary` is text; `topic` the name and the page of a hashtag."""

    id: str
    owner: str
    url: str
    name: str
    summary: str
    language: str | None
    sensitive: bool
    discoverable: bool
    topic: tuple[str, str] | None
    published: datetime
    updated: datetime
    items: Sequence[JSON]


def parse(document: JSON) -> Collection:
    """Raise Rejected for what is no collection of anybody."""
    doc = normalise.properties(document)
    uri, owner = normalise.iri(doc.get("id")), normalise.iri(doc.get("attributedTo"))
    if types.primary(doc) != COLLECTION or uri is None or owner is None or not normalise.is_http(uri):
        raise Rejected("not a collection of anybody")
    words, language = _summary(doc)
    topic = normalise.properties(normalise.one(doc.get("topic")))
    url = normalise.page_url(doc.get("url"))
    found = [parse_item(each) for each in normalise.objects(doc.get("orderedItems") or doc.get("items"))[:MAX_ITEMS]]
    return Collection(
        id=uri,
        owner=owner,
        url=url if normalise.same_host(url, uri) else None,
        name=_line(normalise.text(doc.get("name"), MAX_NAME_CHARACTERS)),
        summary=sanitize.clean_html(words),
        language=language,
        sensitive=bool(normalise.boolean(doc.get("sensitive"))),
        discoverable=bool(normalise.boolean(doc.get("discoverable"))),
        topic=_line(normalise.text(topic.get("name"), MAX_NAME_CHARACTERS)).lstrip("#") or None,
        items=tuple(each for each in found if each is not None and normalise.same_host(each.id, uri)),
        published=normalise.moment(doc.get("published")),
        updated=normalise.moment(doc.get("updated")),
    )


def parse_item(document: JSON) -> Item | None:
    """None for what names nobody. Drafts of the FEP call the actor `object`."""
    doc = normalise.properties(document)
    uri = normalise.iri(doc.get("id"))
    actor = normalise.iri(doc.get("featuredObject")) or normalise.iri(doc.get("object"))
    if types.primary(doc) != ITEM or uri is None or actor is None or not normalise.is_http(actor):
        return None
    return Item(
        id=uri,
        object=actor,
        authorization=normalise.iri(doc.get("featureAuthorization")),
        published=normalise.moment(doc.get("published")),
    )


def render(out: Outgoing) -> JSON:
    document: JSON = {
        "id": out.id,
        "type": COLLECTION,
        "attributedTo": out.owner,
        "url": out.url,
        "name": out.name,
        "sensitive": out.sensitive,
        "discoverable": out.discoverable,
        "published": normalise.stamp(out.published),
        "updated": normalise.stamp(out.updated),
        "totalItems": len(out.items),
        "orderedItems": list(out.items),
    }
    # Readers look at one or the other.
    document |= {"summaryMap": {out.language: out.summary}} if out.language else {"summary": out.summary}
    if out.topic is not None:
        document["topic"] = {"type": "Hashtag", "name": f"#{out.topic[0]}", "href": out.topic[1]}
    return wrap(document)


def render_item(item: Item, kind: str) -> JSON:
    """`kind`: the type of the actor."""
    document: JSON = {
        "id": item.id,
        "type": ITEM,
        "featuredObject": item.object,
        "featuredObjectType": kind,
        "featureAuthorization": item.authorization,
    }
    if item.published is not None:
        document["published"] = normalise.stamp(item.published)
    return wrap({name: value for name, value in document.items() if value is not None})


def _summary(doc: JSON) -> tuple[str, str | None]:
    translations = normalise.one(doc.get("summaryMap"))
    if isinstance(translations, dict) and translations:
        language, words = next(iter(translations.items()))
        return normalise.text(words, MAX_SUMMARY_CHARACTERS), normalise.language(language)
    return normalise.text(doc.get("summary"), MAX_SUMMARY_CHARACTERS), None


def _line(text: str) -> str:
    return " ".join(sanitize.plain_text(text).split())
