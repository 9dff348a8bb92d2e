"""Actors: profiles of people, bots, groups and servers, and the keys that speak for them."""

import re
from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Any

from msgspec import Struct

from federation import sanitize
from federation.errors import Gone, Rejected
from federation.vocab import attachment, audience, interaction, normalise, tag, types
from federation.vocab.context import wrap
from federation.vocab.interaction import Policy
from federation.vocab.normalise import JSON

MAX_NAME_CHARACTERS = 2_048
MAX_SUMMARY_CHARACTERS = 20_000
MAX_FIELDS = 50
MAX_FIELD_CHARACTERS = 2_047
MAX_ALIASES = 256
MAX_KEYS = 10

RFC9421 = "https://datatracker.ietf.org/doc/html/rfc9421"
# FEP-844e: what our software can do that cannot be told otherwise.
IMPLEMENTS: list[JSON] = [
    {"href": RFC9421, "name": "RFC-9421: HTTP Message Signatures"},
    {"href": f"{RFC9421}#name-eddsa-using-curve-edwards25", "name": "RFC-9421 signatures using the Ed25519 algorithm"},
]

_PROFILE = frozenset(
    {"name", "nameMap", "summary", "summaryMap", "icon", "image", "url", "movedTo", "manuallyApprovesFollowers"}
)
# What can stand in a handle: other characters would make one that reads as somebody else's.
_USERNAME = re.compile(r"[\w.~-]{1,2048}")


class Key(Struct, frozen=True):
    """A public key as published: `material` is PEM or Multikey text for `signatures.keys.load_public`.

    `owner` is who the document says the key belongs to; nothing may be believed of it before the owner's own document
    was seen to list the key.
    """

    id: str
    owner: str | None
    material: str


class Field(Struct, frozen=True):
    """A row of a profile. `name` is text, `value` clean HTML."""

    name: str
    value: str


class Actor(Struct, frozen=True, kw_only=True):
    """A profile as its own server describes it. `name` is text, `summary` clean HTML.

    None for a boolean means that the document does not say.
    """

    id: str
    type: str
    username: str
    webfinger: str | None
    inbox: str
    shared_inbox: str | None
    outbox: str | None
    followers: str | None
    following: str | None
    featured: str | None
    featured_tags: str | None
    featured_collections: str | None
    can_feature: Policy | None
    url: str
    name: str
    summary: str
    icon: attachment.Image | None
    image: attachment.Image | None
    fields: tuple[Field, ...]
    emojis: tuple[tag.Emoji, ...]
    hashtags: tuple[tag.Hashtag, ...]
    locked: bool
    discoverable: bool | None
    indexable: bool | None
    memorial: bool
    suspended: bool
    moved_to: str | None
    aliases: tuple[str, ...]
    attribution_domains: tuple[str, ...]
    show_media: bool
    show_media_replies: bool
    show_featured: bool
    published: datetime | None
    updated: datetime | None
    keys: tuple[Key, ...]
    raw: JSON

    @property
    def is_bot(self) -> bool:
        return self.type in {"Service", "Application", "Podcast"}

    @property
    def is_group(self) -> bool:
        return self.type == "Group"


class Outgoing(Struct, frozen=True, kw_only=True):
    """An actor of ours, to be published. `summary` and the field values are HTML; `multikey` is an Ed25519 Multikey;
    `featured_by` is who may put it into a collection."""

    id: str
    type: str
    username: str
    webfinger: str
    inbox: str
    shared_inbox: str | None
    outbox: str
    followers: str | None
    following: str | None
    featured: str | None = None
    featured_tags: str | None = None
    featured_collections: str | None = None
    featured_by: str | None = None
    url: str
    name: str
    summary: str = ""
    icon: attachment.Image | None = None
    image: attachment.Image | None = None
    fields: tuple[Field, ...] = ()
    emojis: tuple[tag.Emoji, ...] = ()
    hashtags: tuple[tag.Hashtag, ...] = ()
    locked: bool = False
    discoverable: bool = False
    indexable: bool = False
    memorial: bool = False
    show_media: bool = True
    show_media_replies: bool = True
    show_featured: bool = True
    suspended: bool = False
    moved_to: str | None = None
    aliases: tuple[str, ...] = ()
    attribution_domains: tuple[str, ...] = ()
    published: datetime
    key_id: str
    public_key_pem: str
    multikey_id: str | None = None
    multikey: str | None = None


def parse(document: JSON) -> Actor:
    """Raise Rejected for what cannot be an account: another type, no id, inbox or name; Gone for a Tombstone."""
    doc = normalise.properties(document)
    kind = normalise.kind(doc, types.ACTORS)
    if "Tombstone" in normalise.kinds(doc):
        raise Gone("the actor is a Tombstone")
    if kind not in types.ACTORS:
        raise Rejected(f"{kind or 'nothing'} is not a type of actor")
    actor_id, inbox = normalise.iri(doc.get("id")), normalise.iri(doc.get("inbox"))
    if actor_id is None or not normalise.is_http(actor_id):
        raise Rejected("the actor has no id")
    webfinger = _webfinger(doc.get("webfinger"))
    username = normalise.translated(doc, "preferredUsername", MAX_NAME_CHARACTERS + 1).strip()
    username = username or (webfinger or "").partition("@")[0]
    if not username and kind == "Application":
        username = (normalise.host(actor_id) or "").partition(":")[0]  # the actor of a whole server
    missing = [n for n, v in (("inbox", inbox and normalise.is_http(inbox)), ("preferredUsername", username)) if not v]
    if missing or inbox is None:
        raise Rejected("".join(f"no {name}, " for name in missing).removesuffix(", "))
    if not _USERNAME.fullmatch(username):
        raise Rejected("the preferredUsername is not a name")
    return _actor(doc, actor_id, inbox, username, webfinger)


def is_stub(document: JSON) -> bool:
    """Whether a document shows keys but none of the profile (4.2.31). Some leave out what is empty, so that a profile
    without name, text and picture has to be told from it by what else there is to say of somebody."""
    doc = normalise.properties(document)
    return not _PROFILE & doc.keys() and ("publicKey" in doc or "assertionMethod" in doc)


def keys(document: JSON) -> tuple[Key, ...]:
    """The keys a document carries: those of an actor, stubs included, or the document itself when it is a bare key."""
    doc = normalise.properties(document)
    own = _key(doc)
    if own is not None:
        return (own,)
    published = (*normalise.objects(doc.get("publicKey")), *normalise.objects(doc.get("assertionMethod")))
    owner = normalise.iri(doc.get("id"))
    found: dict[str, Key] = {}
    for item in published[:MAX_KEYS]:
        key = _key(item, default_owner=owner)
        if key is not None and key.owner == owner and normalise.same_host(key.id, owner):
            found.setdefault(key.id, key)
    return tuple(found.values())


def key_references(document: JSON) -> tuple[str, ...]:
    """Keys named by address alone, which have to be fetched."""
    doc = normalise.properties(document)
    published = (*normalise.many(doc.get("publicKey")), *normalise.many(doc.get("assertionMethod")))
    return normalise.iris([item for item in published if isinstance(item, str)])[:MAX_KEYS]


def takes_rfc9421(document: JSON) -> bool:
    """Whether the software behind an actor says that it verifies RFC 9421 (FEP-844e)."""
    doc = normalise.properties(document)
    software = normalise.properties(normalise.one(doc.get("generator")))
    listed = (*normalise.many(doc.get("implements")), *normalise.many(software.get("implements")))
    named = [item.get("href") if isinstance(item, dict) else item for item in listed[:MAX_ALIASES]]
    return any(isinstance(name, str) and name.partition("#")[0] == RFC9421 for name in named)


def render(out: Outgoing) -> JSON:
    """The document of one of our actors."""
    document: JSON = {"id": out.id, "type": out.type}
    for name, value in (
        ("following", out.following),
        ("followers", out.followers),
        ("inbox", out.inbox),
        ("outbox", out.outbox),
        ("featured", out.featured),
        ("featuredTags", out.featured_tags),
        ("featuredCollections", out.featured_collections),
    ):
        if value:
            document[name] = value
    document |= {
        "preferredUsername": out.username,
        "webfinger": out.webfinger,
        "name": out.name,
        "summary": out.summary,
        "url": out.url,
        "manuallyApprovesFollowers": out.locked,
        "discoverable": out.discoverable,
        "indexable": out.indexable,
        "published": normalise.stamp(out.published),
        "tag": tag.render(tag.Tags(hashtags=out.hashtags, emojis=out.emojis)),
        "attachment": [{"type": "PropertyValue", "name": f.name, "value": f.value} for f in out.fields],
    }
    if out.featured_by:
        document["interactionPolicy"] = interaction.render("canFeature", out.featured_by)
    if out.type == "Application":
        document["implements"] = IMPLEMENTS
    else:
        document["generator"] = {"type": "Application", "implements": IMPLEMENTS}
    if out.shared_inbox:
        document["endpoints"] = {"sharedInbox": out.shared_inbox}
    return wrap(document | _flags(out) | _published_keys(out) | _pictures(out))


def _actor(doc: JSON, actor_id: str, inbox: str, username: str, webfinger: str | None) -> Actor:
    endpoints = normalise.properties(normalise.one(doc.get("endpoints")))
    tags = tag.parse(doc.get("tag"))
    name = sanitize.plain_text(normalise.translated(doc, "name", MAX_NAME_CHARACTERS))
    return Actor(
        id=actor_id,
        type=normalise.kind(doc, types.ACTORS),
        username=username,
        webfinger=webfinger,
        inbox=inbox,
        shared_inbox=_shared_inbox(endpoints.get("sharedInbox") or doc.get("sharedInbox"), actor_id),
        outbox=_http(doc.get("outbox")),
        followers=_http(doc.get("followers")),
        following=_http(doc.get("following")),
        featured=_http(doc.get("featured")),
        featured_tags=_http(doc.get("featuredTags")),
        featured_collections=_http(doc.get("featuredCollections")),
        can_feature=interaction.policy(doc, "canFeature"),
        url=_page(doc.get("url"), actor_id),
        name=" ".join(name.split()) or username,
        summary=_summary(doc),
        icon=attachment.image(doc.get("icon")),
        image=attachment.image(doc.get("image")),
        fields=_fields(doc.get("attachment")),
        emojis=tags.emojis,
        hashtags=tags.hashtags,
        locked=bool(normalise.boolean(doc.get("manuallyApprovesFollowers"))),
        discoverable=normalise.boolean(doc.get("discoverable")),
        indexable=_indexable(doc),
        memorial=bool(normalise.boolean(doc.get("memorial"))),
        suspended=bool(normalise.boolean(doc.get("suspended"))),
        moved_to=_http(doc.get("movedTo")),
        aliases=normalise.iris(doc.get("alsoKnownAs"))[:MAX_ALIASES],
        attribution_domains=_domains(doc.get("attributionDomains")),
        show_media=normalise.boolean(doc.get("showMedia")) is not False,
        show_media_replies=normalise.boolean(doc.get("showRepliesInMedia")) is not False,
        show_featured=normalise.boolean(doc.get("showFeatured")) is not False,
        published=normalise.moment(doc.get("published")),
        updated=normalise.moment(doc.get("updated")),
        keys=keys(doc),
        raw=doc,
    )


def _indexable(doc: JSON) -> bool | None:
    """Who may search for its posts (fedibird, kmyblue) is more than whether everybody may."""
    if "searchableBy" in doc:
        return audience.PUBLIC in audience.addresses(doc.get("searchableBy"))
    return normalise.boolean(doc.get("indexable"))


def _key(item: JSON, default_owner: str | None = None) -> Key | None:
    key_id = normalise.iri(item.get("id"))
    pem = normalise.text(item.get("publicKeyPem"), 16_384)
    material = pem or normalise.text(item.get("publicKeyMultibase"), 2_048)
    if key_id is None or not material:
        return None
    return Key(key_id, normalise.iri(item.get("owner") or item.get("controller")) or default_owner, material)


def _http(value: Any) -> str | None:
    found = normalise.iri(value)
    return found if normalise.is_http(found) else None


def _webfinger(value: Any) -> str | None:
    found = normalise.text(value, 512).strip().removeprefix("acct:").removeprefix("@")
    return found if found.count("@") == 1 and not found.startswith("@") and not found.endswith("@") else None


def _shared_inbox(value: Any, actor_id: str) -> str | None:
    """Only on the actor's host, its parent or a subdomain of it: whoever owns it receives what is meant for others."""
    found = _http(value)
    return found if _related(found, actor_id) else None


def _page(value: Any, actor_id: str) -> str:
    """The address for people if it lies on the actor's host, its parent or a subdomain of it; else the id."""
    found = normalise.page_url(value)
    return found if found and _related(found, actor_id) else actor_id


def _related(first: str | None, second: str | None) -> bool:
    one, other = normalise.host(first), normalise.host(second)
    if one is None or other is None:
        return False
    return one == other or _is_parent(one, other) or _is_parent(other, one)


def _is_parent(parent: str, child: str) -> bool:
    return "." in parent and child.endswith(f".{parent}")


def _summary(doc: JSON) -> str:
    return sanitize.clean_html(normalise.translated(doc, "summary", MAX_SUMMARY_CHARACTERS))


def _fields(value: Any) -> tuple[Field, ...]:
    """PropertyValue rows, and the Link and Note rows of FEP-fb2a unless they say the same again, as those of NodeBB."""
    found = []
    rows = [(types.primary(item), _row_name(item), item) for item in normalise.objects(value)]
    values = {name for kind, name, _ in rows if kind == "PropertyValue"}
    for kind, name, item in rows:
        if kind != "PropertyValue" and name in values:
            continue
        if kind == "PropertyValue":
            content = normalise.text(item.get("value"), MAX_FIELD_CHARACTERS)
        elif kind == "Note":
            content = normalise.text(item.get("content"), MAX_FIELD_CHARACTERS)
        elif kind == "Link" and (href := _http(item.get("href"))):
            content = f'<a href="{escape(href)}">{escape(href)}</a>'
        else:
            continue
        if name or content:
            found.append(Field(name, sanitize.clean_html(content)))
    return tuple(found[:MAX_FIELDS])


def _row_name(item: JSON) -> str:
    return sanitize.plain_text(normalise.translated(item, "name", MAX_FIELD_CHARACTERS))


def _domains(value: Any) -> tuple[str, ...]:
    names: Sequence[str] = [normalise.text(item, 255).strip().lower() for item in normalise.many(value)]
    return tuple(dict.fromkeys(name for name in names if name))[:MAX_ALIASES]


def _flags(out: Outgoing) -> JSON:
    optional: JSON = {
        "memorial": out.memorial,
        "suspended": out.suspended,
        "movedTo": out.moved_to,
        "alsoKnownAs": list(out.aliases),
        "attributionDomains": list(out.attribution_domains),
    }
    # Said of people only; left out is shown.
    tabs = {
        "showMedia": out.show_media,
        "showRepliesInMedia": out.show_media_replies,
        "showFeatured": out.show_featured,
    }
    shown = tabs if out.featured_collections else {}
    return {name: value for name, value in optional.items() if value} | shown


def _published_keys(out: Outgoing) -> JSON:
    published: JSON = {"publicKey": {"id": out.key_id, "owner": out.id, "publicKeyPem": out.public_key_pem}}
    if out.multikey and out.multikey_id:
        published["assertionMethod"] = [
            {"id": out.multikey_id, "type": "Multikey", "controller": out.id, "publicKeyMultibase": out.multikey}
        ]
    return published


def _pictures(out: Outgoing) -> JSON:
    pictures: JSON = {}
    for name, picture in (("icon", out.icon), ("image", out.image)):
        if picture:
            described = {"mediaType": picture.media_type, "url": picture.url, "summary": picture.description}
            pictures[name] = {"type": "Image", **{key: value for key, value in described.items() if value}}
    return pictures
